"""A relay between a server and PostgreSQL that counts statements, round trips and bytes on the way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

_STATEMENTS = b"QE"
"""Types of messages that run a statement: a simple query, and the execution of a parsed one."""

_HEADER_BYTES = 5
_MAX_READ = 65_536
_REFUSED_ENCRYPTION = {80877103, 80877104}
"""Requests for TLS and GSSAPI, which have no type and which a server without either answers with one byte."""


@dataclass(slots=True)
class Traffic:
    """Counts of all that went through a relay so far."""

    statements: int = 0
    round_trips: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def minus(self, earlier: "Traffic") -> "Traffic":
        """Return what came after an earlier count."""
        return Traffic(
            self.statements - earlier.statements,
            self.round_trips - earlier.round_trips,
            self.bytes_sent - earlier.bytes_sent,
            self.bytes_received - earlier.bytes_received,
        )


class Relay:
    """Accepts connections on a port of its own and forwards them to a server's."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._traffic = Traffic()
        self.port: int = self._listener.getsockname()[1]

    def count(self) -> Traffic:
        """Return a copy of the counts."""
        with self._lock:
            return self._traffic.minus(Traffic())

    def serve(self) -> None:
        """Forward connections until the relay is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            turn = _Turn()
            threading.Thread(target=self._forward_requests, args=(client, server, turn), daemon=True).start()
            threading.Thread(target=self._forward_answers, args=(server, client, turn), daemon=True).start()

    def close(self) -> None:
        """Stop accepting; connections end with their ends."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _forward_requests(self, client: socket.socket, server: socket.socket, turn: "_Turn") -> None:
        messages = _Messages()
        while data := _receive(client):
            statements = messages.count(data)
            with self._lock:
                self._traffic.bytes_sent += len(data)
                self._traffic.statements += statements
                self._traffic.round_trips += not turn.is_of_client
            turn.is_of_client = True
            server.sendall(data)
        _end(server)

    def _forward_answers(self, server: socket.socket, client: socket.socket, turn: "_Turn") -> None:
        while data := _receive(server):
            with self._lock:
                self._traffic.bytes_received += len(data)
            turn.is_of_client = False
            client.sendall(data)
        _end(client)


@dataclass(slots=True)
class _Turn:
    """The side of a connection that sent last: each change to the client begins a round trip."""

    is_of_client: bool = False


class _Messages:
    """Counts statements in the bytes that a client sends, which may divide messages anywhere."""

    def __init__(self) -> None:
        self._rest = b""
        self._has_started = False

    def count(self, data: bytes) -> int:
        """Return the number of statements that these bytes complete."""
        self._rest += data
        found = 0
        while len(self._rest) >= _HEADER_BYTES:
            typed = self._has_started
            length = int.from_bytes(self._rest[typed : typed + 4]) + typed
            if len(self._rest) < length:
                break
            found += typed and self._rest[0] in _STATEMENTS
            if not typed:
                self._has_started = int.from_bytes(self._rest[4:8]) not in _REFUSED_ENCRYPTION
            self._rest = self._rest[length:]
        return found


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(_MAX_READ)
    except OSError:
        return b""


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, Relay]]:
    """Run a relay to the PostgreSQL of a URL; yield the URL through it, and the relay."""
    parts = urlsplit(url)
    relay = Relay(parts.hostname or "127.0.0.1", parts.port or 5432)
    thread = threading.Thread(target=relay.serve, daemon=True)
    thread.start()
    try:
        yield url.replace(f":{parts.port}/", f":{relay.port}/"), relay
    finally:
        relay.close()
        thread.join()
