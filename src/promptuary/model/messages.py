"""Prompts that are a list of chat messages, such as ``[{"role": "system", "content": "..."}]``, as people read them."""

from dataclasses import dataclass

from promptuary.model.json_text import dump_indented

MAX_MESSAGES = 500
"""A longer list is JSON like any other."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``rest`` is the indented JSON of everything but role and text, empty if there is nothing else."""

    role: str
    text: str
    rest: str


def messages_of(prompt: object) -> tuple[Message, ...] | None:
    """Return the messages that a prompt consists of, `None` for any that is no list of them."""
    if not isinstance(prompt, list) or not 1 <= len(prompt) <= MAX_MESSAGES:
        return None
    messages = tuple(message for item in prompt if (message := _message_of(item)) is not None)
    return messages if len(messages) == len(prompt) else None


def chat_text(messages: tuple[Message, ...]) -> str:
    """Return messages as one text, in which they can be compared line by line. Different lists may have the same."""
    return "\n\n".join("\n".join(filter(None, (f"{each.role}:", each.text, each.rest))) for each in messages)


def _message_of(item: object) -> Message | None:
    if not isinstance(item, dict) or not isinstance(item.get("role"), str) or "content" not in item:
        return None
    # A text may also be in parts, some of which may be pictures; these are shown as they are.
    text = item["content"] if isinstance(item["content"], str) else ""
    rest = {name: value for name, value in item.items() if name != "role" and (name != "content" or value != text)}
    return Message(item["role"], text, dump_indented(rest) if rest else "")
