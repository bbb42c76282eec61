"""What a fetch answers: a prompt's content with all that belongs to it, and where it came from. No I/O."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

from promptuary_client.templates import Message, Missing, Template

Source: TypeAlias = Literal["server", "cache", "disk", "bundle", "fallback"]
"""Where an answer came from: the server in this call, what it said before (in memory or on disk), a bundle, or the caller."""
Fallback: TypeAlias = str | Sequence[Mapping[str, Any]]
"""A text or chat messages of the code's own; a list is a chat, also an empty one."""
NO_VALUES: Mapping[str, object] = {}


class PromptKey(NamedTuple):
    """What is asked for: a prompt at its latest version, at one version, or at the version that a label points at."""

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        """Name it as a log line does."""
        version, label = f" version {self.version}" if self.version else "", f" label {_shown(self.label)}" if self.label else ""
        return _shown(self.name) + version + label


@dataclass(frozen=True)
class Content:
    """A version of a prompt as the server sent it; shared by all answers that are made from it, and never changed."""

    name: str
    text: str
    config: Mapping[str, Any] | None
    version: int | None
    label: str | None = None
    etag: str | None = None
    messages: tuple[Message, ...] | None = None
    """The messages of a chat that the code gave as such, whatever its text looks like."""

    @cached_property
    def template(self) -> Template:
        """The text, ready to be compiled."""
        return Template(self.text, self.messages)


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

    # It belongs to the client and not to the answer, which is compared, copied and pickled without it.
    _note_unused: ClassVar[Any] = None

    def report_unused_to(self, note: Callable[["Prompt", tuple[str, ...]], None]) -> None:
        """Have the names of values reported that this prompt is given and does not use."""
        object.__setattr__(self, "_note_unused", note)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_note_unused"}

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
    ) -> "str | list[Any]":
        """Return the text, or the messages of a chat prompt, with variables and placeholders replaced.

        Names that are no Python identifiers go into ``values``. ``missing="keep"`` leaves what has no value as it stands. Raises
        `MissingVariablesError` otherwise. `None` is no value. Texts and numbers are put in as they are, booleans as ``true`` or
        ``false``, lists and objects as JSON, anything else as ``str`` shows it. Values that the prompt does not use are reported.
        """
        if self.is_chat:
            return self.compile_messages(values, missing=missing, **more)
        return self.compile_text(values, missing=missing, **more)

    def compile_text(self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object) -> str:
        """Compile what must be a text. Raises `CompileError` if it is a chat prompt."""
        return self.content.template.compile_text(self._given(values, more), missing)

    def compile_messages(
        self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object
    ) -> list[Any]:
        """Compile what must be a chat prompt. Raises `CompileError` if it is a text.

        Each of the messages is a dictionary. They are typed as `Any`, so that they fit the types of every library for models.
        """
        return self.content.template.compile_messages(self._given(values, more), missing)

    def _given(self, values: Mapping[str, object], more: Mapping[str, object]) -> Mapping[str, object]:
        given = {**values, **more}
        unused = self.content.template.unused(given)
        if unused and self._note_unused is not None:
            self._note_unused(self, unused)
        return given

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

    def set_span_attributes(self, span: Span) -> None:
        """Set these attributes on a span."""
        for name, value in self.otel_attributes.items():
            span.set_attribute(name, value)


def check_fallback(fallback: object) -> None:
    """Raise `ValueError` for a fallback that could not be served when it is needed."""
    is_list = isinstance(fallback, Sequence) and all(isinstance(entry, Mapping) for entry in fallback)
    if not (fallback is None or isinstance(fallback, str) or is_list):
        raise ValueError("`fallback` is a text or a list of messages.")


def fallback_content(key: PromptKey, fallback: Fallback, config: Mapping[str, Any] | None) -> Content:
    """Make a content of the code's own text or messages."""
    if isinstance(fallback, str):
        return Content(name=key.name, text=fallback, config=config, version=None, label=key.label)
    messages = tuple(dict(entry) for entry in fallback)
    text = json.dumps(messages, ensure_ascii=False, default=str)
    return Content(name=key.name, text=text, config=config, version=None, label=key.label, messages=messages)


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)
