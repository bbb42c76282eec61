"""Projects: their names, tokens and members."""

from collections.abc import Callable, Mapping

from starlette.responses import Response

from promptuary.model.access import Permission, Role
from promptuary.model.accounts import Invitation, Member
from promptuary.model.errors import (
    AddressNotVerified,
    EmailTaken,
    InvalidValue,
    LastAdmin,
    NoSuchMember,
    NotFound,
    RegistryError,
    TooManyMembers,
    UserNotFound,
)
from promptuary.registry import administration
from promptuary.store.engine.database import Transaction
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page


def show_new_project(request: PageRequest) -> Response:
    """Show the form of a new project."""
    return _new_project(request)


def create_project(request: PageRequest) -> Response:
    """Create a project of which one is admin."""
    caller = request.caller
    try:
        with request.database.write() as tx:
            project = administration.create_own_project(
                tx, caller, name=request.form.get("name"), request_id=request.request_id
            ).project
    except InvalidValue as error:
        return _new_project(request, 400, problem=str(error))
    return request.redirect(
        f"{request.root}/projects/{project.id}/settings/", notice=f"The project {project.name} was created. Add its members."
    )


def show_settings(request: PageRequest) -> Response:
    """Show a project's name, token and members; to admins also the forms that change them."""
    return _settings(request)


def rename_project(request: PageRequest) -> Response:
    """Give a project another name."""
    actor = request.enter(Permission.MANAGE)
    try:
        with request.database.write() as tx:
            expected = request.form.get("expected_name") or None
            administration.rename_project(tx, actor, name=request.form.get("name"), expected_name=expected)
    except InvalidValue as error:
        return _settings(request, 400, problems={"name": str(error)})
    return _done(request, "The name is saved.")


def rotate_token(request: PageRequest) -> Response:
    """Replace a project's token, once its admin has said that programs may break."""
    actor = request.enter(Permission.MANAGE)
    if not request.form.get("confirmed"):
        return _settings(request, 400, problems={"token": "Confirm first that programs with the old token may stop working."})
    try:
        with request.database.write() as tx:
            administration.rotate_token(tx, actor, expected_token=request.form.get("expected_token") or None)
    except InvalidValue as error:
        return _settings(request, 400, problems={"token": str(error)})
    return _done(request, "The project has a new token.")


def add_member(request: PageRequest) -> Response:
    """Make a user a member."""
    actor, form = request.enter(Permission.MANAGE), request.form
    role, is_confirmed = form.get("role"), bool(form.get("confirmed"))
    try:
        return _give_role(
            request,
            lambda tx: administration.add_member(
                tx, actor, email=form.get("email"), role=_role(role), is_address_confirmed=is_confirmed
            ),
        )
    except UserNotFound as error:
        # The next step of adding a member who has no account, which the page shows as a question.
        return _settings(request, 400, problems={"email": str(error)}, asks="invite")


def change_role(request: PageRequest) -> Response:
    """Give a member another role, if the member is still what the page showed."""
    actor, form = request.enter(Permission.MANAGE), request.form
    role, is_confirmed = form.get("role"), bool(form.get("confirmed"))
    try:
        return _give_role(
            request,
            lambda tx: administration.change_role(
                tx,
                actor,
                user_id=positive_int(form.get("user_id")) or 0,
                role=_role(role),
                expected_role=_expected_role(request),
                is_address_confirmed=is_confirmed,
            ),
        )
    except NoSuchMember:
        return _no_longer_member(request)


def _give_role(request: PageRequest, give: Callable[[Transaction], Member]) -> Response:
    try:
        with request.database.write() as tx:
            member = give(tx)
    except AddressNotVerified as error:
        return _settings(request, 409, problems={"email": str(error)}, asks="confirm")
    except (InvalidValue, LastAdmin, TooManyMembers) as error:
        return _settings(request, _status_of(error), problems={"email": str(error)})
    needs_link = not member.has_password and not member.is_invited
    hint = (
        " The account has no password yet: an administrator of this server can create a link to choose one." if needs_link else ""
    )
    return _done(request, f"{member.email} is now {member.role.value} here.{hint}")


def invite_member(request: PageRequest) -> Response:
    """Create an account for a new member and show its link, which is known only now: so there is no redirect to another page."""
    actor = request.enter(Permission.MANAGE)
    try:
        with request.database.write() as tx:
            invitation = administration.invite_member(
                tx, actor, email=request.form.get("email"), role=_role(request.form.get("role"))
            )
    except (InvalidValue, EmailTaken, TooManyMembers) as error:
        return _settings(request, 400, problems={"email": str(error)})
    return _settings(request, 201, invitation=invitation)


def renew_invitation(request: PageRequest) -> Response:
    """Show a new link for a user who has not used the first one."""
    actor = request.enter(Permission.MANAGE)
    try:
        with request.database.write() as tx:
            invitation = administration.renew_invitation(tx, actor, email=request.form.get("email"))
    except (InvalidValue, NotFound) as error:
        return _settings(request, _status_of(error), problems={"email": str(error)})
    return _settings(request, 201, invitation=invitation)


def remove_member(request: PageRequest) -> Response:
    """Remove a member from a project, if the member is still what the page showed."""
    actor, user_id = request.enter(Permission.MANAGE), positive_int(request.form.get("user_id")) or 0
    try:
        with request.database.write() as tx:
            removed = administration.remove_member(tx, actor, user_id=user_id, expected_role=_expected_role(request))
    except NoSuchMember:
        return _no_longer_member(request)
    except (InvalidValue, LastAdmin) as error:
        return _settings(request, _status_of(error), problems={"email": str(error)})
    # Users who remove themselves can no longer see the project.
    return (
        request.redirect(f"{request.root}/")
        if removed.user_id == request.account.id
        else _done(request, f"{removed.email} is no longer a member.")
    )


def _no_longer_member(request: PageRequest) -> Response:
    detail = f"{request.form.get('email') or 'This user'} is no longer a member. Nothing was changed."
    return _settings(request, 409, problems={"email": detail})


def _settings(
    request: PageRequest,
    status: int = 200,
    *,
    problems: Mapping[str, str] | None = None,
    asks: str = "",
    invitation: Invitation | None = None,
) -> Response:
    actor = request.enter(Permission.READ)
    with request.database.read() as tx:
        found = administration.list_members(tx, actor)
    # What was typed is shown again only where it was refused. The forms of members show what is stored.
    form = request.form
    is_typed = bool(problems) and "user_id" not in form.values
    typed = {name: form.get(name) if is_typed else "" for name in ("email", "name", "role")}
    return request.page(
        "project.html",
        status,
        members=sorted(found, key=lambda member: ((member.name or member.email).casefold(), member.email)),
        roles=list(Role),
        typed=typed,
        sent={name: form.get(name) for name in ("user_id", "email", "role", "expected_role") if name in form.values},
        problems=problems or {},
        asks=asks,
        invitation=invitation,
        link=f"{request.address}/welcome/{invitation.link}" if invitation else "",
    )


def _new_project(request: PageRequest, status: int = 200, *, problem: str = "") -> Response:
    user = request.account
    with request.database.read() as tx:
        may_create = administration.may_create_projects(tx, user)
    return request.page("new-project.html", status, may_create=may_create, name=request.form.get("name"), problem=problem)


def _done(request: PageRequest, notice: str) -> Response:
    return request.redirect(f"{request.root}/projects/{request.path['project_id']}/settings/", notice=notice)


def _role(sent: str) -> Role:
    try:
        return Role(sent)
    except ValueError:
        raise InvalidValue("invalid_choice", "Choose one of the roles.", field="role") from None


def _expected_role(request: PageRequest) -> Role | None:
    """Return the role that the page showed, `None` if the form does not tell."""
    sent = request.form.get("expected_role")
    return _role(sent) if sent else None


def _status_of(error: RegistryError) -> int:
    is_conflict = isinstance(error, LastAdmin) or (isinstance(error, InvalidValue) and error.code == "changed")
    return 409 if is_conflict else 400


ROUTES = [
    page("/projects/new", get=show_new_project, post=create_project),
    page("/projects/{project_id}/settings/", get=show_settings, post=rename_project),
    page("/projects/{project_id}/settings/token", post=rotate_token),
    page("/projects/{project_id}/settings/members", post=add_member),
    page("/projects/{project_id}/settings/change-role", post=change_role),
    page("/projects/{project_id}/settings/invite", post=invite_member),
    page("/projects/{project_id}/settings/new-link", post=renew_invitation),
    page("/projects/{project_id}/settings/remove-member", post=remove_member),
]
