"""The operator's verbs of members. They check no permission: only the command line calls them, no HTTP edge."""

from promptuary.model.access import Role
from promptuary.model.accounts import Member, Membership, User
from promptuary.model.changes import OPERATOR, Attribution
from promptuary.model.changes.payloads import MemberFacts, MemberRemoved, MemberSet
from promptuary.model.errors import AddressNotVerified, LastAdmin, MemberNotFound, TooManyMembers, UserNotFound
from promptuary.registry.changes import record_administration
from promptuary.registry.operator.projects import get_project
from promptuary.store import members, projects, sign_in_links, users
from promptuary.store.engine.database import Transaction

MAX_MEMBERS = 1000
"""Of a project: lists and pages show all of them."""

MAX_MEMBERSHIPS = 1000


def set_member(
    tx: Transaction, *, project_id: int, email: str, role: Role, by: Attribution = OPERATOR, is_address_trusted: bool = True
) -> Member:
    """Give a user a role in a project, in place of the one they had. Invitations of other projects to this user end.

    A user's first project becomes their current one. Unless the address is trusted to be the user's, an account that others made,
    or that chose the address itself, gets no more than it has. Raises `ProjectNotFound`, `UserNotFound`, `LastAdmin`,
    `AddressNotVerified`, and `TooManyMembers`.
    """
    get_project(tx, project_id)
    projects.lock_project(tx, project_id)
    # Its lock keeps a link from giving the account a password meanwhile.
    users.lock_user(tx, _user(tx, email).id)
    user = _user(tx, email)
    before = members.find_member(tx, project_id=project_id, user_id=user.id)
    if not is_address_trusted and user.has_password and not user.is_vouched_for(project_id):
        _require_no_gain(user, before, role)
    if user.invited_to_id != project_id:
        sign_in_links.delete_invitations(tx, user.id)
    if before is not None and before.role is Role.ADMIN and role is not Role.ADMIN:
        _require_other_admin(tx, user, project_id)
    if before is None and members.count_members(tx, project_id) >= MAX_MEMBERS:
        raise TooManyMembers(MAX_MEMBERS)
    members.upsert_member(tx, project_id=project_id, user_id=user.id, role=role)
    if user.current_project_id is None:
        users.update_user(tx, user.id, current_project_id=project_id)
    former = None if before is None else _facts(before)
    record_administration(tx, MemberSet(former, MemberFacts(user.id, user.email, role)), project_id=project_id, by=by)
    return _member(tx, project_id, user)


def remove_member(tx: Transaction, *, project_id: int, email: str, by: Attribution = OPERATOR) -> None:
    """Take a user out of a project; if it was their current one, another of theirs becomes it.

    Raises `ProjectNotFound`, `UserNotFound`, `MemberNotFound`, `LastAdmin`.
    """
    get_project(tx, project_id)
    projects.lock_project(tx, project_id)
    user = _user(tx, email)
    member = _member(tx, project_id, user)
    if member.role is Role.ADMIN:
        _require_other_admin(tx, user, project_id)
    members.delete_member(tx, project_id=project_id, user_id=user.id)
    if user.current_project_id == project_id:
        users.update_user(tx, user.id, current_project_id=members.find_first_project(tx, user.id))
    record_administration(tx, MemberRemoved(_facts(member)), project_id=project_id, by=by)


def list_members(tx: Transaction, project_id: int, *, limit: int) -> list[Member]:
    """List a project's members. Raises `ProjectNotFound`."""
    get_project(tx, project_id)
    return members.list_members(tx, project_id, limit=limit)


def list_memberships(tx: Transaction, user: User) -> list[Membership]:
    """List the projects of a user with their roles, by the project's name."""
    return members.list_memberships(tx, user.id, limit=MAX_MEMBERSHIPS)


def require_other_admin(tx: Transaction, user: User) -> None:
    """Raise `LastAdmin` if the user is the only active admin of one of their projects; keep that so until the transaction ends."""
    for project_id in members.list_administered_projects(tx, user.id):
        projects.lock_project(tx, project_id)
        _require_other_admin(tx, user, project_id)


def _require_no_gain(user: User, before: Member | None, role: Role) -> None:
    if before is None or not before.role.includes(role):
        raise AddressNotVerified(user.email)


def _require_other_admin(tx: Transaction, user: User, project_id: int) -> None:
    if not members.has_other_admin(tx, project_id=project_id, user_id=user.id):
        raise LastAdmin(user.email, project_id)


def _user(tx: Transaction, email: str) -> User:
    user = users.find_user_by_email(tx, email.strip().lower())
    if user is None:
        raise UserNotFound(email)
    return user


def _member(tx: Transaction, project_id: int, user: User) -> Member:
    member = members.find_member(tx, project_id=project_id, user_id=user.id)
    if member is None:
        raise MemberNotFound(user.email, project_id)
    return member


def _facts(member: Member) -> MemberFacts:
    return MemberFacts(member.user_id, member.email, member.role)
