"""The log line of each request, formatted by hand, so that logging costs a request microseconds."""

import asyncio
import sys
import time
from json.encoder import encode_basestring_ascii

from starlette.types import Scope

from promptuary.http.conditional import NOT_MODIFIED
from promptuary.http.path_redaction import WELCOME, logged_path

_REDIRECTED = 300


class AccessLog:
    """Writes lines in the form of `promptuary.logs`. Paths are logged, queries are not: they may hold keys and tokens.

    Belongs to one event loop. Lines are written together with those of the requests that wait for the loop just then: to write
    costs as much as to answer from memory.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._format = _json_line if as_json else _text_line
        self._lines: list[str] = []
        self._timestamp = ""

    def note(self, scope: Scope, *, status: int, request_id: str, seconds: float) -> None:
        """Log a request that is answered."""
        path = scope["path"]
        if (status >= _REDIRECTED and status != NOT_MODIFIED) or path.startswith(WELCOME):
            # Paths that were found have no secrets, except for one-time links. Others may have a key or a link in a wrong place.
            path = logged_path(path)
        client = scope["client"][0] if scope.get("client") else ""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
            self._timestamp = _timestamp()
        self._lines.append(self._format(scope["method"], path, status, seconds * 1000, client, request_id, self._timestamp))

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        sys.stderr.write("".join(lines))


def _json_line(method: str, path: str, status: int, milliseconds: float, client: str, request_id: str, timestamp: str) -> str:
    return (
        f'{{"method": {_quoted(method)}, "path": {_quoted(path)}, "status": {status}, "milliseconds": {milliseconds:.2f}, '
        f'"client": {_quoted(client)}, "event": "request", "request_id": "{request_id}", "level": "info", '
        f'"logger": "promptuary.requests", "timestamp": "{timestamp}"}}\n'
    )


def _text_line(method: str, path: str, status: int, milliseconds: float, client: str, request_id: str, timestamp: str) -> str:
    return (
        f"{timestamp} [info     ] {_field(method)} {_field(path)} {status} "
        f"client={_field(client)} milliseconds={milliseconds:.2f} request_id={request_id}\n"
    )


_quoted = encode_basestring_ascii


def _field(value: str) -> str:
    """Return a value as one word, so that nothing in it can be taken for another field, line or sign to the terminal."""
    return _quoted(value)[1:-1].replace(" ", "\\u0020")


def _timestamp() -> str:
    now = time.time()
    return f"{_second(int(now))}.{int(now % 1 * 1_000_000):06}Z"


def _second(second: int, known: dict[int, str] = {}) -> str:  # noqa: B006 - one entry, for the present second
    shown = known.get(second)
    if shown is None:
        known.clear()
        shown = known[second] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return shown
