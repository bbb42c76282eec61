"""Texts and chat messages with variables: parsing and compilation. No I/O.

A variable is ``{{name}}``; white space inside the braces does not matter. Everything is replaced in one pass, so values are
never expanded. A chat prompt is a JSON array whose entries are messages, objects with a ``role``, or placeholders for any
number of messages: ``{"type": "placeholder", "name": "history"}``, or in short ``{"placeholder": "history"}``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

from promptuary_client.errors import CompileError, MissingVariablesError
from promptuary_client.values import as_text

Message: TypeAlias = dict[str, Any]
"""A message of a chat, as the APIs of models take it: ``role`` and ``content``, and whatever else the prompt says."""
Missing: TypeAlias = Literal["error", "keep"]
"""Treatment of variables without a value: an error, or they stay in the text."""

_VARIABLE = re.compile(r"\{\{[ \t]*([\w.-]+)[ \t]*\}\}")


class Template:
    """Content of a prompt, parsed once and compiled many times."""

    def __init__(self, text: str, messages: tuple[Message, ...] | None = None) -> None:
        self.text = text
        self._given = messages

    @cached_property
    def messages(self) -> tuple[Message, ...] | None:
        """The entries of a chat prompt; `None` if it is a text."""
        return _parse_messages(self.text) if self._given is None else self._given

    @cached_property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders for messages, in order of appearance."""
        names = (_placeholder(entry) for entry in self.messages or ())
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in order of appearance."""
        texts: Iterable[str] = [self.text]
        if self.messages is not None:
            texts = (text for entry in self.messages if _placeholder(entry) is None for text in _texts(entry.get("content")))
        return tuple(dict.fromkeys(name for text in texts for name in _VARIABLE.findall(text)))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all variables and placeholders."""
        return frozenset((*self.variables, *self.placeholders))

    def unused(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """Return the names of values that the prompt does not have."""
        return tuple(name for name in values if name not in self.names)

    def compile_text(self, values: Mapping[str, object], missing: Missing) -> str:
        """Return the text with its variables replaced; that of a chat prompt is its JSON, so it is refused."""
        if self.messages is not None:
            raise CompileError("This prompt is a chat prompt: compile it to messages.")
        self._check(values, missing)
        return _fill(self.text, values)

    def compile_messages(self, values: Mapping[str, object], missing: Missing) -> list[Message]:
        """Return the messages with variables replaced and placeholders filled in. Raises `CompileError` for a text."""
        if self.messages is None:
            raise CompileError("This prompt is a text, not a list of chat messages.")
        self._check(values, missing)
        compiled: list[Message] = []
        for entry in self.messages:
            name = _placeholder(entry)
            if name is None:
                compiled.append({field: _fill_all(value, values, field == "content") for field, value in entry.items()})
            elif name in values:
                compiled.extend(_checked_messages(name, values[name]))
            else:
                compiled.append(dict(entry))
        return compiled

    def _check(self, values: Mapping[str, object], missing: Missing) -> None:
        if missing not in ("error", "keep"):
            raise CompileError(f"`missing` is 'error' or 'keep', not {missing!r}.")
        if missing == "error":
            absent = [name for name in self.variables if values.get(name) is None]
            absent += [name for name in self.placeholders if name not in values and name not in absent]
            if absent:
                raise MissingVariablesError(absent, self.unused(values))


def _parse_messages(text: str) -> tuple[Message, ...] | None:
    # Most texts are not JSON arrays, which the first character shows without parsing.
    if not text.lstrip(" \t\r\n").startswith("["):
        return None
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_chat = isinstance(entries, list) and bool(entries) and all(map(_is_entry, entries))
    return tuple(entries) if is_chat else None


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and (isinstance(entry.get("role"), str) or _placeholder(entry) is not None)


def _placeholder(entry: Mapping[str, object]) -> str | None:
    if "role" in entry:
        return None
    name = entry.get("name") if entry.get("type") == "placeholder" else entry.get("placeholder")
    return name if isinstance(name, str) and name else None


def _texts(value: object) -> Iterable[str]:
    """All strings in a message's content: itself, or those of its parts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _fill(text: str, values: Mapping[str, object]) -> str:
    def replacement(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[0] if value is None else as_text(value)

    return _VARIABLE.sub(replacement, text)


def _fill_all(value: object, values: Mapping[str, object], is_content: bool) -> object:  # noqa: FBT001 - the caller's own recursion.
    """Copy a value, so that callers cannot change what is cached; replace variables in it if it belongs to a content."""
    if isinstance(value, str):
        return _fill(value, values) if is_content else value
    if isinstance(value, dict):
        return {key: _fill_all(each, values, is_content) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_fill_all(each, values, is_content) for each in value]
    return value


def _checked_messages(name: str, value: object) -> list[Message]:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        messages = [dict(each) for each in value if isinstance(each, Mapping) and isinstance(each.get("role"), str)]
        if len(messages) == len(value):
            return messages
    raise CompileError(f"The placeholder '{name}' takes a list of messages, each with a role.")
