"""Chats as texts in which they are compared line by line, so that different chats have different texts.

Each entry begins with a line that is its heading. A content can have a line that looks like one, and then a message of a user could
be taken for one of the system. Chats with such lines are compared as JSON.
"""

from collections.abc import Iterable, Sequence

from promptuary.model.chats import Entry, ReadableEntry, readable_entry
from promptuary.model.json_text import InvalidJson, dump, dump_indented, parse

_ROLES = ("assistant", "developer", "function", "model", "system", "tool", "user")
_FIELDS = ("audio", "content", "function_call", "name", "refusal", "tool_call_id", "tool_calls")
_PLACEHOLDER = "placeholder "


def chat_text(entries: Sequence[ReadableEntry]) -> str:
    """Return entries as one text. Different chats may have the same; `chat_texts` tells them apart."""
    return "\n\n".join("\n".join(filter(None, (f"{each.heading}:", each.text, each.rest))) for each in entries)


def chat_texts(*chats: Sequence[Entry]) -> tuple[str, ...]:
    """Return chats as texts to compare with each other: of headings and contents, or all as JSON if readers could mix these up.

    Two of the texts are the same only if the chats are, except for the order of the keys of entries.
    """
    read = [[readable_entry(entry) for entry in chat] for chat in chats]
    entries = [entry for chat in chats for entry in chat]
    if _is_unambiguous(entries, [each for chat in read for each in chat]):
        return tuple(map(chat_text, read))
    return tuple(dump_indented(chat) if chat else "" for chat in chats)


def _is_unambiguous(entries: Sequence[Entry], read: Sequence[ReadableEntry]) -> bool:
    """Return `True` if a text of these entries can be read in one way only."""
    if any("\n" in each.heading or _folded(each.role).startswith(_PLACEHOLDER) for each in read):
        return False
    headings = {f"{_folded(name)}:" for name in (*_ROLES, *(each.heading for each in read))}
    fields = {*_FIELDS, *(key for entry in entries for key in entry)}
    if any(_has_heading(each.text, headings) or _ends_with_fields(each.text, fields) for each in read):
        return False
    return _tells_apart(entries, read)


def _tells_apart(entries: Iterable[Entry], read: Iterable[ReadableEntry]) -> bool:
    """Return `True` if entries that readers see alike are the same; some differ in what readers do not see."""
    known: dict[tuple[str, str, str], str] = {}
    for entry, each in zip(entries, read, strict=True):
        stored = dump(dict(sorted(entry.items())))
        if known.setdefault((each.heading, each.text, each.rest), stored) != stored:
            return False
    return True


def _has_heading(text: str, headings: set[str]) -> bool:
    lines = map(_folded, text.split("\n"))
    return any(line in headings or (line.startswith(_PLACEHOLDER) and line.endswith(":")) for line in lines)


def _folded(line: str) -> str:
    """Return a line as readers see it who overlook case and spaces at its ends."""
    return line.strip().casefold()


def _ends_with_fields(text: str, fields: set[str]) -> bool:
    """Return `True` if the end of a text looks like the other fields of a message, which are JSON below its text."""
    last = text[text.rfind("\n{") + 1 :]
    if not last.startswith("{"):
        return False
    try:
        value = parse(last)
    except InvalidJson:
        return False
    return isinstance(value, dict) and value.keys() <= fields and last == dump_indented(value)
