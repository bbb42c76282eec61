"""Entries of a chat as cards: a role and a text to write in, or the name of a placeholder, and everything else as JSON.

An entry that was not changed comes back as it was. A changed one keeps the order of its keys. `frontend/src/chat-entries.ts` has
the same rule for the browser; `tests/vectors/chat_cards.json` checks both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from promptuary.model.chats import Entry, is_message, placeholder_name
from promptuary.model.errors import InvalidValue
from promptuary.model.json_text import InvalidJson, dump_indented, find_surrogate, parse
from promptuary.web.form_errors import explain_json
from promptuary.web.prompts.originals import as_browsers_show, recover

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Roles that are offered; any other can be typed."""


@dataclass(frozen=True, slots=True)
class Card:
    """An entry as it is edited.

    ``text`` is `None` for a message whose content is a list of parts, which is in ``rest``. ``rest`` is the indented JSON of an
    object with everything else, empty if there is nothing else. ``placeholder`` is the name of a placeholder, `None` for messages.
    """

    role: str = ""
    text: str | None = ""
    rest: str = ""
    placeholder: str | None = None

    @property
    def is_blank(self) -> bool:
        """`True` if nothing is written in the card but a role."""
        return not (self.text or self.rest.strip() or (self.placeholder or "").strip())

    @property
    def is_plain(self) -> bool:
        """`True` for a message with a text and nothing else."""
        return self.placeholder is None and self.text is not None and not self.rest.strip()


def card_of(entry: Entry) -> Card:
    """Return the card of a message or placeholder."""
    name = placeholder_name(entry)
    if name:
        shown = {"type", "name"} if entry.get("type") == "placeholder" else {"placeholder"}
        return Card(text=None, rest=_written({key: value for key, value in entry.items() if key not in shown}), placeholder=name)
    content = entry.get("content")
    is_text = content is None or isinstance(content, str)
    rest = {key: value for key, value in entry.items() if key != "role" and not (is_text and key == "content")}
    return Card(str(entry["role"]), (content or "") if is_text else None, _written(rest))  # type: ignore[arg-type]  # it is a text


def entry_of(card: Card, original: Entry | None = None) -> Entry:
    """Return the entry that a card describes; ``original`` is the entry that it was made from.

    Line ends and characters that browsers do not keep come back from the original. Raises `InvalidValue`.
    """
    if original is not None and _as_shown(card) == _as_shown(card_of(original)):
        return original
    before = original or {}
    rest = _read_rest(card.rest)
    values = _placeholder_of(card.placeholder, rest, before) if card.placeholder is not None else _message_of(card, rest, before)
    order = [*(key for key in before if key in values), *(key for key in values if key not in before)]
    return {key: values[key] for key in order}


def _placeholder_of(name: str, rest: Entry, before: Entry) -> Entry:
    if not name.strip():
        raise _refused("the placeholder needs a name")
    is_short = "placeholder" in before and before.get("type") != "placeholder"
    name = _kept(name, before.get("placeholder" if is_short else "name"))
    fields: Entry = {"placeholder": name} if is_short else {"type": "placeholder", "name": name}
    if "role" in rest:
        raise _refused("a placeholder has no role")
    return _together(fields, rest)


def _message_of(card: Card, rest: Entry, before: Entry) -> Entry:
    if not card.role.strip():
        raise _refused("the message needs a role")
    fields: Entry = {"role": _kept(card.role, before.get("role"))}
    content = before.get("content")
    text = recover(card.text or "", content) if isinstance(content, str) else card.text or ""
    if text or ("content" not in rest and not _has_no_content(rest, before)):
        fields["content"] = text
    elif "content" not in rest and ("content" in before or not before):
        fields["content"] = None
    message = _together(fields, rest)
    if not is_message(message):
        raise _refused("its content must be a text, a list of parts, or null beside tool_calls")
    return message


def _has_no_content(rest: Entry, before: Entry) -> bool:
    """Return `True` if an empty text stands for no content, as beside tool calls."""
    return isinstance(rest.get("tool_calls"), list) and not isinstance(before.get("content"), str)


def _together(fields: Entry, rest: Entry) -> Entry:
    for key in fields:
        if key in rest:
            raise _refused(f"'{key}' is also in its other fields; keep one of them")
    return fields | rest


def _read_rest(text: str) -> Entry:
    if not text.strip():
        return {}
    try:
        value = parse(text)
    except InvalidJson as error:
        raise _refused(f"its other fields: {explain_json(error)}") from None
    if not isinstance(value, dict):
        raise _refused("its other fields must be a JSON object, in braces")
    if find_surrogate(value) is not None:
        raise _refused("its other fields have surrogate characters, which are not allowed")
    return value


def _refused(reason: str) -> InvalidValue:
    return InvalidValue("invalid_message", reason, field="prompt")


def _written(rest: Mapping[str, object]) -> str:
    return dump_indented(rest) if rest else ""


def _as_shown(card: Card) -> Card:
    """Return a card as it stands in the fields of a form."""
    return replace(
        card,
        role=_in_a_line(card.role),
        text=None if card.text is None else as_browsers_show(card.text),
        rest=as_browsers_show(card.rest).strip(),
        placeholder=None if card.placeholder is None else _in_a_line(card.placeholder),
    )


def _kept(typed: str, before: object) -> str:
    """Return what a field of one line had before, if it still shows the same."""
    return before if isinstance(before, str) and _in_a_line(before) == _in_a_line(typed) else typed


def _in_a_line(text: str) -> str:
    # A field of one line loses its line ends in browsers.
    return as_browsers_show(text).replace("\n", "")
