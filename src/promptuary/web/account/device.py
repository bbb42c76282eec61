"""The page on which a user lets a command log in, which has shown the same code in a terminal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.responses import Response

from promptuary.http.rate_limits import RateLimited
from promptuary.model.access import Scope
from promptuary.model.device_authorizations import DeviceCodeEnded, read_user_code, show_user_code
from promptuary.model.errors import InvalidValue
from promptuary.registry import device_logins
from promptuary.web.account.keys import chosen_projects, chosen_scopes
from promptuary.web.account.scopes import CHOICES, MORE_CHOICES
from promptuary.web.account.sign_in import problems_of
from promptuary.web.errors import too_many_codes
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page


def show_login(request: PageRequest) -> Response:
    """Show the login that waits with a code, or ask for the code."""
    request.require_signed_in()
    code = request.query.get("user_code", "")
    return _confirmation(request, code) if code else _question(request)


def answer_login(request: PageRequest) -> Response:
    """Approve or refuse the login that waits with a code."""
    code = request.form.get("user_code")
    try:
        if request.form.get("answer") == "approve":
            return _approve(request, code)
        with _counted(request), request.database.write() as tx:
            login = device_logins.deny_login(tx, code)
    except DeviceCodeEnded as error:
        return _question(request, 404, code=code, problem=str(error))
    except InvalidValue as error:
        return _confirmation(request, code, 400, problems=problems_of(error))
    return request.redirect(f"{request.root}/settings/keys/", notice=f"The login on {login.device_name} was refused.")


def _approve(request: PageRequest, code: str) -> Response:
    scopes, projects = chosen_scopes(request.form.all("scope")), chosen_projects(request.form.all("project"))
    with _counted(request), request.database.write() as tx:
        login = device_logins.approve_login(tx, request.caller, code, scopes=scopes, project_ids=projects)
    notice = f"The login on {login.device_name} was approved. Continue in the terminal; its key is listed here then."
    return request.redirect(f"{request.root}/settings/keys/", notice=notice)


def _question(request: PageRequest, status: int = 200, *, code: str = "", problem: str = "") -> Response:
    return request.page("device-code.html", status, code=code[:100], problem=problem)


def _confirmation(request: PageRequest, code: str, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    try:
        with _counted(request), request.database.read() as tx:
            login = device_logins.get_waiting_login(tx, code)
    except DeviceCodeEnded as error:
        return _question(request, 404, code=code, problem=str(error))
    form, current = request.form, str(request.account.current_project_id)
    return request.page(
        "device.html",
        status,
        login=login,
        code=show_user_code(read_user_code(code) or ""),
        names={membership.project.id: membership.project.name for membership in request.memberships},
        scopes={" ".join(choice): meaning for choice, meaning in CHOICES.items()},
        more_scopes=MORE_CHOICES,
        chosen={
            "scope": form.all("scope") if problems else [Scope.WRITE],
            "projects": form.all("project") if problems else [current],
        },
        problems=problems or {},
    )


@contextmanager
def _counted(request: PageRequest) -> Iterator[None]:
    """Count a wrong code that the user tries in the block. Raises `WebError` after too many."""
    try:
        with request.services.sign_in_limits.code_attempt(request.account.id):
            yield
    except RateLimited as limited:
        raise too_many_codes(limited.wait) from None


ROUTES = [page("/device/", get=show_login, post=answer_login)]
