"""Reading what a request sends, for every edge alike: bounded in bytes, in time, and in what all requests hold together.

Strangers get `UNKNOWN_BYTES` of a body read and no more. Who sends more has to be known first, by what stands before the body or in
its beginning.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from promptuary.model.errors import Busy

UNKNOWN_BYTES = 65_536
"""Maximum bytes read from the body of an unauthenticated client."""

SMALL_BYTES = 4096
"""Bodies of this announced length, such as the form to sign in, are read however much others hold."""

WINDOW_SECONDS = 15.0
WINDOW_BYTES = 61_440
"""In each window a body has to bring this much, or its end."""

DRAIN_SECONDS = 15.0
"""Time for which the rest of a rejected body is discarded, so that the client gets the response and no connection reset."""

STOP_SECONDS = 1.0
"""Time for which bodies may still arrive when the worker stops, so that stalled ones do not delay it."""

ALL_UNKNOWN_BYTES = 16 * 1024 * 1024
ALL_KNOWN_BYTES = 64 * 1024 * 1024
BYTES_OF_ONE_CALLER = 24 * 1024 * 1024

CLIENT_GONE = 499
"""The status under which a request is logged whose client went away before the answer."""

_DRAINED = 8
_MAX_LENGTH_DIGITS = 18

FindCaller = Callable[[bytes], Awaitable[str | None]]
"""Finds out who sends a request, by its head and the beginning of its body; `None` for strangers."""


class BodyTooSlow(Exception):
    """A body that has stalled, or comes too slowly."""


class UnknownCaller(Exception):
    """A body of a caller who is not known, with more than `UNKNOWN_BYTES`. ``beginning`` is what was read of it."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__()
        self.beginning = beginning


class Bodies:
    """Reads the bodies of all requests of one worker. Belongs to one event loop."""

    def __init__(self) -> None:
        self._unknown_bytes = 0
        self._known_bytes = 0
        self._bytes_of: Counter[str] = Counter()
        self._waits: set[asyncio.Timeout] = set()
        self._stops_at = math.inf

    async def read(self, request: Request, *, max_bytes: int, find_caller: FindCaller) -> bytes | None:
        """Return the body; `None` for one of more than ``max_bytes`` bytes.

        Raises `BodyTooSlow`, `UnknownCaller`, `ClientDisconnect`, and `Busy` when all bodies together are too large.
        """
        length = _length_of(request)
        if length == 0:
            return b""
        body = _Body(request, self._receive)
        if length is not None and length > max_bytes:
            await body.drain(max_bytes)
            return None
        if length is not None and self._has_room_for(length):
            with self._holding_unknown(length):
                return await body.read(length)
        caller = await find_caller(b"")
        if caller is None:
            if self._unknown_bytes + UNKNOWN_BYTES > ALL_UNKNOWN_BYTES:
                raise Busy
            with self._holding_unknown(UNKNOWN_BYTES):
                beginning = await body.read(UNKNOWN_BYTES)
            if len(beginning) <= UNKNOWN_BYTES:
                return beginning
            caller = await find_caller(beginning)
            if caller is None:
                await body.drain(max_bytes)
                raise UnknownCaller(beginning)
        with self._holding_known(caller, max_bytes if length is None else length):
            whole = await body.read(max_bytes)
        if len(whole) > max_bytes:
            await body.drain(max_bytes)
            return None
        return whole

    def stop(self) -> None:
        """Refuse all that do not arrive soon: the worker stops."""
        self._stops_at = asyncio.get_running_loop().time() + STOP_SECONDS
        for wait in self._waits:
            wait.reschedule(min(wait.when() or math.inf, self._stops_at))

    async def _receive(self, request: Request, ends_at: float) -> tuple[bytes, bool]:
        """Return the next part of a body, and whether more come."""
        try:
            async with asyncio.timeout_at(min(ends_at, self._stops_at)) as wait:
                self._waits.add(wait)
                try:
                    message = await request.receive()
                finally:
                    self._waits.discard(wait)
        except TimeoutError:
            raise _stopping() if self._stops_at < math.inf else BodyTooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), message.get("more_body", False)

    def _has_room_for(self, length: int) -> bool:
        is_within_all = length <= UNKNOWN_BYTES and self._unknown_bytes + length <= ALL_UNKNOWN_BYTES
        return length <= SMALL_BYTES or is_within_all

    @contextmanager
    def _holding_unknown(self, size: int) -> Iterator[None]:
        self._unknown_bytes += size
        try:
            yield
        finally:
            self._unknown_bytes -= size

    @contextmanager
    def _holding_known(self, caller: str, size: int) -> Iterator[None]:
        if self._known_bytes + size > ALL_KNOWN_BYTES or self._bytes_of[caller] + size > BYTES_OF_ONE_CALLER:
            raise Busy
        self._known_bytes += size
        self._bytes_of[caller] += size
        try:
            yield
        finally:
            self._known_bytes -= size
            self._bytes_of[caller] -= size
            if not self._bytes_of[caller]:
                del self._bytes_of[caller]


class _Body:
    """A body on its way, and what was read of it."""

    def __init__(self, request: Request, receive: Callable[[Request, float], Awaitable[tuple[bytes, bool]]]) -> None:
        self._request = request
        self._receive = receive
        self._kept = bytearray()
        self._goes_on = True

    async def read(self, max_bytes: int) -> bytes:
        """Read on until the end, or until there are more than ``max_bytes`` bytes, and return all that was read."""
        now = asyncio.get_running_loop().time
        window_ends_at, window_bytes = now() + WINDOW_SECONDS, 0
        while self._goes_on and len(self._kept) <= max_bytes:
            part, self._goes_on = await self._receive(self._request, window_ends_at)
            self._kept += part
            window_bytes += len(part)
            if window_bytes >= WINDOW_BYTES:
                window_ends_at, window_bytes = now() + WINDOW_SECONDS, 0
        return bytes(self._kept)

    async def drain(self, max_bytes: int) -> None:
        """Read the rest and keep none of it. Gives up when it takes too long, or is many times what is allowed."""
        self._kept.clear()
        ends_at, size = asyncio.get_running_loop().time() + DRAIN_SECONDS, 0
        while self._goes_on and size <= _DRAINED * max_bytes:
            try:
                part, self._goes_on = await self._receive(self._request, ends_at)
            except BodyTooSlow:
                return
            size += len(part)


def _length_of(request: Request) -> int | None:
    """Return how long the body is said to be, `None` when that is not said."""
    length = request.headers.get("content-length")
    if length is not None and length.isdecimal() and len(length) <= _MAX_LENGTH_DIGITS:
        return int(length)
    return None if length is not None or "transfer-encoding" in request.headers else 0


def _stopping() -> Busy:
    return Busy("The server is shutting down. Try again.")
