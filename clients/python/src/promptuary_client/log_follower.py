"""Reader of the change log for a program, in its thread."""

import os
import threading
from collections.abc import Generator, Iterator

import httpx2

from promptuary_client import errors
from promptuary_client.change_log import LogReader
from promptuary_client.changes import Change
from promptuary_client.connections import Connections
from promptuary_client.settings import Settings
from promptuary_client.transport import FAILURES, check_stream, error_from, stream_options


class LogFollower:
    """Reads the stream of changes over a connection of its own, in the thread that asks for the next change."""

    def __init__(self, settings: Settings, reader: LogReader) -> None:
        self._settings = settings
        self._reader = reader
        self._stopping = threading.Event()
        self._connections: Connections | None = None
        self._process = os.getpid()

    def stop(self) -> None:
        """End the iteration, from any thread, without waiting for it."""
        self._stopping.set()
        self._end_connections(self._connections)

    def changes(self) -> Iterator[Change]:
        """Yield changes until `stop`. Raises `PromptuaryError` if another attempt to connect would fail, too."""
        while not self._stopping.is_set():
            error = yield from self._read()
            if not self._stopping.is_set():
                self._stopping.wait(self._reader.on_end(error))

    def _read(self) -> Generator[Change, None, errors.PromptuaryError | None]:
        """Yield changes until the stream ends; return the error, or `None` if the server ended it."""
        request = self._reader.request()
        options = stream_options(request, self._settings.request_timeout)
        connections: Connections | None = None
        try:
            connections = self._connections = Connections(self._settings)
            if self._stopping.is_set():
                return None
            with connections.stream(request.method, request.path, **options) as response:
                check_stream(response, self._settings.request_timeout)
                for event in httpx2.EventSource(response):
                    change = self._reader.take(event.event, event.id, event.data)
                    if self._stopping.is_set():
                        break
                    if change is not None:
                        yield change
        except (errors.PromptuaryError, *FAILURES) as failure:
            return error_from(failure)
        finally:
            self._end_connections(connections)
        return None

    def _end_connections(self, connections: Connections | None) -> None:
        # In a child process, the connection is the parent's.
        if connections is not None and os.getpid() == self._process:
            connections.end()
