"""Files and versions of the server that both changed are merged, or said to contradict each other."""

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
