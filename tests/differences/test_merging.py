import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.differences import Chunk, ChunkKind, compare_configs, merge_configs, merge_contracts, merge_texts
from promptuary.differences.configs import MISSING, show_path

TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(["", "a", "b", "c", "d\r"]), max_size=10).map("\n".join))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["x", "y"])),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
CONTRACTS = st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from([{}, {"type": "integer"}]), max_size=3)
CONFIGS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def merged(chunks: list[Chunk]) -> str | None:
    texts = [chunk.merged for chunk in chunks]
    return None if None in texts else "".join(str(text) for text in texts)


def refuse(path: str, *values: object) -> object:
    raise AssertionError(path, values)


@given(base=TEXTS, theirs=TEXTS, yours=TEXTS)
def test_chunks_join_to_each_of_the_three_texts(base: str, theirs: str, yours: str) -> None:
    chunks = merge_texts(base, theirs, yours)
    assert "".join(chunk.base for chunk in chunks) == base
    assert "".join(chunk.theirs for chunk in chunks) == theirs
    assert "".join(chunk.yours for chunk in chunks) == yours


@given(base=TEXTS, changed=TEXTS)
def test_what_only_one_changed_is_taken(base: str, changed: str) -> None:
    assert merged(merge_texts(base, changed, base)) == changed
    assert merged(merge_texts(base, base, changed)) == changed


@given(base=TEXTS, changed=TEXTS)
def test_what_both_changed_alike_is_taken(base: str, changed: str) -> None:
    assert merged(merge_texts(base, changed, changed)) == changed


@given(base=TEXTS, theirs=TEXTS, yours=TEXTS)
def test_it_does_not_matter_who_is_who(base: str, theirs: str, yours: str) -> None:
    mirrored = {ChunkKind.THEIRS: ChunkKind.YOURS, ChunkKind.YOURS: ChunkKind.THEIRS}
    there = [(chunk.kind, chunk.base, chunk.theirs, chunk.yours) for chunk in merge_texts(base, theirs, yours)]
    back = [
        (mirrored.get(chunk.kind, chunk.kind), chunk.base, chunk.yours, chunk.theirs) for chunk in merge_texts(base, yours, theirs)
    ]
    assert there == back


def test_changes_of_different_lines_are_brought_together() -> None:
    base = "Be kind.\n\nAnswer in English.\n\nSign as Ada.\n"
    chunks = merge_texts(base, base.replace("kind", "kind and brief"), base.replace("Ada", "Grace"))
    assert merged(chunks) == "Be kind and brief.\n\nAnswer in English.\n\nSign as Grace.\n"


def test_changes_of_the_same_line_are_a_conflict_that_shows_all_three() -> None:
    chunks = merge_texts("a\nb\nc\n", "a\ntheirs\nc\n", "a\nyours\nc\n")
    assert [chunk for chunk in chunks if chunk.kind is ChunkKind.CONFLICT] == [
        Chunk(ChunkKind.CONFLICT, "b\n", "theirs\n", "yours\n")
    ]
    assert merged(chunks) is None


@given(base=CONFIGS, changed=CONFIGS)
def test_a_config_that_only_one_changed_is_taken(base: dict[str, Any], changed: dict[str, Any]) -> None:
    assert merge_configs(base, changed, base, refuse) == changed
    assert merge_configs(base, base, changed, refuse) == changed


def test_keys_that_different_people_changed_are_brought_together() -> None:
    base: dict[str, object] = {"model": "small", "sampling": {"temperature": 0, "top_p": 1}, "stop": ["x"]}
    theirs: dict[str, object] = {"model": "large", "sampling": {"temperature": 0, "top_p": 1}, "stop": ["x"]}
    yours: dict[str, object] = {"model": "small", "sampling": {"temperature": 1, "top_p": 1, "seed": 7}}
    assert merge_configs(base, theirs, yours, refuse) == {
        "model": "large",
        "sampling": {"temperature": 1, "top_p": 1, "seed": 7},
    }


def test_a_key_that_both_changed_is_decided_with_its_path_and_all_three_values() -> None:
    asked = []

    def take_theirs(path: str, base: object, theirs: object, yours: object) -> object:
        asked.append((path, base, theirs, yours))
        return theirs

    base: dict[str, object] = {"sampling": {"temperature": 0}, "stop": "x"}
    decided = merge_configs(base, {"sampling": {"temperature": 1}}, {"sampling": {"temperature": 2}, "stop": "y"}, take_theirs)
    assert decided == {"sampling": {"temperature": 1}}
    assert asked == [("sampling.temperature", 0, 1, 2), ("stop", "x", MISSING, "y")]


@pytest.mark.parametrize(
    ("base", "theirs", "yours", "expected"),
    [
        (None, None, None, None),
        ({}, None, None, None),
        ({"a": 1}, None, {"a": 1}, None),
        (None, {}, {}, {}),
        (None, None, {}, None),
    ],
)
def test_no_config_is_kept_apart_from_an_empty_one(
    base: dict[str, object] | None,
    theirs: dict[str, object] | None,
    yours: dict[str, object] | None,
    expected: dict[str, object] | None,
) -> None:
    assert merge_configs(base, theirs, yours, refuse) == expected


@given(base=CONTRACTS, changed=CONTRACTS)
def test_a_contract_that_only_one_changed_is_taken(base: dict[str, object] | None, changed: dict[str, object] | None) -> None:
    assert merge_contracts(base, changed, base, refuse) == changed
    assert merge_contracts(base, base, changed, refuse) == changed


@given(base=CONTRACTS, changed=CONTRACTS)
def test_a_contract_that_both_changed_alike_is_taken(base: dict[str, object] | None, changed: dict[str, object] | None) -> None:
    assert merge_contracts(base, changed, changed, refuse) == changed


@pytest.mark.parametrize(
    ("base", "theirs", "yours", "expected"),
    [
        (None, {}, {"a": {}}, {"a": {}}),
        (None, {"a": {}}, {"b": {}}, {"b": {}, "a": {}}),
        ({}, {"a": {}}, {"b": {}}, {"b": {}, "a": {}}),
        ({"a": {}}, {}, {"a": {}, "b": {}}, {"b": {}}),
        ({"a": {}, "b": {}}, {"a": {}}, {"b": {}}, {}),
    ],
)
def test_contracts_that_both_declare_are_brought_together_by_variable(
    base: dict[str, object] | None, theirs: dict[str, object], yours: dict[str, object], expected: dict[str, object]
) -> None:
    assert merge_contracts(base, theirs, yours, refuse) == expected


@pytest.mark.parametrize(
    ("base", "changed"),
    [({}, {"a": {}}), ({"a": {}}, {}), ({"a": {}}, {"a": {}, "b": {}}), ({"a": {}}, {"a": {"type": "integer"}})],
)
def test_no_contract_and_a_changed_one_are_decided_as_a_whole(base: dict[str, object], changed: dict[str, object]) -> None:
    asked = []

    def take_theirs(path: str, before: object, theirs: object, yours: object) -> object:
        asked.append((path, before, theirs, yours))
        return theirs

    assert merge_contracts(base, None, changed, take_theirs) is None
    assert merge_contracts(base, changed, None, take_theirs) == changed
    assert asked == [("", base, MISSING, changed), ("", base, changed, MISSING)]


@given(old=CONFIGS, new=CONFIGS)
def test_configs_differ_exactly_where_a_change_is_told(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = compare_configs(old, new)
    assert all(change.old != change.new for change in changes)
    assert (changes == []) == (json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))


def test_changes_of_a_config_are_told_by_the_keys_that_lead_to_them() -> None:
    changes = compare_configs({"a": {"b": 1, "c": True}, "d": None}, {"a": {"b": 1.0, "c": True}, "e": [1]})
    assert [(change.path, change.old, change.new) for change in changes] == [
        ("a.b", "1", "1.0"),
        ("d", "null", None),
        ("e", None, "[1]"),
    ]


@given(one=st.lists(st.text(max_size=4), min_size=1, max_size=3), other=st.lists(st.text(max_size=4), min_size=1, max_size=3))
def test_no_two_paths_of_a_config_are_shown_alike(one: list[str], other: list[str]) -> None:
    assert (show_path(tuple(one)) == show_path(tuple(other))) is (one == other)


def test_keys_that_are_no_plain_words_are_shown_as_json() -> None:
    old = {"a.b": 1, "a": {"b": 1}, "gpt-4.1": {"top_p": 1}, "": 1, 'q"': 1, "x\u200by": 1, "größe": 1}
    paths = [change.path for change in compare_configs(old, {})]
    assert paths == ['"a.b"', "a", '"gpt-4.1"', '""', '"q\\""', '"x\\u200by"', "größe"]
    nested = compare_configs({"gpt-4.1": {"top_p": 1}}, {"gpt-4.1": {"top_p": 2}})
    assert [change.path for change in nested] == ['"gpt-4.1".top_p']
