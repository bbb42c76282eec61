"""The grammar of references: what is a tag, where it counts, and what takes its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.model.content import text_of
from promptuary.model.json_text import dump
from promptuary.model.references import Reference, count_references, find_tags, replace_tags, tag_of

TONE = Reference("tone", label="production")
RULES = Reference("rules", version=3)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("@@@prompt:name=tone|label=production@@@", TONE),
        ("@@@prompt:name=rules|version=3@@@", RULES),
        ("@@@prompt:name=a-B_9|version=999999999@@@", Reference("a-B_9", version=999_999_999)),
        ("@@@prompt:name=a|label=latest@@@", Reference("a", label="latest")),
        ("@@@prompt:name=a|label=3@@@", Reference("a", label="3")),
        ("@@@prompt:name=a|label=v1.0_x-y@@@", Reference("a", label="v1.0_x-y")),
        (f"@@@prompt:name={'n' * 255}|label={'l' * 128}@@@", Reference("n" * 255, label="l" * 128)),
    ],
)
def test_a_tag_names_a_prompt_and_one_selector(text: str, reference: Reference) -> None:
    [tag] = find_tags(f"before {text} behind")
    assert tag.reference == reference
    assert f"before {text} behind"[tag.start : tag.end] == text
    assert tag_of(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        "@@@prompt:name=x@@@",
        "@@@prompt:name=x|@@@",
        "@@@prompt:name=x|version=@@@",
        "@@@prompt:name=x|version=0@@@",
        "@@@prompt:name=x|version=03@@@",
        "@@@prompt:name=x|version=1234567890@@@",
        "@@@prompt:name=x|version=1|label=a@@@",
        "@@@prompt:name=x|label=Production@@@",
        "@@@prompt:name=x|label=a.@@@",
        f"@@@prompt:name=x|label={'l' * 129}@@@",
        f"@@@prompt:name={'n' * 256}|version=1@@@",
        "@@@prompt:name=a.b|version=1@@@",
        "@@@prompt:name=|version=1@@@",
        "@@@prompt: name=x|version=1@@@",
        "@@@prompt:name=x |version=1@@@",
        "@@@prompt:name=x|version=1 @@@",
        "@@@prompt:name=x|version=1@@",
        "@@@prompt:name=x|version=1\n@@@",
        "@@@Prompt:name=x|version=1@@@",
        "@@@PROMPT:name=x|version=1@@@",
        "@@@prompt:name=ä|version=1@@@",
        "@@@prompt:name=x|version=\u0661@@@",
        "@@@prompt:label=a|name=x@@@",
        "@@prompt:name=x|version=1@@@",
        "@@@",
        "",
    ],
)
def test_what_is_nearly_a_tag_is_text(text: str) -> None:
    assert list(find_tags(text)) == []
    assert replace_tags(dump(text), lambda _: "!") == text


def test_tags_are_found_from_left_to_right_and_do_not_overlap() -> None:
    text = "@@@@prompt:name=a|version=1@@@@@@prompt:name=b|version=2@@@prompt:name=c|version=3@@@"
    assert [str(tag.reference) for tag in find_tags(text)] == ["a@v1", "b@v2"]
    assert replace_tags(dump(text), str) == "@a@v1b@v2prompt:name=c|version=3@@@"
    assert replace_tags(dump("@@@@prompt:name=a|version=1@@@@"), lambda _: "x") == "@x@"


def test_references_are_counted_in_the_order_of_first_appearance() -> None:
    text = f"{tag_of(RULES)} {tag_of(TONE)} {tag_of(RULES)}"
    assert list(count_references(dump(text)).items()) == [(RULES, 2), (TONE, 1)]


def test_in_json_the_texts_count_at_any_depth_and_keys_do_not() -> None:
    value = [{"role": "system", "content": f"Be {tag_of(TONE)}"}, {tag_of(RULES): {"deep": [1, tag_of(RULES), None]}}]
    assert dict(count_references(dump(value))) == {TONE: 1, RULES: 1}
    assert json.loads(replace_tags(dump(value), str)) == [
        {"role": "system", "content": "Be tone@production"},
        {tag_of(RULES): {"deep": [1, "rules@v3", None]}},
    ]


def test_a_replacement_in_json_cannot_end_the_text_that_it_stands_in() -> None:
    value = {"a": tag_of(TONE), "b": 1e300, "c": "Ä\\\n"}
    replaced = replace_tags(dump(value), lambda _: '", "evil": "\n\\\0\u2028')
    assert json.loads(replaced) == {"a": '", "evil": "\n\\\0\u2028', "b": 1e300, "c": "Ä\\\n"}


def test_what_was_put_in_is_not_looked_through_again() -> None:
    assert replace_tags(dump(f"<{tag_of(TONE)}>"), lambda _: tag_of(RULES)) == f"<{tag_of(RULES)}>"


PIECES = st.sampled_from(
    ["@", "@@@", "prompt:name=", "a", "|", "version=", "label=", "1", "0", "x", tag_of(TONE), tag_of(RULES), "\n", '"']
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
)


@given(TEXTS)
def test_a_text_between_its_tags_stays_as_it_is(text: str) -> None:
    tags = list(find_tags(text))
    assert replace_tags(dump(text), tag_of) == text
    assert len(replace_tags(dump(text), lambda _: "")) == len(text) - sum(tag.end - tag.start for tag in tags)


@given(VALUES.filter(lambda value: value is not None and not isinstance(value, str)))
def test_json_stays_as_it_is_when_each_tag_is_put_in_its_own_place(value: object) -> None:
    stored = dump(value)
    assert replace_tags(stored, tag_of) == text_of(stored)
