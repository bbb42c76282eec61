"""Connections that any thread may interrupt: it shuts their sockets down, and the last thread that uses them closes them.

Closing a socket from another thread would not wake the one that reads from it, and its number could become that of another file.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx2

from promptuary_client import threads
from promptuary_client.settings import Settings
from promptuary_client.transport import FAILURES, open_http


class Connections:
    """An HTTP client and its open sockets."""

    def __init__(self, settings: Settings) -> None:
        self._client = open_http(settings)
        # A client that is garbage collected may end its connections while this thread holds the lock.
        self._lock = threading.RLock()
        self._sockets: list[socket.socket] = []
        self._connected: dict[int, socket.socket] = {}
        self._in_handshake: dict[int, socket.socket] = {}
        self._requests = 0
        self._is_ended = False

    @contextlib.contextmanager
    def stream(self, method: str, path: str, **options: Any) -> Iterator[httpx2.Response]:  # noqa: ANN401 - those of httpx2.
        """Send a request; the response's body is not read yet. Raises one of `FAILURES`."""
        with self._lock:
            if self._is_ended:
                raise RuntimeError("The client is closed.")
            self._requests += 1
        try:
            with self._client.stream(method, path, **options, extensions={"trace": self._trace}) as response:
                yield response
        finally:
            with self._lock:
                self._connected.pop(threading.get_ident(), None)
                self._requests -= 1
                is_last = self._is_ended and self._requests == 0
            if is_last:
                self._close()

    def end(self) -> None:
        """Interrupt all requests and close all connections, without waiting."""
        with self._lock:
            self._is_ended = True
            for each in (*self._sockets, *self._in_handshake.values()):
                _shut_down(each)
            is_unused = self._requests == 0
        if is_unused:
            self._close()

    def _close(self) -> None:
        with contextlib.suppress(*FAILURES):
            self._client.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        """Note each step of a request, in its thread, so that it can be interrupted at any of them."""
        _, step, state = event.rsplit(".", 2)
        if step in ("connect_tcp", "connect_unix_socket"):
            self._note_connecting(state, info.get("return_value"))
        elif step == "start_tls":
            self._note_handshake(state, info.get("return_value"))

    def _note_connecting(self, state: str, stream: Any) -> None:  # noqa: ANN401 - httpx2 has no name for it.
        if state == "started":
            threads.begin_connecting()
        else:
            threads.end_connecting()
        if self._is_ended:
            # Nothing waits for a thread that was connecting, so it must not begin a handshake, which runs in OpenSSL.
            threads.end_connecting()
            if stream is not None:
                stream.close()
            raise RuntimeError("The client is closed.")
        self._add(stream)

    def _note_handshake(self, state: str, stream: Any) -> None:  # noqa: ANN401 - httpx2 has no name for it.
        """Keep a second handle of the socket during a handshake, which takes the first handle away."""
        thread = threading.get_ident()
        with self._lock:
            handle = self._in_handshake.pop(thread, None)
            if handle is not None:
                handle.close()
            connected = self._connected.get(thread)
            if state == "started" and connected is not None:
                handle = self._in_handshake[thread] = socket.fromfd(connected.fileno(), connected.family, connected.type)
                if self._is_ended:
                    _shut_down(handle)
        self._add(stream)

    def _add(self, stream: Any) -> None:  # noqa: ANN401 - httpx2 has no name for it.
        opened = None if stream is None else stream.get_extra_info("socket")
        if isinstance(opened, socket.socket):
            with self._lock:
                self._sockets = [*(each for each in self._sockets if each.fileno() >= 0), opened]
                self._connected[threading.get_ident()] = opened
                if self._is_ended:
                    _shut_down(opened)


def _shut_down(connected: socket.socket) -> None:
    """Wake the thread that reads from a socket, which then closes it."""
    with contextlib.suppress(OSError):
        # The method of a TLS socket would take its TLS layer away from that thread.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
