"""Chats: lists of messages and of placeholders for messages. No I/O.

A message is an object with a ``role`` and a ``content``, which is a text, a list of parts (objects or texts), or null beside
``tool_calls``, where it may be missing. A placeholder stands for any number of messages:
``{"type": "placeholder", "name": "history"}``, in short ``{"placeholder": "history"}``. The server and its pages decide alike.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]
"""A message of a chat, as the APIs of models take it: ``role`` and ``content``, and whatever else the prompt says."""


def chat_of(value: object) -> "tuple[Message, ...] | None":
    """Return the entries of a JSON value that is a chat, `None` for any other."""
    if not isinstance(value, list) or not value:
        return None
    return tuple(value) if all(_is_message(entry) or placeholder_name(entry) for entry in value) else None


def placeholder_name(entry: object) -> "str | None":
    """Return the name of a placeholder, `None` for everything else."""
    if not isinstance(entry, Mapping) or "role" in entry:
        return None
    name = entry.get("name") if entry.get("type") == "placeholder" else entry.get("placeholder")
    return name if isinstance(name, str) and name else None


def json_texts(value: object) -> Iterator[str]:
    """Yield all texts of a JSON value in order, without the keys of objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from json_texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from json_texts(each)


def _is_message(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return False
    content = value.get("content")
    if content is None:
        return isinstance(value.get("tool_calls"), list)
    return isinstance(content, str) or (isinstance(content, list) and all(isinstance(part, (dict, str)) for part in content))
