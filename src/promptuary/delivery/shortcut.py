"""Answering a request that is, byte for byte, like one that was answered from memory before, without looking into it again.

What the same caller has sent once and sends again is asking for the same. So the digest of a whole head, with its caller's address
and without the ids of request and trace, finds what that head was found to mean by `Delivery`, and what remains is to look whether
that still holds.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope

from promptuary.delivery.backend import Gate
from promptuary.delivery.cache import HIT, Cache, Ticket, TicketKey
from promptuary.delivery.freshness import Freshness
from promptuary.http.conditional import NOT_MODIFIED, OK, Headers
from promptuary.http.request_recorder import REQUEST_ID_HEADER, Ledger
from promptuary.metrics.segment import Numbers
from promptuary.supervisor.stop_flag import StopSign

_MAX_SEEN = 20_000
_SEEN_BYTES = 1_500

_STATUS_LINES = {OK: b"HTTP/1.1 200 OK\r\n", NOT_MODIFIED: b"HTTP/1.1 304 Not Modified\r\n"}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A head that was seen before: what it was found to ask for, and all of the answer that is the same each time."""

    ticket_key: TicketKey
    ticket: Ticket
    request: Scope
    """What is logged of it: method, path and client."""
    status: int
    status_line: bytes
    headers: bytes

    @property
    def body(self) -> bytes:
        """The body, while the answer is current."""
        return self.ticket.answer.body if self.status == OK else b""


class Waiting(Protocol):
    """A connection with a request that `Shortcut` was asked to answer."""

    @property
    def is_waiting(self) -> bool:
        """Whether it still waits; it may be gone, or have passed its request on."""

    def answer(self, seen: Seen, request_id: str) -> None:
        """Send the answer."""

    def pass_on(self) -> None:
        """Let the application answer, as if nobody had been asked."""


class Shortcut:
    """Knows heads by their digests. One for each worker; belongs to one event loop."""

    def __init__(
        self, *, cache: Cache, freshness: Freshness, gate: Gate, tally: Numbers, ledger: Ledger, stop_sign: StopSign
    ) -> None:
        self._cache = cache
        self._freshness = freshness
        self._gate = gate
        self._tally = tally
        self._ledger = ledger
        self._stop_sign = stop_sign
        self._seen: dict[bytes, Seen] = {}
        self._waiting: list[tuple[Waiting, Seen, str | None, float]] = []

    def find(self, head: bytes) -> Seen | None:
        """Find a head that was seen before by its digest."""
        return self._seen.get(head)

    def keep(self, head: bytes, scope: Scope, ticket_key: TicketKey, ticket: Ticket, *, is_known: bool) -> None:
        """Remember what a head asks for. ``is_known`` says that the caller has the answer already, which then is a 304."""
        if len(self._seen) >= min(_MAX_SEEN, self._cache.max_bytes // (4 * _SEEN_BYTES)):
            self._seen.clear()
        answer, status = ticket.answer, NOT_MODIFIED if is_known else OK
        self._seen[head] = Seen(
            ticket_key=ticket_key,
            ticket=ticket,
            request={name: scope.get(name) for name in ("method", "path", "client")},
            status=status,
            status_line=_STATUS_LINES[status],
            headers=_encode(answer.not_modified_headers if is_known else answer.headers),
        )

    def ask(self, connection: Waiting, seen: Seen, request_id: str | None) -> None:
        """Answer at the next turn of the event loop, together with all that wait then, or give the request back to its connection.

        ``request_id`` is the one that the caller has given the request, if any.
        So one look whether all still holds serves all of them, and it is taken after each of them has arrived.
        """
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_all)
        self._waiting.append((connection, seen, request_id, time.perf_counter()))

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        may_answer = self._freshness.is_current() and not self._stop_sign.is_up()
        now = time.monotonic()
        for connection, seen, request_id, started in waiting:
            if not connection.is_waiting:
                continue
            if may_answer and self._holds(seen, now):
                self._answer(connection, seen, request_id or self._ledger.new_id(), started)
            else:
                connection.pass_on()

    def _holds(self, seen: Seen, now: float) -> bool:
        ticket = self._cache.find_ticket(seen.ticket_key, now)
        return ticket is seen.ticket and self._gate.count_read(ticket.grant.key_id)

    def _answer(self, connection: Waiting, seen: Seen, request_id: str, started: float) -> None:
        self._tally[HIT] += 1
        self._gate.count_fetch(seen.ticket.use)
        # Whoever has the answer finds it in the metrics.
        self._ledger.note(seen.request, status=seen.status, request_id=request_id, seconds=time.perf_counter() - started)
        connection.answer(seen, request_id)


def _encode(headers: Headers) -> bytes:
    """Return the lines of headers, with the beginning of the one that differs each time: the request's id."""
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return lines + REQUEST_ID_HEADER + b": "
