"""The changes of a project on another server, as they happen: a stream of server-sent events."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from promptuary.model.json_text import InvalidJson
from promptuary.remote import answers
from promptuary.remote.client import Remote
from promptuary.remote.errors import RemoteError
from promptuary.remote.reading import json_of

_PATH = "llm_prompts/changes/"
_SILENCE_SECONDS = 60.0
"""Maximum time without a byte; servers send a heartbeat four times as often."""

_MAX_EVENT = 1_000_000

_CHANGE: answers.Shape = {
    "cursor": answers.cursor,
    "kind": answers.text,
    "prompt_name": answers.prompt_name,
    "version": answers.optional_version,
    "label": answers.optional_label,
    "from_version": answers.optional_version,
    "to_version": answers.optional_version,
    "affected_prompts": answers.texts,
    "actor": answers.author,
    "created_at": answers.moment,
}
"""A change of a prompt, as streams have it."""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A message of the stream. ``kind`` is ``ready``, ``change``, or ``reset`` if changes behind the cursor are gone."""

    kind: str
    cursor: str
    change: dict[str, Any] | None = None
    """The change, checked."""


def follow_changes(
    remote: Remote, *, names: Sequence[str] = (), labels: Sequence[str] = (), after: str | None = None
) -> Generator[ChangeEvent]:
    """Yield messages until the server ends the stream; it begins behind the cursor ``after``, or now.

    Changes are those of one of the names or labels, or all. Raises `Unreachable` if the connection is lost, else `RemoteError`.
    """
    query = {"name": list(names), "label": list(labels), "after": after}
    with remote.streamed(_PATH, query, silence=_SILENCE_SECONDS) as parts:
        for fields in _messages(parts):
            kind = fields.get("event", "")
            if kind in {"ready", "reset", "change"}:
                yield _event(kind, fields)


def _messages(parts: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """Divide the bytes of a stream into messages, each with its fields."""
    pending = b""
    for part in parts:
        *whole, pending = (pending + part).split(b"\n\n")
        if len(pending) > _MAX_EVENT:
            raise RemoteError("The server sent an event without an end.")
        for message in whole:
            lines = message.decode(errors="replace").split("\n")
            yield {field: value.removeprefix(" ") for field, _, value in (line.partition(":") for line in lines)}


def _event(kind: str, fields: dict[str, str]) -> ChangeEvent:
    head = answers.checked({"cursor": fields.get("id", "")}, {"cursor": answers.cursor}, "an event")
    if kind != "change":
        return ChangeEvent(kind, head["cursor"])
    try:
        change = json_of(fields.get("data", "").encode())
    except InvalidJson:
        raise RemoteError("The server sent a change that is not JSON.") from None
    return ChangeEvent(kind, head["cursor"], answers.checked(change, _CHANGE, "a change"))
