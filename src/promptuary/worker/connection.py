"""HTTP/1.1 connections: uvicorn's, with a shortcut for requests that were seen before and limits on heads that do not end."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from promptuary.api.errors import BAD_REQUEST, HEAD_TOO_LARGE, Body, json_response
from promptuary.delivery.shortcut import CachedHead, Shortcut
from promptuary.http.body import DRAIN_SECONDS
from promptuary.http.content_type_options import NO_SNIFFING
from promptuary.http.request_ids import take_ids
from promptuary.http.request_recorder import RequestRecorder, sent_id
from promptuary.http.scope import ABORT, HEAD, REFUSED

KEEP_SECONDS = 75
"""Keep-alive timeout, as long as that of common programs and proxies."""

HEAD_SECONDS = 30.0
"""Timeout for the headers of a request."""

LINGER_SECONDS = 2.0
"""Time to read the rest of rejected headers: an early close would cause a connection reset instead of the error response."""

_MAX_HEAD_BYTES = 65_536
_MAX_KNOWN_HEAD_BYTES = 4_096
_START = b"GET /api/"
_WITH_HOST = "1.1"
# What RFC 3986 lets a name or address of a server be, with a port. It may be empty: some targets have none.
_HOST = re.compile(rb"(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-fv:.]+\])(?::[0-9]{0,5})?")
_END = b"\r\n\r\n"
_NOTHING = "-"


class _Head(NamedTuple):
    """A whole head: its digest, and the id that its caller has given the request."""

    digest: bytes
    request_id: str | None


def connections_with(shortcut: Shortcut | None, recorder: RequestRecorder | None = None) -> Callable[..., HttpToolsProtocol]:
    """Return a factory of connections that ask a shortcut first. ``recorder`` records the requests that they reject themselves."""
    return partial(Connection, shortcut, recorder)


NEEDED_OF_UVICORN = frozenset(
    {
        *("__init__", "connection_made", "connection_lost", "data_received", "shutdown", "timeout_keep_alive_handler"),
        *("on_message_begin", "on_header", "on_headers_complete", "on_message_complete", "on_response_complete"),
        *("_unset_keepalive_if_required", "send_400_response", "timeout_keep_alive", "timeout_keep_alive_task"),
        *("client", "cycle", "flow", "headers", "loop", "parser", "scope", "server_state", "transport"),
    }
)
"""Attributes of uvicorn's connections that `Connection` uses or replaces. They are not part of uvicorn's public interface, so a
test checks that the installed version has them, and that `Connection` needs no others."""


class Connection(HttpToolsProtocol):
    """One connection of a client.

    A request that comes whole, alone and with nothing else in progress may be answered by the shortcut. All others, and those that
    it gives back, are parsed and handed to the application.
    """

    def __init__(
        self,
        shortcut: Shortcut | None,
        recorder: RequestRecorder | None,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._shortcut = shortcut
        self._recorder = recorder
        self._caller = hashlib.sha256()
        # The request that the shortcut was asked to answer.
        self._asked: tuple[bytes, _Head] | None = None
        # What is being parsed, if that is one whole head.
        self._head: _Head | None = None
        self._is_in_head = self._is_in_request = False
        self._is_refused = False
        self._head_bytes = self._trailer_bytes = 0
        self._head_ends_at = 0.0
        self._drain_ends_at = 0.0
        self._used_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """`True` while the shortcut has a request of this connection."""
        return self._asked is not None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as asyncio has it
        """Begin."""
        super().connection_made(transport)
        self._caller = hashlib.sha256((self.client[0] if self.client else "").encode() + b"\0")
        self._limit_silence(KEEP_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the connection, also during a request."""
        self._asked = None
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived: a request that was seen before to the shortcut, everything else to the parser."""
        self.pass_on()
        if self._shortcut is None or self._is_busy() or self.flow.write_paused or not _is_whole_head(data):
            self._parse(data)
            return
        head, with_ids = _Head(self._digest(data), None), b""
        seen = self._shortcut.find(head.digest)
        if seen is None:
            rest, request_id = take_ids(data)
            if len(rest) < len(data):
                head, with_ids = _Head(self._digest(rest), request_id), data
                seen = self._shortcut.find(head.digest)
        if seen is None:
            self._parse(data, head)
        else:
            self._asked = data, head
            self._shortcut.ask(self, seen, with_ids, head.request_id)

    def answer(self, seen: CachedHead, request_id: str) -> None:
        """Send the answer that the shortcut has found."""
        self._asked = None
        self._used_at = self.loop.time()
        common = _encoded(self.server_state.default_headers)
        self.transport.write(b"".join((seen.status_line, common, seen.headers, request_id.encode(), _END, seen.body)))

    def pass_on(self) -> None:
        """Let the application answer what the shortcut was asked for."""
        if self._asked is not None:
            (data, head), self._asked = self._asked, None
            self._parse(data, head)

    def shutdown(self) -> None:
        """Close the connection after the current request, if any."""
        self.pass_on()
        super().shutdown()

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._is_in_head = self._is_in_request = True
        self._trailer_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of a head. Trailers after a body are only counted."""
        if self._is_in_head:
            super().on_header(name, value)
            return
        self._trailer_bytes += len(name) + len(value)
        if self._trailer_bytes > _MAX_HEAD_BYTES:
            self._is_refused = True
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Let the application know how to break the connection, and by what to cache these headers if it stays open."""
        self._is_in_head = False
        self.scope[ABORT] = self.transport.abort  # type: ignore[typeddict-unknown-key]
        if not self._has_sound_host():
            self.scope[REFUSED] = True  # type: ignore[typeddict-unknown-key]
        head = self._head
        goes_on = self.parser.should_keep_alive() and not self.parser.should_upgrade()
        if head is not None and goes_on and head.request_id == sent_id(self.headers):
            self.scope[HEAD] = head.digest  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Note that a request is answered, and limit the time for the rest of its body, which is discarded."""
        super().on_response_complete()
        if self._is_in_request and not self._is_answering():
            self._drain_ends_at = self.loop.time() + DRAIN_SECONDS
            self._limit_silence(DRAIN_SECONDS)

    def on_message_complete(self) -> None:
        """Note that a request is there as a whole."""
        self._is_in_request = False
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was silent for too long."""
        left = self._used_at + self.timeout_keep_alive - self.loop.time()
        if not self._is_in_request and left > 0:
            # The shortcut does not set the clock each time.
            self._limit_silence(left)
        elif not self._is_answering():
            super().timeout_keep_alive_handler()

    def _has_sound_host(self) -> bool:
        hosts = [value for name, value in self.headers if name == b"host"]
        is_one = len(hosts) == 1 or (not hosts and self.parser.get_http_version() != _WITH_HOST)
        return is_one and all(_HOST.fullmatch(host) for host in hosts)

    def _digest(self, head: bytes) -> bytes:
        digest = self._caller.copy()
        digest.update(head)
        return digest.digest()

    def _parse(self, data: bytes, head: _Head | None = None) -> None:
        if self._is_refused:
            return
        self._head = head
        super().data_received(data)
        self._head = None
        if self.transport.is_closing() or self._is_answering():
            self._head_bytes = 0
        elif self._is_in_head:
            self._limit_head(len(data))
        elif self._is_in_request:
            self._limit_silence(self._drain_ends_at - self.loop.time())
        else:
            self._limit_silence(KEEP_SECONDS)

    def _limit_head(self, arrived_bytes: int) -> None:
        if self._head_bytes == 0:
            self._head_ends_at = self.loop.time() + HEAD_SECONDS
        self._head_bytes += arrived_bytes
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._refuse_head()
        else:
            self._limit_silence(self._head_ends_at - self.loop.time())

    def _refuse_head(self) -> None:
        self._is_refused = True
        self._send_refusal(431, HEAD_TOO_LARGE)
        self.transport.write_eof()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what the parser says of it is not for clients
        """Refuse what is no HTTP."""
        self._send_refusal(400, BAD_REQUEST)
        self.transport.close()

    def _send_refusal(self, status: int, error: Body) -> None:
        """Send an answer to what never became a request of the application, and write it down like any other."""
        request_id = self._recorder.new_id() if self._recorder else secrets.token_hex(16)
        answer = json_response(error, status, {"Connection": "close", "X-Request-ID": request_id})
        lines = [STATUS_LINE[status], _encoded(self.server_state.default_headers)]
        lines += [b"%b: %b\r\n" % header for header in (*answer.raw_headers, NO_SNIFFING)]
        self.transport.write(b"".join([*lines, b"\r\n", answer.body]))
        if self._recorder is None:
            return
        facts = {"method": _NOTHING, "path": _NOTHING, "client": self.client}
        self._recorder.note(facts, status=status, request_id=request_id, seconds=0.0)

    def _limit_silence(self, seconds: float) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(max(0.0, seconds), self.timeout_keep_alive_handler)

    def _is_busy(self) -> bool:
        return self._is_in_request or self._is_answering()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete


def _is_whole_head(data: bytes) -> bool:
    return data.startswith(_START) and len(data) <= _MAX_KNOWN_HEAD_BYTES and data.find(_END) == len(data) - len(_END)


def _encoded(headers: list[tuple[bytes, bytes]], known: dict[int, tuple[object, bytes]] = {}) -> bytes:  # noqa: B006 - one entry, for the present second
    """Return the lines of the headers that all answers have; uvicorn makes a new list each second."""
    listed, lines = known.get(0, (None, b""))
    if listed is not headers:
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        known[0] = headers, lines
    return lines
