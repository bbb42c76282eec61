"""Chats: prompts that are lists of messages and of placeholders for messages.

A message is an object with a ``role`` and a ``content``, which is a text, a list of parts (objects or texts), or null beside
``tool_calls``, where it may be missing. A placeholder stands for any number of messages:
``{"type": "placeholder", "name": "history"}``, in short ``{"placeholder": "history"}``.

`chat_of` decides for the server, the pages, files and agents; `tests/vectors/templates.json` has cases that the client library and
the scripts of the pages have in common.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from promptuary.model.json_text import InvalidJson, dump_indented, parse

Entry: TypeAlias = dict[str, object]
"""A message or a placeholder, as it is stored."""

MAX_READABLE = 500
"""Maximum entries of a chat that readers see one by one; a longer one is shown as JSON."""


@dataclass(frozen=True, slots=True)
class ReadableEntry:
    """An entry for readers. ``rest`` is the indented JSON of everything else, empty if there is nothing else.

    A placeholder has no role and no text, but its name in ``placeholder``.
    """

    role: str
    text: str
    rest: str
    placeholder: str = ""

    @property
    def heading(self) -> str:
        """The role, or the placeholder with its name."""
        return f"placeholder {self.placeholder}" if self.placeholder else self.role


def chat_of(value: object) -> list[Entry] | None:
    """Return the entries of a JSON value that is a chat, `None` for any other."""
    if not isinstance(value, list) or not value:
        return None
    return value if all(is_message(entry) or placeholder_name(entry) for entry in value) else None


def chat_of_text(text: str) -> list[Entry] | None:
    """Return the entries of a text that is the JSON of a chat, `None` for any other: programs get all prompts as texts."""
    # Most texts are not JSON arrays, which the first character shows without parsing.
    if not text.lstrip(" \t\r\n").startswith("["):
        return None
    try:
        return chat_of(parse(text))
    except InvalidJson:
        return None


def is_message(value: object) -> bool:
    """Return `True` if a JSON value is a message."""
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return False
    content = value.get("content")
    if content is None:
        return isinstance(value.get("tool_calls"), list)
    return isinstance(content, str) or (isinstance(content, list) and all(isinstance(part, (dict, str)) for part in content))


def placeholder_name(value: object) -> str:
    """Return the name of a placeholder, and an empty text for everything else."""
    if not isinstance(value, dict) or "role" in value:
        return ""
    name = value.get("name") if value.get("type") == "placeholder" else value.get("placeholder")
    return name if isinstance(name, str) else ""


def content_texts(entry: Entry) -> Iterable[str]:
    """Return the texts of a message in which variables count: its content, or all texts of its parts."""
    content = entry.get("content") if "role" in entry else None
    return (content,) if isinstance(content, str) else json_texts(content)


def json_texts(value: object) -> Iterator[str]:
    """Yield all texts of a JSON value in order, without the keys of objects."""
    levels = [iter([value])]
    while levels:
        for current in levels[-1]:
            if isinstance(current, str):
                yield current
            elif isinstance(current, (dict, list)):
                levels.append(iter(current.values() if isinstance(current, dict) else current))
                break
        else:
            levels.pop()


def readable_chat(value: object) -> list[Entry] | None:
    """Return the entries of a chat, `None` for any other value and for chats with more than `MAX_READABLE` entries."""
    return None if isinstance(value, list) and len(value) > MAX_READABLE else chat_of(value)


def readable_entries(value: object) -> tuple[ReadableEntry, ...] | None:
    """Return the entries of a chat for readers, `None` for any other value and for chats with more than `MAX_READABLE` entries."""
    chat = readable_chat(value)
    return None if chat is None else tuple(map(readable_entry, chat))


def readable_entry(entry: Entry) -> ReadableEntry:
    """Return an entry for readers."""
    name = placeholder_name(entry)
    shown = {"placeholder", "name", "type"} if "type" in entry else {"placeholder"}
    if name:
        return ReadableEntry("", "", _rest({key: value for key, value in entry.items() if key not in shown}), name)
    # A text may also be in parts, some of which may be pictures; these are shown as they are.
    content = entry.get("content")
    text = content if isinstance(content, str) else ""
    rest = {key: value for key, value in entry.items() if key != "role" and (key != "content" or value != text)}
    return ReadableEntry(str(entry["role"]), text, _rest(rest))


def _rest(values: Entry) -> str:
    return dump_indented(values) if values else ""
