"""The project's prompts as native prompts of MCP: what agents offer as commands, filled in on request.

A name may choose a version: ``support-reply@production`` or ``support-reply@3``. A bare name means the label that the connection
follows, or the latest version.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from promptuary.agents.calls import AgentCall
from promptuary.model.access import Actor, Permission
from promptuary.model.chats import Entry, placeholder_name
from promptuary.model.contracts import Contract, Variable, VariableType, variables_of
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import dump
from promptuary.model.listing import Listing
from promptuary.model.names import check_prompt_name
from promptuary.model.prompts import Version
from promptuary.model.templates import Template
from promptuary.model.values import list_problems, read_values, text_of_value, with_defaults
from promptuary.model.variables import fill_in
from promptuary.registry import lists, prompts
from promptuary.registry.assembling import assemble_all, assemble_version
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine.database import Transaction

MAX_PAGE = 1000
_READ_AT_ONCE = 50
# Variables are found in contents, which are read for it; and each becomes an argument of several times its size.
_MAX_PAGE_BYTES = 4_000_000
_MAX_DIGITS = 9
_CURSOR = "after:"


@dataclass(frozen=True, slots=True)
class Argument:
    """A value that a prompt takes: a variable's, or the messages of a placeholder, which may be left out."""

    name: str
    description: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class NativePrompt:
    """A prompt in a list, with the values that it takes."""

    name: str
    description: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; the protocol knows only these two roles."""

    is_from_assistant: bool
    text: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A prompt with its variables filled in."""

    description: str
    messages: list[Message]


def list_native(call: AgentCall, cursor: str | None) -> tuple[list[NativePrompt], str | None]:
    """Return a page of prompts by name, and the cursor of the next one. Raises `InvalidValue` for an unknown cursor.

    A cursor names the last prompt of its page, so that prompts that come and go between two pages hide no other one. Many clients
    read the first page only, so it is large: `MAX_PAGE` prompts, or those with the first megabytes.
    """
    last_name = _name_of(cursor)
    actor = call.enter(Permission.READ)
    shown: list[NativePrompt] = []
    size, count = 0, MAX_INTEGER
    with call.database.read() as tx:
        while len(shown) < count and len(shown) < MAX_PAGE and size < _MAX_PAGE_BYTES:
            listing = Listing(
                limit=_READ_AT_ONCE,
                offset=len(shown),
                label=call.label,
                after_name=last_name,
                order_by="name",
                is_descending=False,
            )
            page = lists.list_prompts(tx, actor, listing)
            count = page.count if page.items else 0
            size += sum(version.size_bytes for version in page.items)
            shown += [_native(version) for version in _with_parts(tx, actor, page.items)]
    return shown, f"{_CURSOR}{shown[-1].name}" if shown and len(shown) < count else None


def fill_native(call: AgentCall, name: str, values: Mapping[str, str]) -> Filled:
    """Fill in a prompt. Raises `PromptNotFound`, and `InvalidValue` unless there is a value for each variable and no other."""
    actor = call.enter(Permission.READ)
    name, _, choice = name.partition("@")
    number = int(choice) if choice.isascii() and choice.isdigit() and len(choice) <= _MAX_DIGITS else None
    label = None if number else choice or call.label
    with call.database.read() as tx:
        found = assemble_version(tx, actor, prompts.fetch_prompt(tx, actor, name, version=number, label=label))
    version = found.version
    variables = _variables(version)
    given = read_values(variables, values)
    problems = list_problems(variables, given)
    if problems:
        raise InvalidValue("invalid", " ".join(problems), field="arguments")
    messages = list(_messages(version.template, with_defaults(variables, given)))
    call.services.usage.count_versions(actor, [found], label)
    return Filled(_described(version), messages)


def _with_parts(tx: Transaction, actor: Actor, versions: Sequence[Version]) -> list[Version]:
    """Return versions with the texts of their references; one whose references cannot be resolved stays as it is."""
    whole = {each.version.id: each.version for each in assemble_all(tx, actor, versions).versions}
    return [whole.get(version.id, version) for version in versions]


def _native(version: Version) -> NativePrompt:
    return NativePrompt(version.name, _described(version), tuple(map(_argument, _variables(version).values())))


def _name_of(cursor: str | None) -> str | None:
    """Return the name that a cursor has, `None` for the first page. Raises `InvalidValue` for what is no cursor."""
    if cursor is None:
        return None
    if cursor.startswith(_CURSOR):
        name = cursor.removeprefix(_CURSOR)
        with suppress(InvalidValue):
            check_prompt_name(name)
            return name
    raise InvalidValue("invalid", "This cursor is not one that a list has returned.", field="cursor")


def _described(version: Version) -> str:
    labels = f" ({', '.join(version.labels)})" if version.labels else ""
    note = f": {version.description}" if version.description else ""
    return f"Version {version.version}{labels}{note}"


def _variables(version: Version) -> Contract:
    """Return what a command takes. Placeholders that are not declared may be left out: most commands begin a conversation."""
    contract = version.contract
    return {
        name: variable if contract and name in contract else replace(variable, is_required=variable.type is VariableType.STRING)
        for name, variable in variables_of(version.template, contract).items()
    }


def _argument(variable: Variable) -> Argument:
    """Return an argument with its description, its type unless it is a string, and the values to choose from."""
    kinds = {VariableType.STRING: "", VariableType.MESSAGES: "Messages, as a JSON list"}
    kind = kinds.get(variable.type, f"A value of the type {variable.type}, as JSON")
    choices = "" if variable.choices is None else f"One of {', '.join(map(text_of_value, variable.choices))}"
    described = ". ".join(filter(None, (variable.description.rstrip("."), kind, choices)))
    return Argument(variable.name, described, is_required=variable.must_be_given)


def _messages(template: Template, values: Mapping[str, object]) -> Iterator[Message]:
    """Yield the messages of a chat; any other prompt is one message of the user."""
    texts = {name: text_of_value(value) for name, value in values.items()}
    if template.chat is None:
        yield Message(is_from_assistant=False, text=template.fill(texts))
        return
    for entry in template.chat:
        name = placeholder_name(entry)
        if name:
            messages = cast("list[Entry]", values[name])
            # Messages that are put in have no variables.
            yield from (_message(message, replace(template, declared=()), {}) for message in messages)
        else:
            yield _message(entry, template, texts)


def _message(entry: Entry, template: Template, values: Mapping[str, str]) -> Message:
    """Return a message with its variables filled in. One with more than texts, such as a picture or a call, is its JSON."""
    # The protocol has no role for instructions; agents read them from the user.
    is_from_assistant = entry["role"] == "assistant"
    content = entry.get("content")
    text = _text_of(content)
    if text is not None and "tool_calls" not in entry:
        return Message(is_from_assistant, fill_in(text, values, template.declared))
    return Message(
        is_from_assistant, dump(entry | {"content": template.fill_value(content, values)} if "content" in entry else entry)
    )


def _text_of(content: object) -> str | None:
    """Return the text of a message: a string, or parts that are all texts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [part.get("text") if isinstance(part, dict) and part.keys() <= {"type", "text"} else part for part in content]
    return "\n".join(texts) if all(isinstance(text, str) for text in texts) else None  # type: ignore[arg-type]
