"""The user's own sessions: their list, and the end of some of them."""

from starlette.responses import Response

from promptuary.registry import sessions
from promptuary.web.account.sign_in import MAX_SESSIONS
from promptuary.web.page_request import PageRequest
from promptuary.web.routing import page


def show_sessions(request: PageRequest) -> Response:
    """Show the browsers in which one is signed in."""
    signed_in = request.require_signed_in()
    with request.database.read() as tx:
        found = sessions.list_sessions(tx, signed_in.user, limits=request.services.session_limits, limit=MAX_SESSIONS)
    return request.page("sessions.html", sessions=found, present=signed_in.session.id)


def end_session(request: PageRequest) -> Response:
    """End one of one's sessions."""
    user = request.account
    with request.database.write() as tx:
        sessions.end_session(tx, user, request.path["session_id"])
    return request.redirect(f"{request.root}/settings/sessions/", notice="The session has ended.")


def end_other_sessions(request: PageRequest) -> Response:
    """End all of one's sessions but this one."""
    signed_in = request.require_signed_in()
    with request.database.write() as tx:
        sessions.end_other_sessions(tx, signed_in)
    return request.redirect(f"{request.root}/settings/sessions/", notice="All other sessions have ended.")


ROUTES = [
    page("/settings/sessions/", get=show_sessions),
    page("/settings/sessions/end-others", post=end_other_sessions),
    page("/settings/sessions/{session_id}/end", post=end_session),
]
