"""Where hidden characters are, and which of them an edit adds."""

from promptuary.model.hidden_characters import added_hidden
from promptuary.model.hidden_places import Passage, locate_added, locate_hidden, passages_of


def _places(*texts: str) -> list[tuple[int, int]]:
    return [(place.line, place.column) for place in locate_hidden([Passage("content", text) for text in texts])]


def _added(before: str, after: str) -> list[tuple[int, int]]:
    return [(place.line, place.column) for place in locate_added([Passage("content", before)], [Passage("content", after)])]


def test_lines_and_columns_count_from_one_in_each_text() -> None:
    assert _places("\u200b\n\na\u200b\u200b\n", "b\u200b", "") == [(1, 1), (3, 2), (3, 3), (1, 2)]
    assert _places("\U0001f600\u200b\r\n\u2028\u200b") == [(1, 2), (2, 1), (2, 2)]
    assert _places("a" * 50_000 + "\n" + "b" * 50_000 + "\u200b") == [(2, 50_001)]


def test_an_edit_beside_a_hidden_character_adds_none() -> None:
    assert _added("One\u200b two\nthree", "One\u200b two\nfour") == []
    assert _added("One\u200b two", "Five\u200b six") == []


def test_of_each_kind_as_many_are_named_as_were_added() -> None:
    assert _added("a\u200bb", "new\u200b lines that are long\na\u200bb") == [(1, 4)]
    assert _added("a\u200b\n" * 3, "a\u200b\n" * 5) == [(4, 2), (5, 2)]
    for before, after in [
        ("\u200b" * 40, "\u200b" * 55),
        ("x\u200b", "\u2060x\u200by\u200b"),
        ("", "\u00a0\u200b"),
        ("\u200b", ""),
    ]:
        assert len(_added(before, after)) == added_hidden([before], [after]).count


def test_a_prompt_is_read_message_by_message_and_json_as_it_is_indented() -> None:
    chat = [{"role": "user", "content": "a"}, {"role": "tool", "content": "b", "name": "c\u200b"}]
    assert [(each.title, each.text) for each in passages_of(chat, {"d": 1})] == [
        ("message 1", "user\na"),
        ("message 2", 'tool\nb\n{\n  "name": "c\u200b"\n}'),
        ("config", '{\n  "d": 1\n}'),
    ]
    assert [each.text for each in passages_of({"a": 1}, None)] == ['{\n  "a": 1\n}']
