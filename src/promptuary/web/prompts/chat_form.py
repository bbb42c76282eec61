"""The form of a chat without scripts: cards in rows, which buttons of the form move, add and remove.

The field ``entries`` lists the keys of the rows in order. A key is the number of the entry in the source, or ``n`` and a number
for a new one. Fields are ``role.KEY``, ``text.KEY`` and ``rest.KEY``, or ``name.KEY`` and ``rest.KEY`` for a placeholder. Below
the rows are fields for one more message and one more placeholder, whose key is ``new``. Scripts send none of this: they write the
JSON of the chat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.chats import MAX_READABLE, Entry, placeholder_name
from promptuary.model.errors import InvalidValue
from promptuary.web.forms import Form
from promptuary.web.prompts.chat_cards import Card, card_of, entry_of
from promptuary.web.prompts.entry_matching import match_entries

MAX_ROWS = MAX_READABLE
"""Maximum entries that are shown as cards; longer chats are edited as JSON."""

_KEY = re.compile(r"n?[0-9]{1,6}")
_NEW = "new"
DEFAULT_ROLE = "user"


@dataclass(frozen=True, slots=True)
class Row:
    """A card with its place in the form. ``focus`` is the button that has the focus after it was pressed, empty for none."""

    key: str
    card: Card
    focus: str = ""


def rows_of(entries: Sequence[Entry], source: Sequence[Entry]) -> list[Row]:
    """Return the rows of a chat. An entry that is the same as one of the source gets its number, or a changed one in its place."""
    return [
        Row(f"n{place}" if number is None else str(number), card_of(entry))
        for place, (entry, number) in enumerate(zip(entries, match_entries(entries, source), strict=True))
    ]


def read_rows(form: Form) -> list[Row]:
    """Read the rows of a form. What was written into the fields for one more becomes a row."""
    keys = dict.fromkeys(key for key in form.get("entries").split() if _KEY.fullmatch(key))
    rows = [Row(key, _read_card(form, key)) for key in keys]
    message = Card(form.get(f"role.{_NEW}").strip(), form.get(f"text.{_NEW}"), form.get(f"rest.{_NEW}"))
    placeholder = Card(text=None, placeholder=form.get(f"name.{_NEW}").strip())
    for added in (message, placeholder):
        if not added.is_blank:
            rows.append(Row(_unused(rows), added))
    return rows


def act(rows: Sequence[Row], action: str) -> list[Row]:
    """Return the rows after a button was pressed: ``up KEY``, ``down KEY``, ``remove KEY``, ``above KEY`` or ``below KEY``."""
    name, _, key = action.partition(" ")
    changed = list(rows)
    place = next((place for place, row in enumerate(changed) if row.key == key), None)
    if place is None:
        return changed
    row = changed[place]
    if name in {"up", "down"}:
        del changed[place]
        target = min(max(0, place + (1 if name == "down" else -1)), len(changed))
        changed.insert(target, Row(row.key, row.card, focus=name))
    elif name == "remove":
        del changed[place]
    elif name in {"above", "below"}:
        changed.insert(place + (name == "below"), Row(_unused(rows), Card(DEFAULT_ROLE), focus="role"))
    return changed


def entries_of(rows: Sequence[Row], source: Sequence[Entry]) -> list[Entry]:
    """Return the chat that rows describe. Raises `InvalidValue` for the first that is no entry, and for a chat without any."""
    if not rows:
        raise InvalidValue("invalid_chat", "A chat needs at least one message.", field="prompt")
    return [_entry_of(row, place, source) for place, row in enumerate(rows, 1)]


def _entry_of(row: Row, place: int, source: Sequence[Entry]) -> Entry:
    number = int(row.key) if row.key.isdecimal() else len(source)
    original = source[number] if number < len(source) else None
    if original is not None and bool(placeholder_name(original)) != (row.card.placeholder is not None):
        original = None
    try:
        return entry_of(row.card, original)
    except InvalidValue as problem:
        raise InvalidValue(problem.code, f"Message {place}: {str(problem).removesuffix('.')}.", field="prompt") from None


def _read_card(form: Form, key: str) -> Card:
    rest = form.get(f"rest.{key}")
    if f"name.{key}" in form.values:
        return Card(text=None, rest=rest, placeholder=form.get(f"name.{key}"))
    text = form.get(f"text.{key}") if f"text.{key}" in form.values else None
    return Card(form.get(f"role.{key}"), text, rest)


def _unused(rows: Sequence[Row]) -> str:
    """Return a key for a new row."""
    taken = [int(row.key[1:]) for row in rows if row.key.startswith("n")]
    return f"n{max(taken, default=-1) + 1}"
