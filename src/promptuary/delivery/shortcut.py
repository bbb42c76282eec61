"""Answering a request that is, byte for byte, like one that was answered from memory before, without looking into it again.

A caller that sends the same request again asks for the same. `FetchCacheMiddleware` records the meaning of a head under its digest,
with the address of its caller and without the ids of request and trace; the shortcut finds it there and checks if it still holds.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope

from promptuary.delivery.cache import HIT, CachedRequest, CachedRequestKey
from promptuary.delivery.parts import FetchParts
from promptuary.http.conditional import NOT_MODIFIED, OK, Headers
from promptuary.http.request_recorder import REQUEST_ID_HEADER, RequestRecorder
from promptuary.supervisor.stop_flag import StopFlag

_MAX_HEADS = 20_000
_HEAD_BYTES = 1_500

_STATUS_LINES = {OK: b"HTTP/1.1 200 OK\r\n", NOT_MODIFIED: b"HTTP/1.1 304 Not Modified\r\n"}


@dataclass(frozen=True, slots=True, eq=False)
class CachedHead:
    """A head that was seen before: what it was found to ask for, and all of the answer that is the same each time."""

    request_key: CachedRequestKey
    cached: CachedRequest
    request: Scope
    """Data for the access log: method, path and client."""
    status: int
    status_line: bytes
    headers: bytes

    @property
    def body(self) -> bytes:
        """The body, while the answer is current."""
        return self.cached.answer.body if self.status == OK else b""


class Waiting(Protocol):
    """A connection with a request that `Shortcut` was asked to answer."""

    @property
    def is_waiting(self) -> bool:
        """`True` while it waits; it may be gone, or have passed its request on."""

    def answer(self, seen: CachedHead, request_id: str) -> None:
        """Send the answer."""

    def pass_on(self) -> None:
        """Let the application answer, as without a shortcut."""


class RecordSpan(Protocol):
    """Records the span of a request for traces."""

    def __call__(self, request: Scope, head: bytes, *, status: int, request_id: str, seconds: float) -> None:
        """Record a request that was answered just now. ``head`` is its head if it has ids of a trace, else empty."""


class Shortcut:
    """Knows heads by their digests. One for each worker; belongs to one event loop."""

    def __init__(
        self, parts: FetchParts, recorder: RequestRecorder, stop_flag: StopFlag, record_span: RecordSpan | None = None
    ) -> None:
        self._cache = parts.cache
        self._freshness = parts.freshness
        self._backend = parts.backend
        self._counters = parts.counters
        self._recorder = recorder
        self._stop_flag = stop_flag
        self._record_span = record_span
        self._seen: dict[bytes, CachedHead] = {}
        self._waiting: list[tuple[Waiting, CachedHead, bytes, str | None, float]] = []

    def find(self, head: bytes) -> CachedHead | None:
        """Find a head that was seen before by its digest."""
        return self._seen.get(head)

    def keep(self, head: bytes, scope: Scope, request_key: CachedRequestKey, cached: CachedRequest, *, is_known: bool) -> None:
        """Remember what a head asks for. ``is_known`` says that the caller has the answer already, which then is a 304."""
        if len(self._seen) >= min(_MAX_HEADS, self._cache.max_bytes // (4 * _HEAD_BYTES)):
            self._seen.clear()
        answer, status = cached.answer, NOT_MODIFIED if is_known else OK
        self._seen[head] = CachedHead(
            request_key=request_key,
            cached=cached,
            request={name: scope.get(name) for name in ("method", "path", "client")},
            status=status,
            status_line=_STATUS_LINES[status],
            headers=_encode(answer.not_modified_headers if is_known else answer.headers),
        )

    def ask(self, connection: Waiting, seen: CachedHead, head: bytes, request_id: str | None) -> None:
        """Answer at the next turn of the event loop, together with all that wait then, or give the request back to its connection.

        ``head`` is the head if it has ids of a trace, else empty; ``request_id`` is the one that the caller has given, if any.
        So one look whether all still holds serves all of them, and it is taken after each of them has arrived.
        """
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_all)
        self._waiting.append((connection, seen, head, request_id, time.perf_counter()))

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        may_answer = self._freshness.is_current() and not self._stop_flag.is_set()
        now = time.monotonic()
        for connection, seen, head, request_id, started in waiting:
            if not connection.is_waiting:
                continue
            if may_answer and self._holds(seen, now):
                self._answer(connection, seen, head, request_id or self._recorder.new_id(), started)
            else:
                connection.pass_on()

    def _holds(self, seen: CachedHead, now: float) -> bool:
        cached = self._cache.find_request(seen.request_key, now)
        return cached is seen.cached and self._backend.count_read(cached.grant.key_id)

    def _answer(self, connection: Waiting, seen: CachedHead, head: bytes, request_id: str, started: float) -> None:
        self._counters[HIT] += 1
        self._backend.count_fetch(seen.cached.fetch_key)
        # A client that has the response finds it in the metrics.
        seconds = time.perf_counter() - started
        self._recorder.note(seen.request, status=seen.status, request_id=request_id, seconds=seconds)
        connection.answer(seen, request_id)
        if self._record_span is not None:
            self._record_span(seen.request, head, status=seen.status, request_id=request_id, seconds=seconds)


def _encode(headers: Headers) -> bytes:
    """Return the lines of headers, with the beginning of the one that differs each time: the request's id."""
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return lines + REQUEST_ID_HEADER + b": "
