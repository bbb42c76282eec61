"""Pages of a list by ``limit`` and ``offset``, which are never an error, and the links between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from promptuary.api.documentation import query_parameter
from promptuary.api.posthog.calls import Call
from promptuary.http.scope import SENT_PATH

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


def page_parameters(things: str) -> list[dict[str, Any]]:
    """Return the parameters of a page of a list of some things, such as ``Prompts``."""
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return [
        query_parameter("limit", limit, f"{things} on a page."),
        query_parameter("offset", {"type": "integer", "minimum": 0, "default": 0}, f"{things} to skip."),
    ]


PAGE_PARAMETERS = page_parameters("Prompts")

# So that `@current` stays readable.
_PLAIN_IN_PATHS = "/@"

_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Window:
    """The range of a list on a page."""

    limit: int
    offset: int


def window_of(call: Call) -> Window:
    """Read the page from the query. A missing, bad or non-positive ``limit`` is 100, above 1000 it is 1000; a bad offset is 0."""
    limit = _whole_number(call.raw_query.get("limit", ""))
    return Window(
        limit=min(limit, MAX_LIMIT) if limit else DEFAULT_LIMIT,
        offset=_whole_number(call.raw_query.get("offset", "")) or 0,
    )


def page_body(call: Call, window: Window, *, count: int, results: Sequence[object]) -> dict[str, object]:
    """Return the body of a page."""
    return {
        "count": count,
        "next": _next_link(call, window, count),
        "previous": _previous_link(call, window),
        "results": results,
    }


def _whole_number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if number >= 0 else None


def _next_link(call: Call, window: Window, count: int) -> str | None:
    following = window.offset + window.limit
    if following >= count:
        return None
    return _link(call, {"limit": str(window.limit), "offset": str(following)})


def _previous_link(call: Call, window: Window) -> str | None:
    if window.offset <= 0:
        return None
    preceding = window.offset - window.limit
    return _link(call, {"limit": str(window.limit)} | ({"offset": str(preceding)} if preceding > 0 else {}))


def _link(call: Call, page: dict[str, str]) -> str:
    sent = parse_qs(call.request.scope["query_string"].decode(errors="replace"), keep_blank_values=True)
    kept = {name: values for name, values in sent.items() if name not in {"limit", "offset"}}
    query = urlencode(sorted((kept | {name: [value] for name, value in page.items()}).items()), doseq=True)
    return f"{_origin(call)}{quote(call.request.scope[SENT_PATH], safe=_PLAIN_IN_PATHS)}?{query}"


def _origin(call: Call) -> str:
    """Return the origin by which the caller reaches this server: clients refuse links that leave it."""
    if call.services.public_url:
        return call.services.public_url
    host = call.request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = call.request.scope.get("server") or ("localhost", None)
        host = f"{name}:{port}" if port else name
    return f"{call.request.scope['scheme']}://{host}"


def number_in_path(call: Call, name: str) -> int:
    """Return the number in a path; 0, which nothing has, if it is none."""
    return _whole_number(call.path[name]) or 0
