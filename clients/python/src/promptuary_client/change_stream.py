"""Where a client is in the server's stream of changes: what each event changes in memory, and when to connect again. No I/O."""

import random
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from promptuary_client import errors
from promptuary_client.backoff import Backoff
from promptuary_client.changes import Change, changes_request, is_cursor, read_change
from promptuary_client.core import Core
from promptuary_client.prompts import PromptKey
from promptuary_client.reports import report_stream
from promptuary_client.settings import Settings
from promptuary_client.wire import Request

STEADY_SECONDS = 5.0
"""A stream that lived this long was a good one: the next attempt comes soon."""

MAX_PAUSE_SECONDS = 30.0
"""The longest pause between attempts to reach a server. One that has no stream to offer is asked more rarely still."""


class Check(NamedTuple):
    """A key that is to be asked for, and the change that concerns it, if it is a single one."""

    key: PromptKey
    change: Change | None


class ChangeStream:
    """Reads events and has what they concern asked for. One thread or task at a time uses it."""

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
        self._clock = clock
        self._random = rng
        self._backoff = Backoff()
        self._cursor: str | None = None
        self._ready_at = 0.0
        self._is_told = False
        self.is_followed = False
        """Whether the stream is read at the moment."""

    def request(self) -> Request:
        """Return the request for the stream, which goes on where the last one ended."""
        return changes_request(self._settings, self._cursor)

    def take(self, kind: str, cursor: str, data: str) -> list[Check]:
        """Take in an event; return what is to be asked for, most recently used first. Until it is, it is due for a refresh."""
        checks: list[Check] = []
        if kind in ("ready", "reset"):
            # What was fetched before the first stream began may have changed before it began, too.
            is_gap = kind == "reset" or self._cursor is None
            checks = self._all() if is_gap else []
            self._begin()
        elif kind == "change":
            checks = self._concerned(data)
        # Only now: what was cut short is told again.
        if is_cursor(cursor):
            self._cursor = cursor
        return checks

    def still_stale(self, checks: Iterable[Check]) -> list[Check]:
        """Return those whose content is still what was there before the change, which are due for a refresh again.

        Servers that share a database hear of a change one after the other; the one that was asked may not have heard of it yet.
        """
        old = [check for check in checks if check.change and self._is_stale(check.key, check.change)]
        for check in old:
            self._core.invalidate(check.key.__eq__)
        return old

    def on_disconnect(self, error: errors.PromptuaryError | None) -> float:
        """Note that the stream has ended, and why; return after how many seconds to connect again."""
        now = self._clock()
        if self.is_followed and now - self._ready_at >= STEADY_SECONDS:
            self._backoff.succeed()
        self.is_followed = False
        if error is not None and not self._is_told:
            self._is_told = True
            report_stream(self._settings, error)
        is_elsewhere = isinstance(error, (errors.InvalidResponseError, errors.RejectedError))
        most = {} if is_elsewhere else {"most": MAX_PAUSE_SECONDS}
        self._backoff.fail(now, self._random, retry_after=getattr(error, "retry_after", None), **most)
        return self._backoff.until - now

    def _begin(self) -> None:
        self.is_followed, self._is_told, self._ready_at = True, False, self._clock()
        self._core.mark_reachable()

    def _concerned(self, data: str) -> list[Check]:
        try:
            change = read_change(data)
        except errors.InvalidResponseError:
            # Something has changed, and this client does not understand what.
            return self._all()
        return [Check(key, change) for key in self._core.invalidate(change.concerns)]

    def _all(self) -> list[Check]:
        return [Check(key, None) for key in self._core.invalidate(lambda _key: True)]

    def _is_stale(self, key: PromptKey, change: Change) -> bool:
        content = self._core.known(key)
        return content is not None and change.comes_after(key, content)
