"""Administration by users, on the pages and over HTTP: projects with their members, and their own profile.

Each verb checks that its actor may do it, then does what the operator's verb does, and the change log tells who it was.
"""

from promptuary.model.access import Actor, Permission, Role, require_scope
from promptuary.model.accounts import Author, Invitation, Member, Membership, Profile, Project, User
from promptuary.model.changes import Attribution
from promptuary.model.errors import BeyondOwnKey, InvalidValue, MemberNotFound, NoSuchMember, RoleTooLow, SignInRefused
from promptuary.registry import sign_in_links
from promptuary.registry.access import Caller, account_of
from promptuary.registry.operator import members, projects, users
from promptuary.store import members as stored_members
from promptuary.store import projects as stored_projects
from promptuary.store import sign_in_links as stored_links
from promptuary.store import users as stored_users
from promptuary.store.engine.database import Transaction


def create_own_project(tx: Transaction, caller: Caller, *, name: str, request_id: str | None = None) -> Membership:
    """Create a project and make its founder an admin of it. For those who are admin of any.

    Raises `MissingScope`, `BeyondOwnKey` for a key that is limited to other projects, `RoleTooLow`, `InvalidValue`.
    """
    require_scope(caller.scopes, Permission.CREATE_PROJECTS)
    if caller.project_ids is not None:
        raise BeyondOwnKey("project", "a new one")
    user = account_of(tx, caller)
    if not may_create_projects(tx, user):
        raise RoleTooLow(Role.ADMIN)
    by = Attribution(caller.user_id, caller.key_id, request_id)
    project = projects.create_project(tx, name=name, by=by)
    members.set_member(tx, project_id=project.id, email=user.email, role=Role.ADMIN, by=by)
    return Membership(project, Role.ADMIN)


def read_own_account(tx: Transaction, caller: Caller) -> Author:
    """Return what others see of the caller's account. Raises `MissingScope`."""
    require_scope(caller.scopes, Permission.SEE)
    author = stored_users.find_author(tx, caller.user_id)
    if author is None:
        raise SignInRefused
    return author


def list_projects_within_reach(tx: Transaction, caller: Caller) -> list[Membership]:
    """List the projects that a caller may enter, with the user's roles, by the project's name. Raises `MissingScope`."""
    require_scope(caller.scopes, Permission.SEE)
    mine = members.list_memberships(tx, account_of(tx, caller))
    return [each for each in mine if caller.project_ids is None or each.project.id in caller.project_ids]


def may_create_projects(tx: Transaction, user: User) -> bool:
    """Return `True` if a user is admin of any project."""
    return bool(stored_members.list_administered_projects(tx, user.id))


def list_own_projects(tx: Transaction, user: User) -> list[Membership]:
    """List the projects of a user with their roles, by the project's name."""
    return members.list_memberships(tx, user)


def change_own_profile(tx: Transaction, user: User, *, profile: Profile, request_id: str) -> User:
    """Give the user another name or address. Raises `InvalidValue`, `EmailTaken`."""
    return users.change_user(tx, user, profile=profile, by=Attribution(user.id, request_id=request_id))


def read_project(tx: Transaction, actor: Actor) -> Project:
    """Return the project that the actor is in. Raises `PermissionDenied`."""
    actor.require(Permission.SEE)
    return projects.get_project(tx, actor.project_id)


def rename_project(tx: Transaction, actor: Actor, *, name: str, expected_name: str | None = None) -> Project:
    """Give the actor's project another name. Raises `PermissionDenied`, and `InvalidValue`, also for another name than expected."""
    actor.require(Permission.MANAGE_PROJECT)
    return projects.rename_project(tx, actor.project_id, name=name, by=Attribution.to(actor), expected_name=expected_name)


def rotate_token(tx: Transaction, actor: Actor, *, expected_token: str | None = None) -> Project:
    """Replace the token of the actor's project. Raises `PermissionDenied`, and `InvalidValue` if it is not the one expected."""
    actor.require(Permission.MANAGE_PROJECT)
    return projects.rotate_token(tx, actor.project_id, by=Attribution.to(actor), expected_token=expected_token)


def list_members(tx: Transaction, actor: Actor) -> list[Member]:
    """List the members of the actor's project, to all of them. Raises `PermissionDenied`."""
    actor.require(Permission.LIST_MEMBERS)
    return members.list_members(tx, actor.project_id, limit=members.MAX_MEMBERS)


def set_member(tx: Transaction, actor: Actor, *, email: str, role: Role, is_address_confirmed: bool = False) -> Member:
    """Give a user a role in the actor's project.

    ``is_address_confirmed`` is the actor's confirmation that an account with an unverified address is the one
    that is meant. Raises `PermissionDenied`, `UserNotFound`, `LastAdmin`, `AddressNotVerified`, `TooManyMembers`.
    """
    actor.require(Permission.MANAGE_MEMBERS)
    return members.set_member(
        tx, project_id=actor.project_id, email=email, role=role, by=Attribution.to(actor), is_address_trusted=is_address_confirmed
    )


def add_member(tx: Transaction, actor: Actor, *, email: str, role: Role, is_address_confirmed: bool = False) -> Member:
    """Make a user a member of the actor's project. Raises what `set_member` raises, and `InvalidValue` for one who is a member."""
    actor.require(Permission.MANAGE_MEMBERS)
    stored_projects.lock_project(tx, actor.project_id)
    user = users.get_user(tx, email)
    present = stored_members.find_member(tx, project_id=actor.project_id, user_id=user.id)
    if present is not None:
        detail = f"'{user.email}' is a member already, as {present.role}. Nothing was changed."
        raise InvalidValue("changed", f"{detail} Change the role in the list of members.", field="email")
    return set_member(tx, actor, email=email, role=role, is_address_confirmed=is_address_confirmed)


def invite_member(tx: Transaction, actor: Actor, *, email: str, role: Role) -> Invitation:
    """Create an account for a user who has none, make them a member of the actor's project, and return their one-time link.

    Raises `PermissionDenied`, `InvalidValue`, `EmailTaken`, `TooManyMembers`.
    """
    actor.require(Permission.MANAGE_MEMBERS)
    user = users.create_user(tx, email=email, invited_to_id=actor.project_id, by=Attribution.to(actor))
    member = members.set_member(tx, project_id=actor.project_id, email=user.email, role=role, by=Attribution.to(actor))
    return Invitation(member, sign_in_links.create_invitation(tx, actor, user))


def renew_invitation(tx: Transaction, actor: Actor, *, email: str) -> Invitation:
    """Return a new one-time link for an invited member; those before end.

    Only for an account that is nothing but this project's invitation, see `links.is_invited_only`: a link opens all that its user
    may do, not only what the actor manages. Raises `PermissionDenied`, `UserNotFound`, `MemberNotFound`, `InvalidValue`.
    """
    actor.require(Permission.MANAGE_MEMBERS)
    # Locked: a password or role set meanwhile would end existing links, but not one that is created afterwards.
    stored_users.lock_user(tx, users.get_user(tx, email).id)
    user = users.get_user(tx, email)
    member = stored_members.find_member(tx, project_id=actor.project_id, user_id=user.id)
    if member is None:
        raise MemberNotFound(user.email, actor.project_id)
    if not sign_in_links.is_invited_only(tx, user, actor.project_id):
        raise InvalidValue("invalid_choice", _no_new_link(user), field="email")
    stored_links.delete_invitations(tx, user.id)
    return Invitation(member, sign_in_links.create_invitation(tx, actor, user))


def remove_member(tx: Transaction, actor: Actor, *, user_id: int, expected_role: Role | None = None) -> Member:
    """Take a member out of the actor's project; return what they were.

    Raises `PermissionDenied`, `NoSuchMember`, `LastAdmin`, and `InvalidValue` for another role than expected.
    """
    actor.require(Permission.MANAGE_MEMBERS)
    stored_projects.lock_project(tx, actor.project_id)
    member = get_member(tx, actor, user_id=user_id)
    if expected_role not in {None, member.role}:
        raise _role_changed(member, "Remove the member again if that is still needed.")
    members.remove_member(tx, project_id=actor.project_id, email=member.email, by=Attribution.to(actor))
    return member


def change_role(
    tx: Transaction,
    actor: Actor,
    *,
    user_id: int,
    role: Role,
    expected_role: Role | None = None,
    is_address_confirmed: bool = False,
) -> Member:
    """Give a member of the actor's project another role.

    Raises `PermissionDenied`, `NoSuchMember`, `LastAdmin`, `AddressNotVerified`, and `InvalidValue` if the member has neither the
    expected role nor the new one.
    """
    actor.require(Permission.MANAGE_MEMBERS)
    stored_projects.lock_project(tx, actor.project_id)
    member = get_member(tx, actor, user_id=user_id)
    if expected_role not in {None, member.role} and member.role is not role:
        raise _role_changed(member, "Change it again to replace that role.")
    return set_member(tx, actor, email=member.email, role=role, is_address_confirmed=is_address_confirmed)


def get_member(tx: Transaction, actor: Actor, *, user_id: int) -> Member:
    """Return the member of the actor's project that has an account's ID. Raises `PermissionDenied`, `NoSuchMember`."""
    actor.require(Permission.LIST_MEMBERS)
    member = stored_members.find_member(tx, project_id=actor.project_id, user_id=user_id)
    if member is None:
        raise NoSuchMember(user_id)
    return member


def _role_changed(member: Member, advice: str) -> InvalidValue:
    detail = f"The role of '{member.email}' was changed to {member.role} in the meantime. Nothing was changed. {advice}"
    return InvalidValue("changed", detail, field="email")


def _no_new_link(user: User) -> str:
    reason = "has used the account already" if user.has_password else "has an account that is not only this project's invitation"
    return f"'{user.email}' {reason}. An administrator of this server can create a new link."
