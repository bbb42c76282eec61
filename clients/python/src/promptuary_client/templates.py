"""Texts, chats and other JSON with variables: parsing and compilation. No I/O.

A prompt arrives as a text, also one that is JSON. If that is the JSON of a chat, variables are those of the contents of its
messages. In any other array or object, they are those of its texts, and values are put in as JSON writes them. Everything is
replaced in one pass, so values are never expanded.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, NoReturn, TypeAlias

from promptuary_client.chats import Message, chat_of, json_texts, placeholder_name
from promptuary_client.contracts import (
    Contract,
    are_messages,
    as_placeholder,
    default_of,
    list_problems,
    messages_expected,
    must_be_given,
)
from promptuary_client.errors import CompileError, InvalidValuesError, MissingVariablesError
from promptuary_client.values import as_text
from promptuary_client.variables import find_names, replace

Missing: TypeAlias = Literal["error", "keep"]
"""Treatment of variables without a value: an error, or they stay in the text."""

# In a text that is JSON, quotes are the ends of its strings, or escaped.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?P<is_key>[ \t\r\n]*:)?')


class Template:
    """Content of a prompt, parsed once and compiled many times."""

    def __init__(self, text: str, messages: tuple[Message, ...] | None = None, contract: Contract | None = None) -> None:
        self.text = text
        self.contract = contract
        self._given = messages

    @cached_property
    def messages(self) -> tuple[Message, ...] | None:
        """The entries of a chat prompt; `None` if it is a text."""
        return chat_of(self._value) if self._given is None else self._given

    @cached_property
    def _value(self) -> object:
        return _parse(self.text)

    @cached_property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders for messages, in order of appearance."""
        names = (placeholder_name(entry) for entry in self.messages or ())
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in order of appearance."""
        texts: Iterable[str] = [self.text] if self._value is None else json_texts(self._value)
        if self.messages is not None:
            texts = (text for entry in self.messages if "role" in entry for text in json_texts(entry.get("content")))
        return tuple(dict.fromkeys(name for text in texts for name in find_names(text, self.contract)))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all variables and placeholders, and all declared ones."""
        return frozenset((*self.variables, *self.placeholders, *(self.contract or ())))

    def unused(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """Return the names of values that the prompt does not have."""
        return tuple(name for name in values if name not in self.names)

    def compile_text(self, values: Mapping[str, object], missing: Missing) -> str:
        """Return the text with its variables replaced; that of a chat prompt is its JSON, so it is refused."""
        if self.messages is not None:
            raise CompileError("This prompt is a chat prompt: compile it to messages.")
        values = self._checked(values, missing)
        return (
            _fill(self.text, values) if self._value is None else _STRING.sub(lambda match: _fill_string(match, values), self.text)
        )

    def compile_messages(self, values: Mapping[str, object], missing: Missing) -> list[Message]:
        """Return the messages with variables replaced and placeholders filled in. Raises `CompileError` for a text."""
        if self.messages is None:
            raise CompileError("This prompt is a text, not a list of chat messages.")
        values = self._checked(values, missing)
        compiled: list[Message] = []
        for entry in self.messages:
            name = placeholder_name(entry)
            if name is None:
                compiled.append({field: _fill_all(value, values, field == "content") for field, value in entry.items()})
            elif name in values:
                compiled.extend(_checked_messages(name, values[name]))
            else:
                compiled.append(dict(entry))
        return compiled

    def _checked(self, values: Mapping[str, object], missing: Missing) -> Mapping[str, object]:
        """Return the values that go into the prompt: with defaults, and none for what is text. Raises `CompileError`."""
        if missing not in ("error", "keep"):
            raise CompileError(f"`missing` is 'error' or 'keep', not {missing!r}.")
        if self.contract is not None:
            return self._declared_values(self.contract, values, missing)
        if missing == "error":
            absent = [name for name in self.variables if values.get(name) is None]
            absent += [name for name in self.placeholders if name not in values and name not in absent]
            if absent:
                raise MissingVariablesError(absent, self.unused(values))
        return values

    def _declared_values(self, contract: Contract, values: Mapping[str, object], missing: Missing) -> Mapping[str, object]:
        declared = {**contract, **{name: as_placeholder(contract.get(name, {})) for name in self.placeholders}}
        absent = [name for name, each in declared.items() if must_be_given(each) and name not in values]
        problems = list(list_problems(declared, values))
        if absent and missing == "error":
            problems.insert(0, f"No value was given for: {', '.join(absent)}.")
        if problems:
            raise InvalidValuesError(problems)
        known = {name: value for name, value in values.items() if value is not None}
        return {name: default_of(each) for name, each in declared.items() if not must_be_given(each)} | known


def _parse(text: str) -> object:
    """Return the array or object that a text is, `None` for any other text."""
    # Most texts are no JSON, which the first character shows without parsing.
    if not text.lstrip(" \t\r\n").startswith(("[", "{")):
        return None
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return None


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _fill(text: str, values: Mapping[str, object]) -> str:
    def value_of(name: str) -> "str | None":
        value = values.get(name)
        return None if value is None else as_text(value)

    return replace(text, value_of)


def _fill_string(match: "re.Match[str]", values: Mapping[str, object]) -> str:
    if match["is_key"]:
        return match[0]
    text = json.loads(match[0])
    filled = _fill(text, values)
    return match[0] if filled == text else json.dumps(filled, ensure_ascii=False)


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
    if not are_messages(value):
        raise CompileError(messages_expected(name))
    return [dict(each) for each in value]
