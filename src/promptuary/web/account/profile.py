"""The user's own account: name, e-mail address and password."""

from collections.abc import Mapping

from starlette.responses import Response

from promptuary.model.accounts import Profile
from promptuary.model.errors import EmailTaken, InvalidValue
from promptuary.registry import administration, sessions
from promptuary.web.account.sign_in import PASSWORDS_DIFFER, limited_attempt, problems_of
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page


def show_account(request: PageRequest) -> Response:
    """Show one's name and the form of a new password."""
    return _account(request)


def change_name(request: PageRequest) -> Response:
    """Give oneself another name."""
    user = request.account
    profile = Profile(user.email, request.form.get("first_name"), request.form.get("last_name"))
    try:
        with request.database.write() as tx:
            administration.change_own_profile(tx, user, profile=profile, request_id=request.request_id)
    except InvalidValue as error:
        return _account(request, 400, problems=problems_of(error))
    return request.redirect(f"{request.root}/settings/", notice="Your name was saved.")


def change_address(request: PageRequest) -> Response:
    """Give oneself another e-mail address, with which one signs in from now on."""
    form, signed_in = request.form, request.require_signed_in()
    try:
        # As for passwords: a stolen session is not enough to take over the account.
        with limited_attempt(request, signed_in.user.email):
            changed = sessions.change_address(
                request.database, signed_in, present=form.get("proof"), email=form.get("email"), request_id=request.request_id
            )
    except (InvalidValue, EmailTaken) as error:
        problems = problems_of(error)
        return _account(
            request, 400, problems={"proof" if name == "present" else name: shown_errors for name, shown_errors in problems.items()}
        )
    return request.redirect(f"{request.root}/settings/", notice=f"Your e-mail address is changed. Sign in with {changed.email}.")


def change_password(request: PageRequest) -> Response:
    """Give oneself another password; all other sessions end."""
    form, signed_in = request.form, request.require_signed_in()
    if form.get("password") != form.get("again"):
        return _account(request, 400, problems=PASSWORDS_DIFFER)
    try:
        # A stolen session must not allow guessing the password.
        with limited_attempt(request, signed_in.user.email):
            new = sessions.change_password(
                request.database,
                signed_in,
                present=form.get("present"),
                password=form.get("password"),
                limits=request.services.session_limits,
                request_id=request.request_id,
            )
    except InvalidValue as error:
        return _account(request, 400, problems=problems_of(error))
    return request.sign_in(new, f"{request.root}/settings/", notice="Your password was changed. All other sessions have ended.")


def _account(request: PageRequest, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    user = request.account
    typed = {
        "first_name": request.form.get("first_name", user.first_name),
        "last_name": request.form.get("last_name", user.last_name),
        "email": request.form.get("email", user.email),
    }
    return request.page("account.html", status, typed=typed, problems=problems or {})


ROUTES = [
    page("/settings/", get=show_account, post=change_name),
    page("/settings/address", post=change_address, hashes=True),
    page("/settings/password", post=change_password, hashes=True),
]
