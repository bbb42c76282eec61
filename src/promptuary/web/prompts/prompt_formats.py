"""Formats in which a prompt is edited: a text, the cards of a chat, or JSON; and changes from one to another, which lose nothing.

``format`` is the format that a form asks for, ``written_as`` the one in which its fields are written. A text becomes a chat with a
system message, unless it is the JSON of a chat. Only a chat with one message and nothing else becomes a text again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from promptuary.model.chats import Entry, chat_of_text, is_message, placeholder_name, readable_chat
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump_indented, parse
from promptuary.model.text import counted
from promptuary.web.forms import Form
from promptuary.web.prompts.chat_form import MAX_ROWS, Row, act, entries_of, read_rows
from promptuary.web.prompts.originals import recover


class Format(StrEnum):
    """Format in which a prompt is edited."""

    TEXT = "text"
    CHAT = "chat"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt as a form shows it; ``text`` is JSON unless the format is text.

    ``rows`` are cards as they were typed, kept if a button was pressed or if they make no chat, for the reason in ``problem``; else
    `None`.
    """

    text: str
    format: Format = Format.TEXT
    rows: tuple[Row, ...] | None = None
    problem: InvalidValue | None = None


def format_of(prompt: object) -> Format:
    """Return the format in which a stored prompt is edited first."""
    if isinstance(prompt, str):
        return Format.TEXT
    return Format.CHAT if readable_chat(prompt) else Format.JSON


def read_written(form: Form, source: Written | None) -> Written:
    """Read the prompt that a form sends. Unchanged parts of a text, and unchanged messages, stay those of the source."""
    wanted = _read_format(form.get("format"))
    if "entries" in form.values:
        chat = chat_of_text(source.text) if source is not None and source.format is not Format.TEXT else None
        return _read_cards(form, wanted, chat or ())
    text, written_as = form.get("prompt"), _read_format(form.get("written_as", wanted))
    if source is not None and form.get("prompt_of_source"):
        text = source.text
    elif source is not None and written_as is source.format is Format.TEXT:
        text = recover(text, source.text)
    return _in_cards(text, written_as) if wanted is Format.CHAT else Written(text, wanted)


def _read_format(name: str) -> Format:
    return Format(name) if name in set(Format) else Format.TEXT


def _read_cards(form: Form, wanted: Format, source: Sequence[Entry]) -> Written:
    action = form.get("act")
    rows = tuple(act(read_rows(form), action))
    try:
        text = _text_of(rows) if wanted is Format.TEXT else dump_indented(entries_of(rows, source))
    except InvalidValue as problem:
        return Written("", Format.CHAT, rows, problem)
    return Written(text, wanted, rows if action and wanted is Format.CHAT else None)


def _text_of(rows: Sequence[Row]) -> str:
    if len(rows) != 1 or not rows[0].card.is_plain:
        here = f"This chat has {counted(len(rows), 'message')}" if len(rows) != 1 else "This message has other fields, too"
        raise InvalidValue(
            "not_a_text", f"Only a chat with one message and nothing else can become a text. {here}.", field="prompt"
        )
    return rows[0].card.text or ""


def _in_cards(text: str, written_as: Format) -> Written:
    chat = chat_of_text(text)
    if written_as is Format.TEXT:
        chat = chat or [{"role": "system", "content": text}]
        text = dump_indented(chat)
    if chat is None:
        return Written(text, Format.JSON, problem=_why_no_chat(text))
    return Written(text, Format.CHAT if len(chat) <= MAX_ROWS else Format.JSON)


def _why_no_chat(text: str) -> InvalidValue | None:
    """Return the reason why valid JSON is not a chat; errors of JSON are raised when it is read."""
    try:
        value = parse(text)
    except InvalidJson:
        return None
    reason = "it must be a list of messages in square brackets"
    if isinstance(value, list) and value:
        place = next(place for place, entry in enumerate(value, 1) if not is_message(entry) and not placeholder_name(entry))
        reason = f"entry {place} is neither a message with a role and a content nor a placeholder with a name"
    return InvalidValue("invalid_chat", f"This JSON is not a chat: {reason}.", field="prompt")
