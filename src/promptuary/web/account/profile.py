"""Coming and going: the first start, signing in and out, one's own name, password and sessions."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict

from starlette.responses import Response

from promptuary.model.accounts import Profile
from promptuary.model.errors import EmailTaken, InvalidValue, SignInRefused
from promptuary.registry import administration, sessions, sign_in_links
from promptuary.web.page_request import Visit
from promptuary.web.redirects import own_path
from promptuary.web.routing import page

MAX_SESSIONS = 100

_NOT_THE_SAME = {"again": "The two passwords are not the same."}


def show_welcome(visit: Visit) -> Response:
    """Show the form in which the user of a one-time link gives the account a name and a password."""
    return _welcome(visit)


def welcome(visit: Visit) -> Response:
    """Give the account of a one-time link a name and a password, and sign its user in."""
    form = visit.form
    if form.get("password") != form.get("again"):
        return _welcome(visit, 400, problems=_NOT_THE_SAME)
    try:
        with visit.services.throttle.attempt(address=visit.browser.address):
            new = sign_in_links.use_link(
                visit.database,
                visit.path["token"],
                profile=Profile(form.get("email"), form.get("first_name"), form.get("last_name")),
                password=form.get("password"),
                limits=visit.services.session_limits,
                browser=visit.browser,
                request_id=visit.request_id,
            )
    except (InvalidValue, EmailTaken) as refusal:
        return _welcome(visit, 400, problems=problems_of(refusal))
    return visit.sign_in(new, f"{visit.root}/", notice="Welcome. Your account is ready.")


def show_sign_in(visit: Visit) -> Response:
    """Show the form to sign in; whoever is signed in goes on to where they wanted."""
    then = own_path(visit.query.get("next", ""))
    return visit.redirect(visit.root + then) if visit.signed_in else visit.page("sign-in.html", then=then, email="", problem="")


def sign_in(visit: Visit) -> Response:
    """Begin a session under a value that nobody has seen, and end the one that this browser had."""
    email, then = visit.form.get("email"), own_path(visit.form.get("next"))
    try:
        with _attempt(visit, email):
            new = sessions.sign_in(
                visit.database,
                email=email,
                password=visit.form.get("password"),
                limits=visit.services.session_limits,
                browser=visit.browser,
            )
    except SignInRefused as refusal:
        return visit.page("sign-in.html", 401, then=then, email=email, problem=str(refusal))
    _end_session(visit)
    return visit.sign_in(new, visit.root + then)


def sign_out(visit: Visit) -> Response:
    """End the session, here and in the database."""
    _end_session(visit)
    return visit.sign_out(f"{visit.root}/sign-in")


def show_account(visit: Visit) -> Response:
    """Show one's name and the form of a new password."""
    return _account(visit)


def change_name(visit: Visit) -> Response:
    """Give oneself another name."""
    user = visit.account
    profile = Profile(user.email, visit.form.get("first_name"), visit.form.get("last_name"))
    try:
        with visit.database.write() as tx:
            administration.change_own_profile(tx, user, profile=profile, request_id=visit.request_id)
    except InvalidValue as refusal:
        return _account(visit, 400, problems=problems_of(refusal))
    return visit.redirect(f"{visit.root}/settings/", notice="Your name is saved.")


def change_address(visit: Visit) -> Response:
    """Give oneself another e-mail address, with which one signs in from now on."""
    form, signed_in = visit.form, visit.require_signed_in()
    try:
        # As for passwords: whoever has only got hold of a session cannot take the account over.
        with _attempt(visit, signed_in.user.email):
            changed = sessions.change_address(
                visit.database, signed_in, present=form.get("proof"), email=form.get("email"), request_id=visit.request_id
            )
    except (InvalidValue, EmailTaken) as refusal:
        problems = problems_of(refusal)
        return _account(visit, 400, problems={"proof" if name == "present" else name: told for name, told in problems.items()})
    return visit.redirect(f"{visit.root}/settings/", notice=f"You sign in as {changed.email} from now on.")


def change_password(visit: Visit) -> Response:
    """Give oneself another password; all other sessions end."""
    form, signed_in = visit.form, visit.require_signed_in()
    if form.get("password") != form.get("again"):
        return _account(visit, 400, problems=_NOT_THE_SAME)
    try:
        # A session that somebody else has got hold of is no way to try passwords.
        with _attempt(visit, signed_in.user.email):
            new = sessions.change_password(
                visit.database,
                signed_in,
                present=form.get("present"),
                password=form.get("password"),
                limits=visit.services.session_limits,
                request_id=visit.request_id,
            )
    except InvalidValue as refusal:
        return _account(visit, 400, problems=problems_of(refusal))
    return visit.sign_in(new, f"{visit.root}/settings/", notice="Your password is changed. All other sessions have ended.")


def show_sessions(visit: Visit) -> Response:
    """Show the browsers in which one is signed in."""
    signed_in = visit.require_signed_in()
    with visit.database.read() as tx:
        found = sessions.list_sessions(tx, signed_in.user, limits=visit.services.session_limits, limit=MAX_SESSIONS)
    return visit.page("sessions.html", sessions=found, present=signed_in.session.id)


def end_session(visit: Visit) -> Response:
    """End one of one's sessions."""
    user = visit.account
    with visit.database.write() as tx:
        sessions.end_session(tx, user, visit.path["session_id"])
    return visit.redirect(f"{visit.root}/settings/sessions/", notice="The session has ended.")


def end_other_sessions(visit: Visit) -> Response:
    """End all of one's sessions but this one."""
    signed_in = visit.require_signed_in()
    with visit.database.write() as tx:
        sessions.end_other_sessions(tx, signed_in)
    return visit.redirect(f"{visit.root}/settings/sessions/", notice="All other sessions have ended.")


def problems_of(refusal: InvalidValue | EmailTaken) -> dict[str, str]:
    """Return what is wrong with a form, by the field that is to blame."""
    field = refusal.field if isinstance(refusal, InvalidValue) else "email"
    return {field or "": str(refusal)}


def _welcome(visit: Visit, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    with visit.database.read() as tx:
        link = sign_in_links.get_link(tx, visit.path["token"])
        invitation = sign_in_links.find_invitation(tx, link)
    typed = {name: visit.form.get(name) for name in ("email", "first_name", "last_name")}
    # At the first start, what the account has for a name and an address only stands in for them.
    known = Profile("", "", "") if link.is_first_start else Profile(link.user.email, link.user.first_name, link.user.last_name)
    return visit.page(
        "welcome.html",
        status,
        link=link,
        invitation=invitation,
        typed=typed if problems else asdict(known),
        problems=problems or {},
    )


def _account(visit: Visit, status: int = 200, *, problems: Mapping[str, str] | None = None) -> Response:
    user = visit.account
    typed = {
        "first_name": visit.form.get("first_name", user.first_name),
        "last_name": visit.form.get("last_name", user.last_name),
        "email": visit.form.get("email", user.email),
    }
    return visit.page("account.html", status, typed=typed, problems=problems or {})


def _attempt(visit: Visit, email: str) -> AbstractContextManager[None]:
    def addresses_in_use() -> set[str]:
        with visit.database.read() as tx:
            return sessions.list_addresses(tx, email, limits=visit.services.session_limits, limit=MAX_SESSIONS)

    return visit.services.throttle.attempt(address=visit.browser.address, account=email, addresses_in_use=addresses_in_use)


def _end_session(visit: Visit) -> None:
    if visit.signed_in:
        with visit.database.write() as tx:
            sessions.sign_out(tx, visit.signed_in)


ROUTES = [
    page("/welcome/{token}", get=show_welcome, post=welcome, hashes=True),
    page("/sign-in", get=show_sign_in, post=sign_in, hashes=True),
    page("/sign-out", post=sign_out),
    page("/settings/", get=show_account, post=change_name),
    page("/settings/address", post=change_address, hashes=True),
    page("/settings/password", post=change_password, hashes=True),
    page("/settings/sessions/", get=show_sessions),
    page("/settings/sessions/end-others", post=end_other_sessions),
    page("/settings/sessions/{session_id}/end", post=end_session),
]
