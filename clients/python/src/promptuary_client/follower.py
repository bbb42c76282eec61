"""Reader of the server's stream of changes, in a thread."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable

import httpx2

from promptuary_client import errors, threads
from promptuary_client.change_stream import ChangeStream, Check
from promptuary_client.connections import Connections
from promptuary_client.prompts import PromptKey
from promptuary_client.reports import report_defect
from promptuary_client.settings import Settings
from promptuary_client.transport import FAILURES, LAG_SECONDS, check_stream, error_from, stream_options


class Follower:
    """Thread that reads the stream over a connection of its own, and refreshes the keys that a change concerns.

    It holds the client weakly: a client that is no longer used is garbage collected, and the thread ends.
    """

    def __init__(self, settings: Settings, change_stream: ChangeStream, revalidate: Callable[[PromptKey], bool]) -> None:
        self._settings = settings
        self._change_stream = change_stream
        self._revalidate = weakref.WeakMethod(revalidate)
        self._stopping = threading.Event()
        self._connections: Connections | None = None
        self._process = os.getpid()
        self.thread = threading.Thread(target=self._run, name="promptuary-live", daemon=True)

    def start(self) -> bool:
        """Start the thread; return `False` if there can be none."""
        return threads.start(self.thread)

    def stop(self) -> None:
        """Interrupt the thread, without waiting for it."""
        if os.getpid() != self._process:
            # The connection is the parent's.
            return
        self._stopping.set()
        connections = self._connections
        if connections is not None:
            connections.end()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                error = self._follow()
                if not self._stopping.is_set():
                    self._stopping.wait(self._change_stream.on_disconnect(error))
        finally:
            self._change_stream.is_followed = False

    def _follow(self) -> errors.PromptuaryError | None:
        """Read the stream until it ends; return the error, or `None` if the server ended it."""
        request = self._change_stream.request()
        options = stream_options(request, self._settings.request_timeout)
        try:
            connections = self._connections = Connections(self._settings)
            if self._stopping.is_set():
                return None
            with connections.stream(request.method, request.path, **options) as response:
                check_stream(response, self._settings.request_timeout)
                for event in httpx2.EventSource(response):
                    self._apply(self._change_stream.take(event.event, event.id, event.data))
        except (errors.PromptuaryError, *FAILURES) as failure:
            return error_from(failure)
        except Exception as defect:  # noqa: BLE001 - it is logged there
            # Nothing joins this thread, and changes are only received as long as it runs.
            return report_defect(defect, "following changes")
        finally:
            self._end_connections()
        return None

    def _apply(self, checks: Iterable[Check]) -> None:
        old = self._change_stream.still_stale(self._ask(checks))
        if old and not self._stopping.wait(LAG_SECONDS):
            self._change_stream.still_stale(self._ask(old))

    def _ask(self, checks: Iterable[Check]) -> list[Check]:
        """Refresh keys; return those that the server confirmed."""
        confirmed = []
        for check in checks:
            revalidate = self._revalidate()
            if revalidate is None or self._stopping.is_set():
                break
            if revalidate(check.key):
                confirmed.append(check)
        return confirmed

    def _end_connections(self) -> None:
        connections, self._connections = self._connections, None
        if connections is not None:
            connections.end()
