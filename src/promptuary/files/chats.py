"""Chats as people read them in a file: entry by entry, each below a line that says what it is.

    <!-- role: system -->
    Answer kindly.

    <!-- placeholder: history -->

    <!-- role: user {"name": "ada"} -->
    {{question}}

    <!-- json -->
    {
      "role": "assistant",
      "content": null,
      "tool_calls": []
    }

The text of a message stands as it is; its other fields are JSON beside the role. An entry that this would not bring back exactly is
JSON as a whole, such as one whose content is no text.
"""

import re

from promptuary.files.errors import InvalidFile
from promptuary.model.chats import Entry, is_message, placeholder_name
from promptuary.model.json_text import InvalidJson, dump, dump_indented, parse
from promptuary.model.variables import is_name

_MARK = re.compile(r"^<!-- (?:role: ([A-Za-z0-9_-]+)(?: (\{.*\}))?|placeholder: ([^\s<>{}]+)|json) -->$", re.MULTILINE)
_GROUPS = 3
_FRAGILE = re.compile("[\0\r]")
_JSON = "<!-- json -->"


def write_chat(chat: list[Entry]) -> str:
    """Write a chat, so that `read_chat` returns the same."""
    return "\n\n".join(map(_written, chat))


def read_chat(body: str) -> list[object]:
    """Read the entries of a chat. Raises `InvalidFile`."""
    before, *parts = _MARK.split(body)
    if before.strip() or not parts:
        raise InvalidFile("A chat begins with a line such as <!-- role: system -->.")
    roles, fields, placeholders, texts = (parts[at :: _GROUPS + 1] for at in range(_GROUPS + 1))
    # Between two entries stands an empty line; the last one ends with the file.
    *before_last, last = (text.removeprefix("\n") for text in texts)
    ended = [*(text.removesuffix("\n").removesuffix("\n") for text in before_last), last]
    return [_read(*each) for each in zip(range(1, len(texts) + 1), roles, fields, placeholders, ended, strict=True)]


def _written(entry: Entry) -> str:
    name = placeholder_name(entry)
    if name and list(entry.items()) == [("type", "placeholder"), ("name", name)] and is_name(name):
        return f"<!-- placeholder: {name} -->"
    text = entry.get("content")
    if list(entry)[:2] == ["role", "content"] and isinstance(text, str) and not _MARK.search(text) and not _FRAGILE.search(text):
        mark = _role_mark(str(entry["role"]), {key: value for key, value in entry.items() if key not in {"role", "content"}})
        if _MARK.fullmatch(mark):
            return f"{mark}\n{text}"
    return f"{_JSON}\n{dump_indented(entry)}"


def _role_mark(role: str, rest: Entry) -> str:
    # The end of a comment may not stand in it.
    return f"<!-- role: {role}{' ' + dump(rest).replace('>', chr(92) + 'u003e') if rest else ''} -->"


def _read(number: int, role: str | None, rest: str | None, placeholder: str | None, text: str) -> object:
    if role is not None:
        more = {} if rest is None else _object(number, rest)
        if more.keys() & {"role", "content"}:
            raise InvalidFile(f"Entry {number} of the chat has its role or content twice.")
        return {"role": role, "content": text} | more
    if placeholder is not None:
        if text.strip():
            raise InvalidFile(f"Entry {number} of the chat is a placeholder, below which there can be no text.")
        return {"type": "placeholder", "name": placeholder}
    entry = _object(number, text)
    if not is_message(entry) and not placeholder_name(entry):
        raise InvalidFile(f"Entry {number} of the chat is neither a message nor a placeholder.")
    return entry


def _object(number: int, text: str) -> Entry:
    try:
        value = parse(text)
    except InvalidJson as error:
        raise InvalidFile(f"The JSON of entry {number} of the chat cannot be read: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidFile(f"The JSON of entry {number} of the chat must be an object.")
    return value
