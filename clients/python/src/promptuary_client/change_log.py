"""The server's change log: requests for it, and its entries in answers. Sends nothing."""

from collections.abc import Mapping
from typing import Any

from promptuary_client import errors
from promptuary_client.changes import Change
from promptuary_client.settings import Settings
from promptuary_client.wire import Request, parse_json, prompts_path, read_params

EVENT_STREAM = "text/event-stream"

MAX_CURSOR = 40


def changes_request(settings: Settings, cursor: str | None) -> Request:
    """Return the request for the stream of changes after a cursor, or from now on."""
    headers = {"Accept": EVENT_STREAM, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    resume = {} if cursor is None else {"Last-Event-ID": cursor}
    return Request("GET", f"{prompts_path(settings)}changes/", read_params(settings), headers | resume)


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
