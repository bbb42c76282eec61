"""Record of each request: its ID, its line in the access log, and its metrics."""

import itertools
import re
import secrets

from starlette.types import Scope

from promptuary.http.access_log import AccessLog
from promptuary.metrics.requests import RequestCounts

REQUEST_ID_HEADER = b"x-request-id"

# Ids are logged and kept in the change log, so a key is none.
_SANE = re.compile(rb"(?!.*phx_)[A-Za-z0-9._:/+=@~-]{1,128}")


class RequestRecorder:
    """Gives ids to requests and writes down how they were answered. Belongs to one event loop."""

    def __init__(self, access_log: AccessLog | None, counts: RequestCounts) -> None:
        self.counts = counts
        self._access_log = access_log
        # Unique in this process by the count, among processes by the random part.
        self._random_part = secrets.token_hex(10)
        self._count = itertools.count(1)

    def new_id(self) -> str:
        """Make an id that no other request has."""
        return f"{self._random_part}{next(self._count):012x}"

    def note(self, scope: Scope, *, status: int, request_id: str, seconds: float, is_logged: bool = True) -> None:
        """Write down that a request was answered, of which ``method``, ``path`` and ``client`` are read."""
        self.counts.note(scope["method"], scope["path"], status, seconds)
        if is_logged and self._access_log is not None:
            self._access_log.note(scope, status=status, request_id=request_id, seconds=seconds)


def sent_id(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the id that a caller has given its request, if it is sane."""
    for name, value in headers:
        if name == REQUEST_ID_HEADER and (request_id := as_request_id(value)):
            return request_id
    return None


def as_request_id(value: bytes) -> str | None:
    """Return the value of a header as the id of a request, if it is sane."""
    return value.decode() if _SANE.fullmatch(value) else None
