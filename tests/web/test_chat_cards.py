"""Cards of a chat: what each shows of an entry, and the entry that it makes after a change."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.errors import InvalidValue
from promptuary.web.forms import Form
from promptuary.web.prompts.chat_cards import Card, card_of, entry_of
from promptuary.web.prompts.chat_form import Row, act, entries_of, read_rows, rows_of
from promptuary.web.prompts.originals import as_browsers_show

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/chat_cards.json").read_text(encoding="utf-8"))
TEXTS = st.text(st.sampled_from('a \n\r\0{}"\\é'), max_size=12)
REST = st.dictionaries(st.sampled_from(["name", "cache", "id"]), TEXTS | st.integers() | st.lists(TEXTS, max_size=2), max_size=2)
ENTRIES = st.one_of(
    st.builds(lambda rest, role, content: {**rest, "role": role, "content": content}, REST, st.sampled_from("ab"), TEXTS),
    st.builds(lambda rest, parts: {"role": "user", "content": parts, **rest}, REST, st.lists(TEXTS, max_size=2)),
    st.builds(lambda rest: {"content": None, "role": "assistant", "tool_calls": [], **rest}, REST),
    st.builds(lambda rest, name: {**rest, "placeholder": name}, REST, st.sampled_from(["history", "more"])),
)


def as_sent(card: Card) -> Card:
    """The card as a browser sends it."""
    return replace(
        card,
        text=None if card.text is None else as_browsers_show(card.text),
        rest=as_browsers_show(card.rest),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_cards_follow_the_vectors(vector: dict[str, Any]) -> None:
    card = card_of(vector["entry"])
    assert vector["card"] == {
        "role": card.role,
        "text": card.text,
        "rest": json.loads(card.rest or "{}"),
        "placeholder": card.placeholder,
    }
    edited = replace(card, **vector["edits"])
    if vector["composed"] is None:
        with pytest.raises(InvalidValue):
            entry_of(edited, vector["entry"])
    else:
        assert json.dumps(entry_of(edited, vector["entry"])) == json.dumps(vector["composed"])


@given(chat=st.lists(ENTRIES, min_size=1, max_size=5))
def test_a_chat_that_nobody_changed_comes_back_as_it_was(chat: list[dict[str, object]]) -> None:
    rows = [replace(row, card=as_sent(row.card)) for row in rows_of(chat, chat)]
    assert json.dumps(entries_of(rows, chat)) == json.dumps(chat)


@given(chat=st.lists(ENTRIES, min_size=1, max_size=5), data=st.data())
def test_a_chat_in_another_order_keeps_every_entry_as_it_was(chat: list[dict[str, object]], data: st.DataObject) -> None:
    order: list[int] = data.draw(st.permutations(range(len(chat))))
    moved = [chat[place] for place in order]
    rows = [replace(row, card=as_sent(row.card)) for row in rows_of(moved, chat)]
    assert json.dumps(entries_of(rows, chat)) == json.dumps(moved)


def test_a_changed_message_keeps_the_line_ends_of_what_nobody_touched() -> None:
    chat: list[dict[str, object]] = [{"content": "one\r\ntwo\0\r\nthree", "role": "system"}]
    row = rows_of(chat, chat)[0]
    sent = replace(row, card=replace(row.card, text="one\n2\ntwo\ufffd\nthree"))
    assert entries_of([sent], chat) == [{"content": "one\r\n2\r\ntwo\0\r\nthree", "role": "system"}]


def test_an_edited_entry_has_the_number_of_the_one_in_whose_place_it_is() -> None:
    source: list[dict[str, object]] = [{"role": role, "content": role} for role in ("system", "user", "assistant")]
    edited: list[dict[str, object]] = [source[0], source[1] | {"content": "new"}, {"role": "tool", "content": "x"}, source[2]]
    assert [row.key for row in rows_of(edited, source)] == ["0", "1", "n2", "2"]


def rows(*keys: str) -> list[Row]:
    return [Row(key, Card("user", key)) for key in keys]


@pytest.mark.parametrize(
    ("action", "keys", "focus"),
    [
        ("up 2", ["2", "0", "n0"], "up"),
        ("down 0", ["2", "0", "n0"], "down"),
        ("up 0", ["0", "2", "n0"], "up"),
        ("down n0", ["0", "2", "n0"], "down"),
        ("remove 2", ["0", "n0"], ""),
        ("above 2", ["0", "n1", "2", "n0"], "role"),
        ("below n0", ["0", "2", "n0", "n1"], "role"),
        ("remove 7", ["0", "2", "n0"], ""),
        ("", ["0", "2", "n0"], ""),
        ("explode 2", ["0", "2", "n0"], ""),
    ],
)
def test_buttons_move_add_and_remove_rows(action: str, keys: list[str], focus: str) -> None:
    changed = act(rows("0", "2", "n0"), action)
    assert [row.key for row in changed] == keys
    assert "".join(row.focus for row in changed) == focus


def test_fields_for_one_more_become_rows_only_if_something_is_written_there() -> None:
    blank = {"entries": ["0"], "role.0": ["user"], "text.0": ["x"], "rest.0": [""], "role.new": ["user"], "text.new": [""]}
    assert len(read_rows(Form(blank))) == 1
    filled = read_rows(Form(blank | {"text.new": ["More."], "name.new": ["history"]}))
    assert [row.key for row in filled] == ["0", "n0", "n1"]
    assert [entry_of(row.card) for row in filled[1:]] == [
        {"role": "user", "content": "More."},
        {"type": "placeholder", "name": "history"},
    ]


def test_odd_keys_of_rows_are_no_rows() -> None:
    form = Form({"entries": ["0 0 -1 x n1 9999999 99"], "role.0": ["a"], "text.0": ["a"], "role.n1": ["b"], "text.n1": ["b"]})
    assert [row.key for row in read_rows(form)] == ["0", "n1", "99"]
    with pytest.raises(InvalidValue, match="Message 3: the message needs a role"):
        entries_of(read_rows(form), [{"role": "a", "content": "a"}])


def test_a_chat_without_messages_is_none() -> None:
    with pytest.raises(InvalidValue, match="at least one message"):
        entries_of([], [])
