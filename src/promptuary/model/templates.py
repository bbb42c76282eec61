"""Prompts as templates: what programs get, with its variables and placeholders, and how values are put into it.

Programs get every prompt as text, also one that is stored as JSON. So the text alone decides what it is:

* a **chat**, if it is the JSON of one. Variables are those of the contents of its messages; roles, names and tool calls have none.
* **JSON**, if it is any other array or object. Variables are those of its texts, without the keys of objects. Values are put in as
  JSON writes them, so that no value can end the text that it stands in.
* a **text** otherwise.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from promptuary.model.chats import Entry, chat_of, content_texts, json_texts, placeholder_name
from promptuary.model.json_text import InvalidJson, change_strings, iterate_strings, parse
from promptuary.model.variables import Occurrence, fill_in, find_variables, variable_names


class TemplateKind(StrEnum):
    """Kind of a prompt, as programs get it."""

    TEXT = "text"
    CHAT = "chat"
    JSON = "json"


@dataclass(frozen=True)
class Template:
    """The text of a prompt as programs get it. ``declared`` are the names of its contract, `None` if it has none."""

    text: str
    declared: Collection[str] | None = None

    @cached_property
    def value(self) -> object:
        """The array or object that the text is, `None` for a text."""
        if not self.text.lstrip(" \t\r\n").startswith(("[", "{")):
            return None
        try:
            return parse(self.text)
        except InvalidJson:
            return None

    @cached_property
    def chat(self) -> list[Entry] | None:
        """The entries of a chat, `None` for any other prompt."""
        return chat_of(self.value)

    @property
    def kind(self) -> TemplateKind:
        """Kind of the text."""
        if self.chat is not None:
            return TemplateKind.CHAT
        return TemplateKind.TEXT if self.value is None else TemplateKind.JSON

    @property
    def texts(self) -> Iterable[str]:
        """All texts in which variables count."""
        if self.chat is not None:
            return (text for entry in self.chat for text in content_texts(entry))
        return (self.text,) if self.value is None else json_texts(self.value)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, each once, in the order of their first use."""
        # JSON may have a brace as an escape.
        if "{{" not in self.text and "\\u" not in self.text:
            return ()
        return tuple(dict.fromkeys(name for text in self.texts for name in variable_names(text, self.declared)))

    @cached_property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders for messages, each once, in the order of their first use."""
        return tuple(dict.fromkeys(filter(None, map(placeholder_name, self.chat or ()))))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text of a prompt that is no chat with values in the place of variables; variables without one stay."""
        if self.value is None:
            return fill_in(self.text, values, self.declared)
        return change_strings(self.text, lambda text: fill_in(text, values, self.declared))

    def fill_value(self, value: object, values: Mapping[str, str]) -> object:
        """Return a JSON value, such as the content of a message, with values in the place of the variables of its texts."""
        if isinstance(value, str):
            return fill_in(value, values, self.declared)
        if isinstance(value, list):
            return [self.fill_value(each, values) for each in value]
        if isinstance(value, dict):
            return {key: self.fill_value(each, values) for key, each in value.items()}
        return value


def find_variables_in_json(text: str, declared: Collection[str] | None = None) -> Iterator[Occurrence]:
    """Yield all places of variables in a text that is JSON, in order: those in its texts, without the keys of objects."""
    for start, written in iterate_strings(text):
        for place in find_variables(written, declared):
            yield Occurrence(place.name, start + place.start, start + place.end)
