import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.content import MAX_BYTES, byte_size, encode_config, encode_prompt, preview, search_key, text_of
from promptuary.model.errors import InvalidValue

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(text=TEXTS)
def test_readers_see_a_string_as_it_was_written(text: str) -> None:
    assert text_of(encode_prompt(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ('"quoted"', '"quoted"'),
        (0, "0"),
        (False, "false"),
        ([], "[]"),
        ({}, "{}"),
        ({"b": ["é", None], "a": 1}, '{"b": ["é", null], "a": 1}'),
        (["x"], '["x"]'),
    ],
)
def test_readers_see_anything_else_as_json(value: object, text: str) -> None:
    assert text_of(encode_prompt(value)) == text


@given(text=TEXTS, start=st.integers(0, 20), end=st.integers(0, 20))
def test_search_finds_every_part_of_a_text_whatever_its_case(text: str, start: int, end: int) -> None:
    for part in (text[start:end], text[start:end].casefold()):
        assert search_key(encode_prompt(part)) in search_key(encode_prompt(text))


@pytest.mark.parametrize(
    ("value", "part", "is_found"),
    [
        ("Straße", "STRASSE", True),
        ("a\nb", "\n", True),
        ("a\nb", "\\n", False),
        ("plain", '"', False),
        ('a "quote"', '"', True),
        ("a\0b", "\0", True),
        (["a", "b"], '["a","b"]', True),
        (["a", "b"], '", "', False),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", True),
    ],
)
def test_search_looks_in_the_characters_not_in_their_encoding(value: object, part: str, is_found: bool) -> None:  # noqa: FBT001
    assert (search_key(encode_prompt(part)) in search_key(encode_prompt(value))) is is_found


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_a_preview_is_the_text_or_its_first_160_characters(text: str) -> None:
    shown = preview(text)
    assert shown == text if len(text) <= 160 else shown == text[:160] + "..."


def test_sizes_count_bytes_of_compact_json_with_quotes_and_escapes() -> None:
    assert [byte_size(value) for value in ("", "é", '"', "\0", {"a": [1, 2]}, "🙂")] == [2, 4, 4, 8, 11, 6]


def test_a_prompt_may_have_exactly_the_largest_size() -> None:
    encode_prompt("x" * (MAX_BYTES - 2))
    encode_prompt("é" * (MAX_BYTES // 2 - 1))
    for value in ("x" * (MAX_BYTES - 1), "é" * (MAX_BYTES // 2), ["x" * (MAX_BYTES - 3)]):
        with pytest.raises(InvalidValue, match="Prompt payload must be 1000000 bytes or fewer") as refused:
            encode_prompt(value)
        assert (refused.value.code, refused.value.field) == ("max_size", "prompt")


def test_a_prompt_is_never_null() -> None:
    with pytest.raises(InvalidValue, match="This field may not be null"):
        encode_prompt(None)


def test_a_config_is_an_object_of_allowed_size_or_nothing() -> None:
    assert encode_config(None) is None
    assert encode_config({}) == "{}"
    assert encode_config({"b": 1, "a": None}) == '{"b": 1, "a": null}'
    wrong: list[object] = [[], "{}", 0, False]
    for value in wrong:
        with pytest.raises(InvalidValue, match="Config must be a JSON object"):
            encode_config(value)
    with pytest.raises(InvalidValue, match="Config must be 1000000 bytes or fewer"):
        encode_config({"x": "x" * MAX_BYTES})
