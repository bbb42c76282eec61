"""The project's prompts as native prompts of MCP: what agents offer as commands, filled in on request.

A name may choose a version: ``support-reply@production`` or ``support-reply@3``. A bare name means the label that the connection
follows, or the latest version.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from promptuary.agents.calls import AgentCall
from promptuary.model.access import Permission
from promptuary.model.chats import Entry, is_message, placeholder_name
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump, parse
from promptuary.model.listing import Listing
from promptuary.model.prompts import Version
from promptuary.model.templates import Template
from promptuary.model.variables import fill_in
from promptuary.registry import prompts
from promptuary.store.tables import MAX_INTEGER

MAX_PAGE = 1000
_READ_AT_ONCE = 50
# Variables are found in contents, which are read for it; and each becomes an argument of several times its size.
_MAX_PAGE_BYTES = 4_000_000
_MAX_DIGITS = 9


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
            shown += [NativePrompt(version.name, _described(version), _arguments(version)) for version in page.items]
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
    arguments = _arguments(version)
    _refuse([each.name for each in arguments if each.is_required and each.name not in values], "Values are missing for")
    names = {each.name for each in arguments}
    _refuse([given for given in values if given not in names], "The prompt has no variable named")
    messages = list(_messages(Template(version.text), values))
    call.services.usage.count_versions(actor, [version], label)
    return Filled(_described(version), messages)


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


def _arguments(version: Version) -> tuple[Argument, ...]:
    template = Template(version.text)
    values = [Argument(name, is_required=True) for name in template.variables]
    histories = [Argument(name, "Messages, as a JSON list") for name in template.placeholders if name not in template.variables]
    return (*values, *histories)


def _messages(template: Template, values: Mapping[str, str]) -> Iterator[Message]:
    """Yield the messages of a chat; any other prompt is one message of the user."""
    if template.chat is None:
        yield Message(is_from_assistant=False, text=template.fill(values))
        return
    for entry in template.chat:
        name = placeholder_name(entry)
        if not name:
            yield _message(entry, values)
        elif values.get(name):
            yield from (_message(message, {}) for message in _history(name, values[name]))


def _message(entry: Entry, values: Mapping[str, str]) -> Message:
    """Return a message with its variables filled in. One with more than texts, such as a picture or a call, is its JSON."""
    # The protocol has no role for instructions; agents read them from the user.
    is_from_assistant = entry["role"] == "assistant"
    text = _text_of(entry.get("content"))
    if text is not None and "tool_calls" not in entry:
        return Message(is_from_assistant, fill_in(text, values))
    content = entry.get("content")
    filled = fill_in(content, values) if isinstance(content, str) else json.loads(Template(dump(content)).fill(values))
    return Message(is_from_assistant, dump(entry | {"content": filled} if "content" in entry else entry))


def _history(name: str, value: str) -> list[Entry]:
    try:
        messages = parse(value)
    except InvalidJson:
        messages = None
    if not isinstance(messages, list) or not all(map(is_message, messages)):
        raise InvalidValue("invalid", f"The placeholder '{name}' takes a JSON list of messages.", field="arguments")
    return messages


def _text_of(content: object) -> str | None:
    """Return the text of a message: a string, or parts that are all texts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [part.get("text") if isinstance(part, dict) and part.keys() <= {"type", "text"} else part for part in content]
    return "\n".join(texts) if all(isinstance(text, str) for text in texts) else None  # type: ignore[arg-type]
