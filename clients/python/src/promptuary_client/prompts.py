"""Results of fetches: the content of a prompt, its version and its source. No I/O."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

from promptuary_client.chats import Message
from promptuary_client.contracts import Contract
from promptuary_client.references import Reference
from promptuary_client.templates import Missing, Template

Source: TypeAlias = Literal["server", "cache", "disk", "bundle", "fallback"]
"""Source of a prompt: the server in this call, the cache in memory or on disk, a bundle, or the fallback."""
Fallback: TypeAlias = str | Sequence[Mapping[str, Any]]
"""A text, or a list of chat messages; an empty list is a chat, too."""
NO_VALUES: Mapping[str, object] = {}


class PromptKey(NamedTuple):
    """Key of a fetch: a prompt at its latest version, at one version, or at the version that a label points at."""

    name: str
    version: int | None = None
    label: str | None = None
    resolve: bool = True

    def __str__(self) -> str:
        """Return the form for log lines."""
        version, label = f" version {self.version}" if self.version else "", f" label {_shown(self.label)}" if self.label else ""
        return _shown(self.name) + version + label + ("" if self.resolve else " with its tags")


@dataclass(frozen=True)
class Content:
    """A version of a prompt as the server sent it. Immutable, and shared by all its `Prompt` objects."""

    name: str
    text: str
    config: Mapping[str, Any] | None
    version: int | None
    label: str | None = None
    etag: str | None = None
    messages: tuple[Message, ...] | None = None
    """Messages of a chat fallback."""
    contract: Contract | None = None
    """Variables that the version declares."""
    references: tuple[Reference, ...] = ()
    """Prompts whose texts are in this one, in the order of their tags."""

    @cached_property
    def template(self) -> Template:
        """The text, parsed."""
        return Template(self.text, self.messages, self.contract)


class Span(Protocol):
    """The method of an OpenTelemetry span that this package calls."""

    def set_attribute(self, key: str, value: Any, /) -> object:  # noqa: ANN401 - spans differ in what they take.
        """Set one attribute."""


@dataclass(frozen=True)
class Prompt:
    """The result of a fetch.

    ``source`` is "server" if this call waited for the server, "cache" for content in memory, "disk" for content of the disk cache
    that the server has not confirmed since the process started, "bundle", or "fallback". ``age`` is the number of seconds since
    the server confirmed the content; it is `None` for a bundle and a fallback. A fallback has no ``version``.
    """

    content: Content = field(repr=False)
    name: str
    version: int | None
    label: str | None
    source: Source
    age: float | None

    # It belongs to the client: prompts are compared, copied and pickled without it.
    _note_unused: ClassVar[Any] = None

    def report_unused_to(self, note: Callable[["Prompt", tuple[str, ...]], None]) -> None:
        """Set the function that reports values that this prompt does not use."""
        object.__setattr__(self, "_note_unused", note)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_note_unused"}

    @property
    def text(self) -> str:
        """The content before variables are replaced; that of a chat prompt is JSON."""
        return self.content.text

    @property
    def config(self) -> dict[str, Any]:
        """A copy of the config, empty if there is none."""
        return copy.deepcopy(dict(self.content.config or {}))

    @property
    def references(self) -> tuple[Reference, ...]:
        """The prompts whose texts are in this one, at all levels, in the order of their tags."""
        return self.content.references

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in order of appearance."""
        return self.content.template.variables

    @property
    def contract(self) -> dict[str, Any] | None:
        """A copy of what the version declares of its variables, by name; `None` if it declares none."""
        return copy.deepcopy(None if self.content.contract is None else dict(self.content.contract))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the placeholders for messages, in order of appearance."""
        return self.content.template.placeholders

    @property
    def is_chat(self) -> bool:
        """True if the content is a list of chat messages."""
        return self.content.template.messages is not None

    @property
    def is_fallback(self) -> bool:
        """True if this is the fallback."""
        return self.source == "fallback"

    def compile(
        self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object
    ) -> "str | list[Any]":
        """Return the text, or the messages of a chat prompt, with variables and placeholders replaced.

        Names that are not Python identifiers go into ``values``. Variables without a value, or with `None`, raise
        `MissingVariablesError`; ``missing="keep"`` leaves them in place. Texts and numbers are inserted unchanged, booleans as
        ``true`` or ``false``, lists and objects as JSON, other values by ``str``. Values that the prompt does not use are reported.

        If the version declares its variables, defaults are inserted, and all values that are missing, unknown or not as declared
        are named by one `InvalidValuesError`.
        """
        if self.is_chat:
            return self.compile_messages(values, missing=missing, **more)
        return self.compile_text(values, missing=missing, **more)

    def compile_text(self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object) -> str:
        """Compile a text prompt. Raises `CompileError` for a chat prompt."""
        return self.content.template.compile_text(self._given(values, more), missing)

    def compile_messages(
        self, values: Mapping[str, object] = NO_VALUES, /, *, missing: Missing = "error", **more: object
    ) -> list[Any]:
        """Compile a chat prompt. Raises `CompileError` for a text prompt.

        The messages are dictionaries, typed as `Any` so that they fit the types of every model library.
        """
        return self.content.template.compile_messages(self._given(values, more), missing)

    def _given(self, values: Mapping[str, object], more: Mapping[str, object]) -> Mapping[str, object]:
        given = {**values, **more}
        # With a contract, they are an error.
        unused = () if self.content.contract is not None else self.content.template.unused(given)
        if unused and self._note_unused is not None:
            self._note_unused(self, unused)
        return given

    @property
    def posthog_properties(self) -> dict[str, Any]:
        """The properties that link a PostHog ``$ai_generation`` event to this prompt."""
        version = {} if self.version is None else {"$ai_prompt_version": self.version}
        return {"$ai_prompt_name": self.name} | version

    @property
    def otel_attributes(self) -> dict[str, str | list[str]]:
        """The attributes that link an OpenTelemetry span to this prompt, by the GenAI conventions."""
        found: dict[str, str | list[str]] = {"gen_ai.prompt.name": self.name, "promptuary.prompt.source": self.source}
        if self.version is not None:
            found["gen_ai.prompt.version"] = str(self.version)
        if self.label is not None:
            found["promptuary.prompt.label"] = self.label
        if self.references:
            found["promptuary.prompt.references"] = [str(each) for each in self.references]
        return found

    def set_span_attributes(self, span: Span) -> None:
        """Set these attributes on a span."""
        for name, value in self.otel_attributes.items():
            span.set_attribute(name, value)


def check_fallback(fallback: object) -> None:
    """Raise `ValueError` if a fallback is neither a text nor a list of messages."""
    is_list = isinstance(fallback, Sequence) and all(isinstance(entry, Mapping) for entry in fallback)
    if not (fallback is None or isinstance(fallback, str) or is_list):
        raise ValueError("`fallback` is a text or a list of messages.")


def fallback_content(key: PromptKey, fallback: Fallback, config: Mapping[str, Any] | None) -> Content:
    """Return the content of a fallback."""
    if isinstance(fallback, str):
        return Content(name=key.name, text=fallback, config=config, version=None, label=key.label)
    messages = tuple(dict(entry) for entry in fallback)
    text = json.dumps(messages, ensure_ascii=False, default=str)
    return Content(name=key.name, text=text, config=config, version=None, label=key.label, messages=messages)


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)
