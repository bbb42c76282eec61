import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from promptuary.model.content import MAX_BYTES
from promptuary.model.edits import Edit, apply_edits
from promptuary.model.errors import EditRefused
from promptuary.model.json_text import dump

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FEW_LETTERS = st.text("ab \n", max_size=12)


@given(before=TEXTS, old=TEXTS, after=TEXTS, new=TEXTS)
def test_an_edit_replaces_exactly_the_one_place_where_its_old_text_is(before: str, old: str, after: str, new: str) -> None:
    text = before + old + after
    assume(old)
    assume(text.find(old) == text.rfind(old) == len(before))
    assert apply_edits(dump(text), [Edit(old, new)]) == dump(before + new + after)


@given(text=FEW_LETTERS, edits=st.lists(st.builds(Edit, FEW_LETTERS.filter(bool), FEW_LETTERS), min_size=1, max_size=4))
def test_edits_apply_in_order_or_are_refused_at_the_first_that_does_not_match_once(text: str, edits: list[Edit]) -> None:
    running = text
    failing = None
    for index, edit in enumerate(edits):
        if running.count(edit.old) != 1:
            failing = index
            break
        running = running.replace(edit.old, edit.new)
    if failing is None:
        assert apply_edits(dump(text), edits) == dump(running)
    else:
        with pytest.raises(EditRefused) as refused:
            apply_edits(dump(text), edits)
        assert refused.value.edit_index == failing


@given(text=TEXTS)
def test_no_edits_change_nothing(text: str) -> None:
    assert apply_edits(dump(text), []) == dump(text)


@pytest.mark.parametrize(
    ("text", "edits", "detail", "index"),
    [
        ("abc", [Edit("x", "y")], "Text to replace was not found in the prompt.", 0),
        ("abc", [Edit("a", "b"), Edit("a", "b")], "Text to replace was not found in the prompt.", 1),
        ("a a a", [Edit("a", "b")], "Text to replace matches 3 times — provide more context to make it unique.", 0),
        ("abc", [Edit("ABC", "x")], "Text to replace was not found in the prompt.", 0),
        ("abc", [Edit("abc ", "x")], "Text to replace was not found in the prompt.", 0),
        ("ab", [Edit("a", "x"), Edit("b", "y" * MAX_BYTES)], "Resulting prompt exceeds the 1000000 byte size limit.", 1),
        ({"a": 1}, [Edit("1", "")], "Edits produced invalid JSON: Expecting value: line 3 column 1 (char 10)", 0),
        ({"a": 1}, [Edit("1", "NaN")], "Edits produced invalid JSON: Out of range float values are not JSON compliant: NaN", 0),
        ([1], [Edit("[\n  1\n]", "null")], "Edits produced invalid JSON: a prompt cannot be null", 0),
        (["a"], [Edit("a", "\\ud800")], "Edits produced invalid JSON: surrogate characters are not allowed", 0),
    ],
)
def test_an_edit_that_cannot_be_applied_is_refused_with_its_index(text: object, edits: list[Edit], detail: str, index: int) -> None:
    with pytest.raises(EditRefused) as refused:
        apply_edits(dump(text), edits)
    assert (str(refused.value), refused.value.edit_index) == (detail, index)


@pytest.mark.parametrize(
    ("value", "edit", "edited"),
    [
        ({"a": 1, "b": [2]}, Edit('"a": 1', '"a": {"c": "é"}'), {"a": {"c": "é"}, "b": [2]}),
        ({"a": 1, "b": [2]}, Edit("\n    2\n  ", ""), {"a": 1, "b": []}),
        ([1, 2], Edit(",\n  2", ""), [1]),
        (12, Edit("1", ""), 2),
        (True, Edit("true", '"text"'), "text"),
        ("a\0b", Edit("\0", ""), "ab"),
        ("text", Edit("text", ""), ""),
    ],
)
def test_json_is_edited_as_indented_text_and_strings_as_themselves(value: object, edit: Edit, edited: object) -> None:
    assert json.loads(apply_edits(dump(value), [edit])) == edited
