"""From a path to its view: the steps that every request to a page takes, so that no view can forget one."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from promptuary.request_body import read_body
from promptuary.web.csrf import require_own_page
from promptuary.web.forms import MAX_FORM_BYTES, too_large
from promptuary.web.visits import View, Visit


def page(path: str, *, get: View | None = None, post: View | None = None) -> Route:
    """Return the route of a page: a view that shows it, and one that takes its form. Views run in threads."""
    views = {"GET": get, "HEAD": get, "POST": post}
    offered = {method: view for method, view in views.items() if view is not None}
    return Route(path, _endpoint(offered), methods=list(offered))


def _endpoint(views: dict[str, View]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = await read_body(request, most=MAX_FORM_BYTES)
        if body is None:
            raise too_large()
        visit = Visit(request, body)
        require_own_page(request, public_url=visit.services.public_url)
        return await run_in_threadpool(lambda: visit.finish(views[request.method](visit)))

    return answer
