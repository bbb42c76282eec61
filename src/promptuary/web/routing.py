"""From a path to its view: the steps that every request to a page takes, so that no view can forget one."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from promptuary.http.body import UnknownCaller
from promptuary.http.rate_limits import RateLimited
from promptuary.model.errors import Busy
from promptuary.web.csrf import require_own_page
from promptuary.web.errors import TITLES, SignInNeeded, WebError, page_of, too_many_attempts
from promptuary.web.forms import MAX_FORM_BYTES, MAX_PASSWORD_FORM_BYTES, too_large
from promptuary.web.page_request import PageRequest, View, came_from

_MAX_RENDERED = 100


def page(path: str, *, get: View | None = None, post: View | None = None, hashes: bool = False, is_heavy: bool = False) -> Route:
    """Return the route of a page: a view that shows it, and one that takes its form. Views run in threads.

    ``hashes`` says that the form's view hashes a password; then it waits for its turn in the queue of those that do. A page
    ``is_heavy`` if it compares texts or brings them together; few of these are made at once.
    """
    views = {"GET": get, "HEAD": get, "POST": post}
    offered = {method: view for method, view in views.items() if view is not None}
    queued = frozenset({"POST"} if hashes else ())
    return Route(path, _endpoint(offered, queued=queued, is_heavy=is_heavy), methods=list(offered))


def _endpoint(views: dict[str, View], *, queued: frozenset[str], is_heavy: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        stranger = PageRequest(request)
        is_queued = request.method in queued
        max_bytes = MAX_PASSWORD_FORM_BYTES if is_queued else MAX_FORM_BYTES
        try:
            body = await stranger.services.bodies.read(request, max_bytes=max_bytes, find_caller=stranger.find_caller)
        except UnknownCaller:
            raise SignInNeeded(came_from(request, stranger.root)) from None
        if body is None:
            raise too_large(max_bytes)
        page_request = PageRequest(request, body)
        require_own_page(request, public_url=page_request.services.public_url)
        work = partial(_answer, page_request, views[request.method])
        if is_queued:
            return await _answer_in_turn(page_request, work)
        if is_heavy:
            return await page_request.services.heavy_work.run(work)
        return await anyio.to_thread.run_sync(work, limiter=page_request.services.threads)

    return answer


def _answer(page_request: PageRequest, view: View) -> Response:
    return page_request.finish(view(page_request))


async def _answer_in_turn(page_request: PageRequest, work: Callable[[], Response]) -> Response:
    """Answer with the result of a view that hashes a password, or refuse at once what there is no room for."""
    passwords = page_request.services.passwords
    try:
        async with page_request.services.sign_in_limits.admitted(page_request.browser.address) as failures:
            return await passwords.run(work, failures=failures)
    except Busy as busy:
        shown = page_of(busy)
        refusal = WebError(shown.status, str(busy), advice=shown.advice, headers={"Retry-After": "1"})
        title = shown.title
    except RateLimited as limited:
        refusal = too_many_attempts(limited.wait)
        title = TITLES[refusal.status]
    except WebError as error:
        refusal, title = error, TITLES[error.status]
    await passwords.delay_refusal()
    # Here, not in a thread: refusals must neither wait for anything nor keep others waiting.
    html = _rendered_once(page_request, title=title, detail=str(refusal), advice=refusal.advice)
    return HTMLResponse(html, refusal.status, refusal.headers)


def _rendered_once(page_request: PageRequest, *, title: str, detail: str, advice: str) -> bytes:
    """Return a page of an error that shows nothing of the request, of which there may be thousands."""
    known = page_request.services.rendered
    page = known.get((title, detail, advice))
    if page is None:
        if len(known) >= _MAX_RENDERED:
            known.clear()
        page = known[title, detail, advice] = bytes(
            page_request.anonymous_page("error.html", 200, title=title, detail=detail, advice=advice).body
        )
    return page
