"""Files and versions of the server that both changed are merged, or said to contradict each other."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.sync.merging import Draft, Unmergeable, merge

Contract = dict[str, object] | None

CONTRACTS: st.SearchStrategy[Contract] = st.sampled_from([None, {}, {"a": {}}, {"b": {}}, {"a": {"type": "integer"}, "b": {}}])


@given(base=CONTRACTS, changed=CONTRACTS)
def test_variables_that_only_one_changed_are_taken_beside_the_text_of_the_other(base: Contract, changed: Contract) -> None:
    before = Draft("one\ntwo\nthree\n", None, base)
    text, both = "one\ntwo\nTHREE\n", Draft("one\ntwo\nTHREE\n", None, changed)
    assert merge(before, Draft(text, None, base), Draft(before.content, None, changed)) == both
    assert merge(before, Draft(before.content, None, changed), Draft(text, None, base)) == both


@pytest.mark.parametrize(
    ("theirs", "yours", "reason"),
    [
        (None, {}, "both changed the variables"),
        ({}, None, "both changed the variables"),
        (None, {"a": {}, "b": {}}, "both changed the variables"),
        ({}, {"a": {"type": "integer"}}, "both changed a of the variables"),
    ],
)
def test_variables_that_contradict_each_other_are_a_conflict(theirs: Contract, yours: Contract, reason: str) -> None:
    with pytest.raises(Unmergeable, match=f"^{reason}$"):
        merge(Draft("text", None, {"a": {}}), Draft("text", None, theirs), Draft("text", None, yours))


KEYS: dict[str, object] = {"aa": 1, "bb": 2, "cc": 3, "dd": 4, "ee": 5}


def _with(key: str, value: object, *, behind: str) -> dict[str, object]:
    items = list(KEYS.items())
    place = list(KEYS).index(behind) + 1
    return dict([*items[:place], (key, value), *items[place:]])


NESTING = [
    lambda keys: keys,
    lambda keys: {"outer": {"inner": keys}, "last": 1},
    lambda keys: [{"first": 1}, keys],
    lambda keys: {"list": [[0, keys], 1]},
]


@pytest.mark.parametrize("nest", NESTING, ids=["object", "object in objects", "object in an array", "object in arrays"])
@pytest.mark.parametrize("mine", ["MINE", "THEIRS"])
def test_a_key_that_both_added_at_different_places_is_a_conflict(nest: Callable[[object], object], mine: str) -> None:
    theirs, yours = _with("kk", "THEIRS", behind="aa"), _with("kk", mine, behind="dd")
    with pytest.raises(Unmergeable, match=r"^the merged content would have the key kk twice$"):
        merge(Draft(nest(KEYS), None), Draft(nest(theirs), None), Draft(nest(yours), None))


@pytest.mark.parametrize("nest", NESTING, ids=["object", "object in objects", "object in an array", "object in arrays"])
def test_different_keys_that_both_added_are_merged(nest: Callable[[object], object]) -> None:
    theirs, yours = _with("tt", "THEIRS", behind="aa"), _with("yy", "MINE", behind="dd")
    merged = merge(Draft(nest(KEYS), None), Draft(nest(theirs), None), Draft(nest(yours), None)).content
    assert merged == nest({**KEYS, "tt": "THEIRS", "yy": "MINE"})


def test_the_same_key_in_different_objects_is_merged() -> None:
    base: list[object] = [{"aa": 1, "bb": 2}, "between", {"aa": 1, "bb": 2}]
    theirs: list[object] = [{"aa": 1, "kk": 3, "bb": 2}, *base[1:]]
    yours: list[object] = [*base[:2], {"aa": 1, "kk": 4, "bb": 2}]
    assert merge(Draft(base, None), Draft(theirs, None), Draft(yours, None)).content == [theirs[0], "between", yours[2]]
