"""The change requests of a project: those that wait for the user first, then the open ones, then those that have ended."""

from starlette.responses import Response

from promptuary.model.access import Permission
from promptuary.registry import change_requests, request_options
from promptuary.web.numbers import positive_int
from promptuary.web.page_request import PageRequest

PER_PAGE = 50

RECENTLY_ENDED = 10
"""Requests that have ended which are shown below the open ones."""


def show_requests(request: PageRequest) -> Response:
    """Show a page of the open requests and, on the first one, those that ended last; or a page of all that have ended."""
    actor = request.enter(Permission.READ)
    shows_ended = request.query.get("state") == "ended"
    number = positive_int(request.query.get("page")) or 1
    is_first = number == 1 and not shows_ended
    with request.database.read() as tx:
        listed = change_requests.list_requests(tx, actor, is_open=not shows_ended, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
        waiting = request_options.list_waiting(tx, actor) if is_first else []
        ended = change_requests.list_requests(tx, actor, is_open=False, limit=RECENTLY_ENDED) if is_first else None
    waits = {each.id for each in waiting}
    return request.page(
        "requests/list.html",
        shows_ended=shows_ended,
        for_me=waiting,
        listed=[each for each in listed.items if each.id not in waits],
        count=listed.count,
        ended=ended,
        page_number=number,
        pages=max(1, -(-listed.count // PER_PAGE)),
    )
