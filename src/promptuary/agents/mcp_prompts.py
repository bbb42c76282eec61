"""The project's prompts as native prompts of MCP: what agents offer as commands, filled in on request.

A name may choose a version: ``support-reply@production`` or ``support-reply@3``. A bare name means the label that the connection
follows, or the latest version.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from promptuary.agents.calls import AgentCall
from promptuary.model.access import Permission
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import dump
from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.model.variables import fill_in, variable_names
from promptuary.registry import prompts
from promptuary.store.tables import MAX_INTEGER

MAX_PAGE = 1000
_READ_AT_ONCE = 50
# Variables are found in contents, which are read for it; and each becomes an argument of several times its size.
_MAX_PAGE_BYTES = 4_000_000
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class NativePrompt:
    """A prompt in a list, with the variables that it needs."""

    name: str
    description: str
    variables: tuple[str, ...]


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

    Many clients read the first page only, so it is large: `MAX_PAGE` prompts, or those with the first megabytes.
    """
    offset = _offset_of(cursor)
    actor = call.enter(Permission.READ)
    shown: list[NativePrompt] = []
    size, count = 0, MAX_INTEGER
    with call.database.read() as tx:
        while offset + len(shown) < count and len(shown) < MAX_PAGE and size < _MAX_PAGE_BYTES:
            listing = Listing(
                limit=_READ_AT_ONCE, offset=offset + len(shown), label=call.label, order_by="name", is_descending=False
            )
            page = prompts.list_prompts(tx, actor, listing)
            count = page.count if page.items else 0
            size += sum(version.size_bytes for version in page.items)
            shown += [NativePrompt(version.name, _described(version), _variables(version)) for version in page.items]
    following = offset + len(shown)
    return shown, str(following) if following < count else None


def fill_native(call: AgentCall, name: str, values: Mapping[str, str]) -> Filled:
    """Fill in a prompt. Raises `PromptNotFound`, and `InvalidValue` unless there is a value for each variable and no other."""
    actor = call.enter(Permission.READ)
    name, _, choice = name.partition("@")
    number = int(choice) if choice.isascii() and choice.isdigit() and len(choice) <= _MAX_DIGITS else None
    label = None if number else choice or call.label
    with call.database.read() as tx:
        version = prompts.fetch_prompt(tx, actor, name, version=number, label=label)
    variables = _variables(version)
    _refuse([variable for variable in variables if variable not in values], "Values are missing for")
    _refuse([given for given in values if given not in variables], "The prompt has no variable named")
    call.services.usage.count_versions(actor, [version], label)
    return Filled(_described(version), list(_messages(json.loads(version.content), values)))


def _offset_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
        raise InvalidValue("invalid", "This cursor is not one that a list has returned.", field="cursor")
    return int(cursor)


def _refuse(names: list[str], sentence: str) -> None:
    if names:
        raise InvalidValue("invalid", f"{sentence}: {', '.join(names)}.", field="arguments")


def _described(version: Version) -> str:
    labels = f" ({', '.join(version.labels)})" if version.labels else ""
    note = f": {version.description}" if version.description else ""
    return f"Version {version.version}{labels}{note}"


def _variables(version: Version) -> tuple[str, ...]:
    """Return the variables that are filled in: those of a chat's messages, not of names and roles, which no message has."""
    content = json.loads(version.content)
    chat = _chat(content)
    texts = _texts(content) if chat is None else [text for _, text in chat]
    return tuple(dict.fromkeys(name for text in texts for name in variable_names(text)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)


def _messages(content: object, values: Mapping[str, str]) -> Iterator[Message]:
    """Return the messages of a chat prompt; anything else is one message of the user."""
    chat = _chat(content)
    if chat is None:
        filled = _filled(content, values)
        yield Message(is_from_assistant=False, text=filled if isinstance(filled, str) else dump(filled))
        return
    for role, text in chat:
        # The protocol has no role for instructions; agents read them from the user.
        yield Message(is_from_assistant=role == "assistant", text=fill_in(text, values))


def _filled(value: object, values: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return fill_in(value, values)
    if isinstance(value, list):
        return [_filled(child, values) for child in value]
    if isinstance(value, dict):
        return {key: _filled(child, values) for key, child in value.items()}
    return value


def _chat(content: object) -> list[tuple[str, str]] | None:
    """Return roles and texts if this is a chat: messages in a list, or in an object under ``messages``."""
    if isinstance(content, dict):
        content = content.get("messages")
    if not isinstance(content, list) or not content:
        return None
    chat = []
    for message in content:
        role = message.get("role") if isinstance(message, dict) else None
        text = _text_of(message.get("content")) if isinstance(message, dict) else None
        if not isinstance(role, str) or text is None:
            return None
        chat.append((role, text))
    return chat


def _text_of(content: object) -> str | None:
    """Return the text of a message: a string, or parts that are all texts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [part.get("text") if isinstance(part, dict) else None for part in content]
    return "\n".join(texts) if all(isinstance(text, str) for text in texts) else None  # type: ignore[arg-type]
