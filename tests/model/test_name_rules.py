import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.errors import InvalidValue
from promptuary.model.names import check_label_name, check_prompt_name

LETTERS = string.ascii_letters + string.digits + "_-"
INNER = string.ascii_lowercase + string.digits + "._-"
ENDS = string.ascii_lowercase + string.digits


@given(name=st.text(LETTERS, min_size=1, max_size=255).filter(lambda name: name.lower() != "new"))
def test_letters_digits_hyphens_and_underscores_make_a_prompt_name(name: str) -> None:
    check_prompt_name(name)


@given(good=st.text(LETTERS, max_size=5), bad=st.characters(exclude_characters=LETTERS + "\0"), more=st.text(LETTERS, max_size=5))
def test_any_other_character_spoils_a_prompt_name(good: str, bad: str, more: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_prompt_name(good + bad + more)
    assert refused.value.code in {"invalid_name", "blank"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "blank"),
        (" ", "blank"),
        ("x" * 256, "max_length"),
        ("é" * 256, "max_length"),
        ("a\0", "null_characters_not_allowed"),
        ("new", "reserved_name"),
        ("NEW", "reserved_name"),
        ("a b", "invalid_name"),
        ("a\n", "invalid_name"),
        ("new\n", "invalid_name"),
        ("a/b", "invalid_name"),
        ("é", "invalid_name"),
        ("\ud800", "invalid_name"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "invalid_name"),
    ],
)
def test_an_impossible_prompt_name_is_refused_for_its_first_fault(name: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_prompt_name(name, field="new_name")
    assert (refused.value.code, refused.value.field) == (code, "new_name")


@given(first=st.sampled_from(ENDS), inner=st.text(INNER, max_size=126), last=st.sampled_from(string.ascii_lowercase))
def test_lower_case_letters_digits_and_inner_punctuation_make_a_label_name(first: str, inner: str, last: str) -> None:
    name = first + inner + last
    if name != "latest":
        check_label_name(name)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("", "invalid_label_name", "between 1 and 128"),
        ("x" * 129, "invalid_label_name", "between 1 and 128"),
        ("latest", "reserved_label_name", "reserved"),
        ("LaTest", "reserved_label_name", "reserved"),
        ("1", "invalid_label_name", "numbers only"),
        ("007", "invalid_label_name", "numbers only"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "invalid_label_name", "numbers only"),
        ("Production", "invalid_label_name", "Use lowercase letters"),
        ("-a", "invalid_label_name", "Use lowercase letters"),
        ("a.", "invalid_label_name", "Use lowercase letters"),
        ("_", "invalid_label_name", "Use lowercase letters"),
        ("a b", "invalid_label_name", "Use lowercase letters"),
        ("a\n", "invalid_label_name", "Use lowercase letters"),
        ("a\0b", "invalid_label_name", "Use lowercase letters"),
        ("é", "invalid_label_name", "Use lowercase letters"),
    ],
)
def test_an_impossible_label_name_is_refused_for_its_first_fault(name: str, code: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words) as refused:
        check_label_name(name)
    assert (refused.value.code, refused.value.field) == (code, None)
