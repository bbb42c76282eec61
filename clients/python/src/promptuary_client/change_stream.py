"""Position of a client in the server's stream of changes: effects of events on memory, and reconnection. No I/O."""

import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from promptuary_client import errors
from promptuary_client.backoff import MAX_SECONDS, StreamBackoff
from promptuary_client.change_log import MAX_PAUSE_SECONDS, changes_request, is_cursor, read_event
from promptuary_client.changes import Change
from promptuary_client.core import Core
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.reports import report_stream
from promptuary_client.settings import Settings
from promptuary_client.wire import Request


class Check(NamedTuple):
    """A key to refresh, and the change that concerns it, if it is a single one."""

    key: PromptKey
    change: Change | None


class ChangeStream:
    """Reads events and returns the keys to refresh. Not thread-safe: used by one thread or task at a time."""

    def __init__(
        self,
        settings: Settings,
        core: Core,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._core = core
        self._backoff = StreamBackoff(clock, rng)
        self._cursor: str | None = None
        self.is_followed = False
        """State: `True` while the stream is read."""

    def request(self) -> Request:
        """Return the request for the stream, which continues where the last one ended."""
        return changes_request(self._settings, self._cursor)

    def take(self, kind: str, cursor: str, data: str) -> list[Check]:
        """Apply an event; return the keys to refresh, most recently used first."""
        checks: list[Check] = []
        if kind in ("ready", "reset"):
            # Content that was fetched before the first stream began may have changed before it began, too.
            is_gap = kind == "reset" or self._cursor is None
            checks = self._all() if is_gap else []
            self._begin()
        elif kind == "change":
            checks = self._concerned(data)
        # Only now: an event whose processing fails is sent again.
        if is_cursor(cursor):
            self._cursor = cursor
        return checks

    def still_stale(self, checks: Iterable[Check]) -> list[Check]:
        """Return the keys whose content is still older than the change; they are due for a refresh again.

        Servers that share a database are notified of a change one after the other, perhaps after the request was answered.
        """
        old = [check for check in checks if check.change and self._is_stale(check.key, check.change)]
        for check in old:
            self._core.invalidate(partial(_is_key, check.key), check.change)
        return old

    def on_disconnect(self, error: errors.PromptuaryError | None) -> float:
        """Record the end of the stream; return the seconds to wait before the next attempt."""
        self.is_followed = False
        if error is not None and self._backoff.is_news():
            report_stream(self._settings, error)
        # A server without a stream is asked less often.
        is_elsewhere = isinstance(error, (errors.InvalidResponseError, errors.RejectedError))
        limit = MAX_SECONDS if is_elsewhere else MAX_PAUSE_SECONDS
        return self._backoff.end(retry_after=getattr(error, "retry_after", None), max_seconds=limit)

    def _begin(self) -> None:
        self.is_followed = True
        self._backoff.begin()
        self._core.mark_reachable()

    def _concerned(self, data: str) -> list[Check]:
        try:
            change = read_event(data)
        except errors.InvalidResponseError:
            # A newer server may send changes that this client does not know.
            return self._all()
        return [Check(key, change) for key in self._core.invalidate(change.concerns, change)]

    def _all(self) -> list[Check]:
        return [Check(key, None) for key in self._core.invalidate(lambda _key, _known: True)]

    def _is_stale(self, key: PromptKey, change: Change) -> bool:
        content = self._core.known(key)
        return content is not None and change.comes_after(key, content)


def _is_key(sought: PromptKey, key: PromptKey, _known: Content | None) -> bool:
    return key == sought
