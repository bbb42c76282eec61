"""Requests that want no page: those of programs that take this server for another one, and of people's mistakes in programs.

They get the short JSON of the API's errors, because programs print the whole of what they cannot read.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from promptuary.model.json_text import dump_compact

# Where clients of analytics send events and ask for flags, if their host is this server.
_OF_ANALYTICS = frozenset({"batch", "capture", "decide", "e", "engage", "flags", "i", "s", "track"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_ANYTHING = frozenset({"", "*/*", "text/*"})


def wants_page(request: Request) -> bool:
    """Return `True` if an error is to be shown as a page: to browsers, and to programs that read pages."""
    if request.scope["path"].lstrip("/").partition("/")[0] in _OF_ANALYTICS:
        return False
    accepted = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    if request.method in {"GET", "HEAD"}:
        return not accepted.isdisjoint(_HTML | _ANYTHING)
    return request.method == "POST" and not accepted.isdisjoint(_HTML)


def short_error(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as the API has it."""
    body = {"type": "invalid_request", "code": code, "detail": detail, "attr": None}
    return Response(dump_compact(body), status, headers, media_type="application/json")
