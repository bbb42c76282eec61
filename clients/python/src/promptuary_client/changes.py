"""What the server tells of changes, and which remembered prompts a change concerns. Nothing is sent here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptuary_client import errors
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import Request, parse_json, prompts_path, read_params

EVENT_STREAM = "text/event-stream"

MAX_CURSOR = 40


@dataclass(frozen=True)
class Change:
    """An entry of the server's log of changes, as far as a cache is concerned. What does not apply is `None`."""

    kind: str
    prompt: str | None
    label: str | None
    version: int | None
    from_version: int | None

    @property
    def is_of_label(self) -> bool:
        """Whether nothing but a label has changed."""
        return self.kind.startswith("label.") and self.label is not None

    def concerns(self, key: PromptKey) -> bool:
        """Tell whether what is known of a key may be another after this change."""
        if key.name != self.prompt:
            return False
        if self.is_of_label:
            return key.label == self.label
        if self.kind == "prompt.published":
            return key.version is None and key.label is None
        # The copy is told of as a prompt that was created.
        return self.kind != "prompt.duplicated"

    def comes_after(self, key: PromptKey, content: Content) -> bool:
        """Tell whether a content looks like what was there before this change."""
        if key.version is not None or content.version is None:
            return False
        if self.is_of_label:
            return content.version == self.from_version
        return self.kind == "prompt.published" and self.version is not None and content.version < self.version


def changes_request(settings: Settings, cursor: str | None) -> Request:
    """Ask for the stream of changes: of those behind a cursor, or from now on."""
    headers = {"Accept": EVENT_STREAM, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    resume = {} if cursor is None else {"Last-Event-ID": cursor}
    return Request("GET", f"{prompts_path(settings)}changes/", read_params(settings), headers | resume)


def is_cursor(text: str) -> bool:
    """Tell whether a text is a cursor, which goes back to the server as it is."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR


def read_change(data: str) -> Change:
    """Return the change that an event tells. Raises `InvalidResponseError`."""
    row = parse_json(data.encode("utf-8", "surrogatepass"))
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        raise errors.InvalidResponseError("The event is not a change.")
    return Change(
        kind=row["kind"],
        prompt=_text(row, "prompt_name"),
        label=_text(row, "label"),
        version=_number(row, "version"),
        from_version=_number(row, "from_version"),
    )


def _text(row: Mapping[str, Any], field: str) -> str | None:
    value = row.get(field)
    if not isinstance(value, (str, type(None))):
        raise errors.InvalidResponseError(f"The field {field} of a change is no text.")
    return value


def _number(row: Mapping[str, Any], field: str) -> int | None:
    value = row.get(field)
    if not isinstance(value, (int, type(None))):
        raise errors.InvalidResponseError(f"The field {field} of a change is no number.")
    return value
