import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptuary.model.json_text import (
    MAX_DEPTH,
    MAX_ITEMS,
    InvalidJson,
    dump,
    dump_compact,
    dump_indented,
    find_repeated_key,
    find_surrogate,
    parse,
)

STRINGS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=10,
)


@given(value=VALUES)
def test_what_was_written_is_read_back_alike_in_every_form(value: object) -> None:
    for written in (dump(value), dump_compact(value), dump_indented(value)):
        assert dump(parse(written)) == dump(value)
        assert find_surrogate(parse(written)) is None


@given(value=VALUES)
@example(value=[{"role": "user", "content": "},\n    {"}, {"a": None, "b": [], "": 1}, {"c": "]},{["}])
@example(value=[{"rows": [{"a": "},"}, {"}": "{"}]}, [{"a": 1}, {}], [{"b": 2}, [3]], [[4], [5]]])
def test_json_is_indented_as_the_standard_library_does(value: object) -> None:
    assert dump_indented(value) == json.dumps(value, ensure_ascii=False, indent=2)


@given(value=VALUES)
@example(value=[{"a": {"a": 1}}, {"a": 2}])
def test_no_key_is_repeated_in_what_was_written(value: object) -> None:
    assert find_repeated_key(dump_indented(value)) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": 1, "b": 2, "a": 1}', "a"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('[0, {"a": [{"b": {"c": 1, "c": 2}}]}]', "c"),
        ('{"a": {"b": 1, "b": 2}, "a": 1}', "b"),
        ('{"a": 1, "a": 2', None),
        ("[" * 100_000, None),
    ],
)
def test_a_repeated_key_is_found_at_any_depth(text: str, key: str | None) -> None:
    assert find_repeated_key(text) == key


def test_key_order_nul_and_big_numbers_survive() -> None:
    text = '{"b": 1, "a": "\\u0000", "n": 123456789012345678901234567890, "e": "é🙂"}'
    assert dump(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes: line 1 column 2"),
        ("[1,]", "line 1"),
        ("1 2", "Extra data"),
        ('"\n"', "Invalid control character"),
        ("NaN", "not JSON compliant: NaN"),
        ("[-Infinity]", "not JSON compliant: -Infinity"),
        ("1e999", "not JSON compliant: 1e999"),
        ("-1e999", "not JSON compliant: -1e999"),
        ("1" * 5000, "limit"),
        ("[" * 100_000, "Nested too deep"),
        ('{"a":' * 100_000, "Nested too deep"),
    ],
)
def test_unacceptable_json_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(InvalidJson, match=message):
        parse(text)


@pytest.mark.parametrize(("item", "signs"), [("[],", 2), ("{},", 2), ("1,", 1)])
def test_items_are_accepted_up_to_the_limit(item: str, signs: int) -> None:
    most = (MAX_ITEMS - 1) // signs
    assert parse(f"[{item * most}1]")
    with pytest.raises(InvalidJson, match="More than 2100000 items"):
        parse(f"[{item * (most + 1)}1]")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_accepted_up_to_the_limit(opening: str, closing: str) -> None:
    deepest = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
    assert dump_compact(parse(deepest)) == deepest
    with pytest.raises(InvalidJson, match="Nested too deep"):
        parse(opening + deepest + closing)


@given(before=STRINGS, surrogate=st.characters(categories=["Cs"]), after=STRINGS)
def test_a_lone_surrogate_is_found_wherever_it_hides(before: str, surrogate: str, after: str) -> None:
    text = before + surrogate + after
    for value in (text, [1, [text]], {"a": {"b": text}}, {text: 1}):
        assert find_surrogate(value) == surrogate
        assert find_surrogate(parse(json.dumps(value))) == surrogate


def test_the_first_of_several_surrogates_is_found() -> None:
    assert find_surrogate({"\ud801": "\ud802", "b": ["\ud803"]}) == "\ud801"
    assert find_surrogate(["fine", {"a": "\ud802"}, "\ud803"]) == "\ud802"
