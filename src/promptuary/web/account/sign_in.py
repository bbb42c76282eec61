"""Signing in and out: by a one-time link, by a password, and the end of a session."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict

from starlette.responses import Response

from promptuary.model.accounts import Profile
from promptuary.model.errors import EmailTaken, InvalidValue, SignInRefused
from promptuary.registry import sessions, sign_in_links
from promptuary.web.page_request import PageRequest
from promptuary.web.redirects import safe_redirect
from promptuary.web.routing import page

MAX_SESSIONS = 100

PASSWORDS_DIFFER = {"again": "The passwords do not match."}


def show_welcome(request: PageRequest) -> Response:
    """Show the form in which the user of a one-time link gives the account a name and a password."""
    return _welcome(request)


def welcome(request: PageRequest) -> Response:
    """Give the account of a one-time link a name and a password, and sign its user in."""
    form = request.form
    if form.get("password") != form.get("again"):
        return _welcome(request, 400, problems=PASSWORDS_DIFFER)
    try:
        with request.services.sign_in_limits.attempt(address=request.browser.address):
            new = sign_in_links.use_link(
                request.database,
                request.path["token"],
                profile=Profile(form.get("email"), form.get("first_name"), form.get("last_name")),
                password=form.get("password"),
                limits=request.services.session_limits,
                browser=request.browser,
                request_id=request.request_id,
            )
    except (InvalidValue, EmailTaken) as error:
        return _welcome(request, 400, problems=problems_of(error))
    return request.sign_in(new, f"{request.root}/", notice="Welcome. Your account is ready.")


def show_sign_in(request: PageRequest) -> Response:
    """Show the form to sign in; signed-in users are redirected to their page."""
    then = safe_redirect(request.query.get("next", ""))
    return (
        request.redirect(request.root + then)
        if request.signed_in
        else request.page("sign-in.html", then=then, email="", problem="")
    )


def sign_in(request: PageRequest) -> Response:
    """Begin a session with a new value, and end the previous one of this browser."""
    email, then = request.form.get("email"), safe_redirect(request.form.get("next"))
    try:
        with limited_attempt(request, email):
            new = sessions.sign_in(
                request.database,
                email=email,
                password=request.form.get("password"),
                limits=request.services.session_limits,
                browser=request.browser,
            )
    except SignInRefused as error:
        return request.page("sign-in.html", 401, then=then, email=email, problem=str(error))
    _end_session(request)
    return request.sign_in(new, request.root + then)


def sign_out(request: PageRequest) -> Response:
    """End the session, here and in the database."""
    _end_session(request)
    return request.sign_out(f"{request.root}/sign-in")


def problems_of(error: InvalidValue | EmailTaken) -> dict[str, str]:
    """Return what is wrong with a form, by the field that is to blame."""
    field = error.field if isinstance(error, InvalidValue) else "email"
    return {field or "": str(error)}


def limited_attempt(request: PageRequest, email: str) -> AbstractContextManager[None]:
    """Return the context of an attempt with a password, limited by its account and address, see `SignInLimits.attempt`."""

    def addresses_in_use() -> set[str]:
        with request.database.read() as tx:
            return sessions.list_addresses(tx, email, limits=request.services.session_limits, limit=MAX_SESSIONS)

    return request.services.sign_in_limits.attempt(
        address=request.browser.address, account=email, addresses_in_use=addresses_in_use
    )


def _welcome(request: PageRequest, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    with request.database.read() as tx:
        link = sign_in_links.get_link(tx, request.path["token"])
        invitation = sign_in_links.find_invitation(tx, link)
    typed = {name: request.form.get(name) for name in ("email", "first_name", "last_name")}
    # At the first start, what the account has for a name and an address only stands in for them.
    known = Profile("", "", "") if link.is_first_start else Profile(link.user.email, link.user.first_name, link.user.last_name)
    return request.page(
        "welcome.html",
        status,
        link=link,
        invitation=invitation,
        typed=typed if problems else asdict(known),
        problems=problems or {},
    )


def _end_session(request: PageRequest) -> None:
    if request.signed_in:
        with request.database.write() as tx:
            sessions.sign_out(tx, request.signed_in)


ROUTES = [
    page("/welcome/{token}", get=show_welcome, post=welcome, hashes=True),
    page("/sign-in", get=show_sign_in, post=sign_in, hashes=True),
    page("/sign-out", post=sign_out),
]
