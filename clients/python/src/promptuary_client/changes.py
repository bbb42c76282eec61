"""Changes as the server reports them, and the cached prompts that they concern. Sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptuary_client import errors
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.references import Reference
from promptuary_client.settings import Settings
from promptuary_client.wire import Request, parse_json, prompts_path, read_params

EVENT_STREAM = "text/event-stream"

MAX_CURSOR = 40


@dataclass(frozen=True)
class Change:
    """Entry of the server's change log, with the fields that a cache needs. Fields that do not apply are `None`."""

    kind: str
    prompt: str | None
    label: str | None
    version: int | None
    from_version: int | None
    affected: frozenset[str] = frozenset()
    """Prompts that follow the label by a reference, and so have another text."""

    @property
    def is_of_label(self) -> bool:
        """True if only a label has changed."""
        return self.kind.startswith("label.") and self.label is not None

    def concerns(self, key: PromptKey, known: Content | None = None) -> bool:
        """Return `True` if this change may change the content of a key. ``known`` is that which the client has."""
        if key.name == self.prompt:
            return self._concerns_own(key)
        if not key.resolve:
            return False
        # Old versions without a label are not among the affected ones, but may be known with their parts.
        parts = () if known is None else known.references
        return key.name in self.affected or any(each.name == self.prompt and self._concerns_own(_key(each)) for each in parts)

    def _concerns_own(self, key: PromptKey) -> bool:
        if self.is_of_label:
            return key.label == self.label
        if self.kind == "prompt.published":
            return key.version is None and key.label is None
        # The copy is reported as a prompt that was created.
        return self.kind != "prompt.duplicated"

    def comes_after(self, key: PromptKey, content: Content) -> bool:
        """Return `True` if a content is older than this change."""
        if key.name != self.prompt:
            is_old = self.is_of_label and self.from_version is not None
            return is_old and Reference(str(self.prompt), self.from_version or 0, self.label) in content.references
        if key.version is not None or content.version is None:
            return False
        if self.is_of_label:
            return content.version == self.from_version
        return self.kind == "prompt.published" and self.version is not None and content.version < self.version


def changes_request(settings: Settings, cursor: str | None) -> Request:
    """Return the request for the stream of changes after a cursor, or from now on."""
    headers = {"Accept": EVENT_STREAM, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    resume = {} if cursor is None else {"Last-Event-ID": cursor}
    return Request("GET", f"{prompts_path(settings)}changes/", read_params(settings), headers | resume)


def is_cursor(text: str) -> bool:
    """Return `True` if a text is a cursor, which is sent back to the server unchanged."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR


def read_change(data: str) -> Change:
    """Return the change of an event. Raises `InvalidResponseError`."""
    row = parse_json(data.encode("utf-8", "surrogatepass"))
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
        raise errors.InvalidResponseError("The event is not a change.")
    return Change(
        kind=row["kind"],
        prompt=_text(row, "prompt_name"),
        label=_text(row, "label"),
        version=_number(row, "version"),
        from_version=_number(row, "from_version"),
        affected=_names(row, "affected_prompts"),
    )


def _key(reference: Reference) -> PromptKey:
    return PromptKey(reference.name, None if reference.label else reference.version, reference.label)


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
