"""What a fetch answers: a prompt's content with all that belongs to it, and where it came from. No I/O."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from promptuary_client.templates import Message, Missing, Template

Source: TypeAlias = Literal["server", "cache", "disk", "bundle", "fallback"]
"""Where an answer came from: the server in this call, what it said before (in memory or on disk), a bundle, or the caller."""
NO_VALUES: Mapping[str, object] = {}


class Key(NamedTuple):
    """What is asked for: a prompt at its latest version, at one version, or at the version that a label points at."""

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        """Name it as a log line does."""
        return self.name + (f" version {self.version}" if self.version else "") + (f" label {self.label}" if self.label else "")


@dataclass(frozen=True)
class Content:
    """A version of a prompt as the server sent it; shared by all answers that are made from it, and never changed."""

    name: str
    text: str
    config: Mapping[str, Any] | None
    version: int | None
    label: str | None = None
    etag: str | None = None

    @cached_property
    def template(self) -> Template:
        """The text, ready to be compiled."""
        return Template(self.text)


class Span(Protocol):
    """What a span of OpenTelemetry offers, and all that is needed of it."""

    def set_attribute(self, key: str, value: Any, /) -> object:  # noqa: ANN401 - spans differ in what they take.
        """Set one attribute."""


@dataclass(frozen=True)
class Prompt:
    """The answer to one fetch.

    ``source`` says where it came from: "server" if this call waited for the server's word, "cache" if memory had it, "disk" if the
    server could not be asked since the process started, "bundle" if the file that the program brings along had it, "fallback" if
    the code's own text is all there is. ``age`` is how many seconds ago the server confirmed it, `None` for
    a bundle and for a fallback, which has no ``version`` either.
    """

    content: Content = field(repr=False)
    name: str
    version: int | None
    label: str | None
    source: Source
    age: float | None

    @property
    def text(self) -> str:
        """The content as it is, before anything is replaced; that of a chat prompt is JSON."""
        return self.content.text

    @property
    def config(self) -> dict[str, Any]:
        """The config, empty if there is none: a copy, which is the caller's own."""
        return copy.deepcopy(dict(self.content.config or {}))

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in order of appearance."""
        return self.content.template.variables

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders for messages, in order of appearance."""
        return self.content.template.placeholders

    @property
    def is_chat(self) -> bool:
        """Whether the content is a list of chat messages."""
        return self.content.template.messages is not None

    @property
    def is_fallback(self) -> bool:
        """Whether this is the code's own text."""
        return self.source == "fallback"

    def compile(
        self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object
    ) -> "str | list[Message]":
        """Return the text, or the messages of a chat prompt, with variables and placeholders replaced.

        Names that are no Python identifiers go into ``values``. ``missing="keep"`` leaves what has no value as it stands. Raises
        `MissingVariables` otherwise.
        """
        if self.is_chat:
            return self.compile_messages(values, missing=missing, **more)
        return self.compile_text(values, missing=missing, **more)

    def compile_text(self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object) -> str:
        """Compile what must be a text. Raises `CompileError` if it is a chat prompt."""
        return self.content.template.compile_text({**values, **more}, missing)

    def compile_messages(
        self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object
    ) -> list[Message]:
        """Compile what must be a chat prompt. Raises `CompileError` if it is a text."""
        return self.content.template.compile_messages({**values, **more}, missing)

    @property
    def posthog_properties(self) -> dict[str, Any]:
        """The properties that link a PostHog ``$ai_generation`` event to this prompt."""
        version = {} if self.version is None else {"$ai_prompt_version": self.version}
        return {"$ai_prompt_name": self.name} | version

    @property
    def otel_attributes(self) -> dict[str, str]:
        """The attributes that link an OpenTelemetry span to this prompt, by the GenAI conventions."""
        found = {"gen_ai.prompt.name": self.name, "promptuary.prompt.source": self.source}
        if self.version is not None:
            found["gen_ai.prompt.version"] = str(self.version)
        if self.label is not None:
            found["promptuary.prompt.label"] = self.label
        return found

    def set_on(self, span: Span) -> None:
        """Set these attributes on a span."""
        for name, value in self.otel_attributes.items():
            span.set_attribute(name, value)


def fallback_content(key: Key, fallback: str | Sequence[Message], config: Mapping[str, Any] | None) -> Content:
    """Make a content of the code's own text or messages."""
    text = fallback if isinstance(fallback, str) else json.dumps(list(fallback), ensure_ascii=False)
    return Content(name=key.name, text=text, config=config, version=None, label=key.label)
