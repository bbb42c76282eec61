"""The server's change log: requests for it, its entries in answers, the position of a program that follows it. Sends nothing."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from promptuary_client import errors
from promptuary_client.backoff import StreamBackoff
from promptuary_client.changes import RESET, Change
from promptuary_client.reports import report_log
from promptuary_client.settings import Settings
from promptuary_client.wire import Answer, Operation, Request, parse_json, prompts_path, read_object, read_params

EVENT_STREAM = "text/event-stream"

MAX_CURSOR = 40

MAX_PAUSE_SECONDS = 30.0
"""Maximum pause between attempts to connect to the stream of changes."""


@dataclass(frozen=True)
class ChangeFilter:
    """A part of the log: changes of prompts with one of ``names``, and changes of one of ``labels``; without both, all changes."""

    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str], labels: Iterable[str]) -> "ChangeFilter":
        """Return a filter. Raises `ValueError` for a single text, whose characters would be names, and for what is no name."""
        if isinstance(names, str) or isinstance(labels, str):
            raise ValueError("`names` and `labels` are lists of names, and not a text.")  # noqa: TRY004 - as for all arguments.
        found = cls(tuple(names), tuple(labels))
        for name in (*found.names, *found.labels):
            _check_name(name)
        return found

    def params(self) -> dict[str, list[str]]:
        """Return the parameters of a request."""
        return {field: list(values) for field, values in (("name", self.names), ("label", self.labels)) if values}


EVERYTHING = ChangeFilter()


@dataclass(frozen=True)
class ChangePage:
    """Changes, oldest first; ``cursor`` continues behind them, and ``has_more`` if there are newer ones.

    ``is_reset`` if changes between the given cursor and the first one are no longer in the log.
    """

    changes: tuple[Change, ...]
    cursor: str
    has_more: bool
    is_reset: bool


def list_changes(settings: Settings, after: str | None, only: ChangeFilter, limit: int) -> Operation[ChangePage]:
    """Return a page of the log. Raises `ValueError` if the cursor is none."""
    params: dict[str, str | list[str]] = {**read_params(settings, after=check_cursor(after), limit=limit), **only.params()}
    return Operation(Request("GET", f"{prompts_path(settings)}changes/", params), _read_page)


def changes_request(settings: Settings, cursor: str | None, only: ChangeFilter = EVERYTHING) -> Request:
    """Return the request for the stream of changes after a cursor, or from now on."""
    headers = {"Accept": EVENT_STREAM, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    resume = {} if cursor is None else {"Last-Event-ID": cursor}
    params: dict[str, str | list[str]] = {**read_params(settings), **only.params()}
    return Request("GET", f"{prompts_path(settings)}changes/", params, headers | resume)


class LogReader:
    """Position of a program that follows the log, and pauses between its connections. Not thread-safe.

    Raises `ValueError` if ``after`` is no cursor.
    """

    def __init__(
        self,
        settings: Settings,
        after: str | None,
        only: ChangeFilter,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._cursor = check_cursor(after)
        self._only = only
        self._backoff = StreamBackoff(clock, rng)

    def request(self) -> Request:
        """Return the request for the stream, which continues where the last one ended."""
        return changes_request(self._settings, self._cursor, self._only)

    def take(self, kind: str, cursor: str, data: str) -> Change | None:
        """Return the change of an event, if it has one. Raises `InvalidResponseError`."""
        change = read_event(data) if kind == "change" else None
        if kind == "reset":
            change = Change(RESET, None, cursor=cursor)
        if kind in ("ready", "reset"):
            self._backoff.begin()
        if is_cursor(cursor):
            self._cursor = cursor
        return change

    def on_end(self, error: errors.PromptuaryError | None) -> float:
        """Record the end of the stream; return the seconds to wait before the next attempt.

        Raises the error if another attempt would fail, too.
        """
        if isinstance(error, (errors.RejectedError, errors.InvalidResponseError, errors.ConfigurationError)):
            raise error
        if error is not None and self._backoff.is_news():
            report_log(error)
        return self._backoff.end(retry_after=getattr(error, "retry_after", None), max_seconds=MAX_PAUSE_SECONDS)


def _check_name(name: object) -> None:
    if not (isinstance(name, str) and name and name.isprintable()):
        raise ValueError(f"{name!r} is not a valid name.")


def check_cursor(after: object) -> str | None:
    """Return a cursor, or `None`. Raises `ValueError`."""
    if after is None or (isinstance(after, str) and is_cursor(after)):
        return after
    raise ValueError("`after` is the cursor of a change, or None.")


def is_cursor(text: str) -> bool:
    """Return `True` if a text is a cursor, which is sent back to the server unchanged."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR


def read_event(data: str) -> Change:
    """Return the change of an event. Raises `InvalidResponseError`."""
    return read_change(parse_json(data.encode("utf-8", "surrogatepass")))


def read_change(row: object) -> Change:
    """Return an entry of the log. Raises `InvalidResponseError`."""
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        raise errors.InvalidResponseError("The event is not a change.")
    actor = row.get("actor")
    return Change(
        kind=row["kind"],
        name=_text(row, "prompt_name"),
        version=_number(row, "version"),
        label=_text(row, "label"),
        from_version=_number(row, "from_version"),
        to_version=_number(row, "to_version"),
        affected_prompts=_names(row, "affected_prompts"),
        actor=_text(actor, "email") if isinstance(actor, dict) else None,
        created_at=_text(row, "created_at"),
        cursor=_text(row, "cursor"),
    )


def _read_page(answer: Answer) -> ChangePage:
    found = read_object(answer)
    try:
        return ChangePage(
            changes=tuple(map(read_change, found["results"])),
            cursor=str(found["next_cursor"]),
            has_more=bool(found["has_more"]),
            is_reset=bool(found["reset"]),
        )
    except (KeyError, TypeError) as error:
        raise errors.InvalidResponseError("The answer is not a page of changes.") from error


def _names(row: Mapping[str, Any], field: str) -> frozenset[str]:
    names = row.get(field, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise errors.InvalidResponseError(f"The field {field} of a change is not a list of names.")
    return frozenset(names)


def _text(row: Mapping[str, Any], field: str) -> str | None:
    value = row.get(field)
    if not isinstance(value, (str, type(None))):
        raise errors.InvalidResponseError(f"The field {field} of a change is not a text.")
    return value


def _number(row: Mapping[str, Any], field: str) -> int | None:
    value = row.get(field)
    if not isinstance(value, (int, type(None))):
        raise errors.InvalidResponseError(f"The field {field} of a change is not a number.")
    return value
