"""Following the server's stream of changes in a thread."""

import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import httpx2

from promptuary_client import errors
from promptuary_client.prompts import Key
from promptuary_client.reports import report_defect
from promptuary_client.settings import Settings
from promptuary_client.trail import Check, Trail
from promptuary_client.transport import FAILURES, LAG_SECONDS, check_stream, error_from, open_http, stream_options


class Follower:
    """A thread that reads the stream and asks for what changes concern, over a connection of its own.

    It holds what it asks with weakly: a client that is not used any more is let go, and the thread ends.
    """

    def __init__(self, settings: Settings, trail: Trail, revalidate: Callable[[Key], bool]) -> None:
        self._settings = settings
        self._trail = trail
        self._revalidate = weakref.WeakMethod(revalidate)
        self._stopping = threading.Event()
        self._stream: Any = None
        self._process = os.getpid()
        self.thread = threading.Thread(target=self._run, name="promptuary-live", daemon=True)

    def start(self) -> bool:
        """Start the thread. It is not waited for when the interpreter ends. Returns whether there can be one."""
        try:
            self.thread.start()
        except RuntimeError:
            return False
        return True

    def stop(self) -> None:
        """End the thread promptly, without waiting for it."""
        if os.getpid() != self._process:
            # The connection is the parent's.
            return
        self._stopping.set()
        self._cut()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                error = self._follow()
                if not self._stopping.is_set():
                    self._stopping.wait(self._trail.lose(error))
        finally:
            self._trail.is_followed = False

    def _follow(self) -> errors.PromptuaryError | None:
        """Read the stream until it ends; return why it did, `None` if the server ended it in peace."""
        request = self._trail.request()
        options = stream_options(request, self._settings.request_limit) | {"extensions": {"trace": self._note}}
        try:
            with (
                open_http(self._settings) as connections,
                connections.stream(request.method, request.path, **options) as response,
            ):
                check_stream(response)
                for event in httpx2.EventSource(response):
                    self._apply(self._trail.take(event.event, event.id, event.data))
        except (errors.PromptuaryError, *FAILURES) as failure:
            return error_from(failure)
        except Exception as defect:  # noqa: BLE001 - it is logged there
            # Nobody waits for this, and without it changes would never be heard of again.
            return report_defect(defect, "following changes")
        finally:
            self._stream = None
        return None

    def _apply(self, checks: Iterable[Check]) -> None:
        old = self._trail.still_old(self._ask(checks))
        if old and not self._stopping.wait(LAG_SECONDS):
            self._trail.still_old(self._ask(old))

    def _ask(self, checks: Iterable[Check]) -> list[Check]:
        """Ask for what is to be asked for; return those that the server has confirmed."""
        confirmed = []
        for check in checks:
            revalidate = self._revalidate()
            if revalidate is None or self._stopping.is_set():
                break
            if revalidate(check.key):
                confirmed.append(check)
        return confirmed

    def _note(self, event: str, info: dict[str, Any]) -> None:
        """Remember the connection as soon as there is one, so that it can be cut whatever it waits for."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = info["return_value"]
            if self._stopping.is_set():
                self._cut()

    def _cut(self) -> None:
        """Shut the connection down, which wakes whoever reads from it; closing it would not."""
        stream = self._stream
        connection = None if stream is None else stream.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
