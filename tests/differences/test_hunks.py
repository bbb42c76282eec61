import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptuary.differences import Hunk, compare_texts
from promptuary.differences.hunks import split_lines
from promptuary.differences.matching import MAX_PRODUCT, matching_blocks

LINES = st.lists(st.sampled_from(["", "a", "b", "a b", "a c", "b\r", "é"]), max_size=12)
TEXTS = st.one_of(st.text(max_size=40), LINES.map("\n".join))


def side(hunks: list[Hunk], kind: str) -> list[str]:
    return [row.text for hunk in hunks for row in hunk.rows if row.kind in {"same", kind}]


def shown(text: str) -> list[str]:
    return [line.removesuffix("\n").replace("\r", "␍") for line in split_lines(text)]


@given(old=TEXTS, new=TEXTS)
@example(old="a", new="a\n")
@example(old="", new="\n")
def test_a_difference_shows_every_line_of_both_texts_in_order(old: str, new: str) -> None:
    hunks = compare_texts(old, new, context=1)
    if old == new:
        assert hunks == []
        return
    assert [line.removesuffix("⏎") for line in side(hunks, "removed")] == shown(old)
    assert [line.removesuffix("⏎") for line in side(hunks, "added")] == shown(new)
    assert any(row.kind != "same" for hunk in hunks for row in hunk.rows)


@given(old=TEXTS, new=TEXTS)
def test_lines_are_numbered_from_one_without_gaps(old: str, new: str) -> None:
    rows = [row for hunk in compare_texts(old, new) for row in hunk.rows]
    for numbers, lines in (([row.old_number for row in rows], old), ([row.new_number for row in rows], new)):
        counted = [number for number in numbers if number is not None]
        assert counted == list(range(1, (len(split_lines(lines)) if rows else 0) + 1))


@given(old=LINES, new=LINES)
def test_side_by_side_shows_the_same_rows_as_in_line(old: list[str], new: list[str]) -> None:
    for hunk in compare_texts("\n".join(old), "\n".join(new)):
        olds = [pair[0] for pair in hunk.pairs if pair[0] is not None]
        news = [pair[1] for pair in hunk.pairs if pair[1] is not None]
        assert olds == [row for row in hunk.rows if row.kind in {"same", "removed"}]
        assert news == [row for row in hunk.rows if row.kind in {"same", "added"}]


def test_only_the_words_that_differ_are_marked() -> None:
    (hunk,) = compare_texts("Answer in a friendly tone.\n", "Answer in a formal tone.\n")
    marked = [[(span.text, span.is_changed) for span in row.spans] for row in hunk.rows]
    assert marked == [
        [("Answer in a ", False), ("friendly", True), (" tone.", False)],
        [("Answer in a ", False), ("formal", True), (" tone.", False)],
    ]


def test_lines_that_have_hardly_anything_in_common_are_not_marked_word_by_word() -> None:
    (hunk,) = compare_texts("Say hello to everybody here.", "Never mention the price!")
    assert [len(row.spans) for row in hunk.rows] == [1, 1]


def test_unchanged_lines_far_from_a_change_are_folded() -> None:
    old = "".join(f"line {number}\n" for number in range(100))
    hunks = compare_texts(old, old.replace("line 50\n", "line fifty\n"))
    assert [(hunk.is_folded, len(hunk.rows)) for hunk in hunks] == [(True, 47), (False, 8), (True, 46)]


@pytest.mark.parametrize(
    ("old", "new", "last"),
    [("end", "end\n", "end⏎"), ("a\nb", "a\r\nb", "a␍")],
    ids=["a last line feed", "carriage returns"],
)
def test_a_difference_that_cannot_be_seen_is_shown_by_a_symbol(old: str, new: str, last: str) -> None:
    (hunk,) = compare_texts(old, new)
    assert [row.text for row in hunk.rows if row.kind == "added"] == [last]


@given(old=st.lists(st.sampled_from("abc")), new=st.lists(st.sampled_from("abc")))
def test_blocks_are_equal_in_order_and_do_not_touch(old: list[str], new: list[str]) -> None:
    end_old = end_new = -1
    for block in matching_blocks(old, new):
        assert block.length > 0
        assert old[block.old : block.old + block.length] == new[block.new : block.new + block.length]
        assert (block.old, block.new) != (end_old, end_new)
        assert block.old >= end_old
        assert block.new >= end_new
        end_old, end_new = block.old + block.length, block.new + block.length


def test_long_texts_are_compared_at_the_lines_that_each_has_once() -> None:
    old = [f"line {number}" for number in range(20_000)]
    new = ["new" if number % 7 == 0 else line for number, line in enumerate(old)]
    assert len(old) * len(new) > MAX_PRODUCT
    assert sum(block.length for block in matching_blocks(old, new)) == sum(line != "new" for line in new)


def test_what_is_too_long_and_has_nothing_to_divide_it_at_is_replaced_as_a_whole() -> None:
    old, new = ["a", "b"] * 10_000, ["b", "b", "a"] * 7_000
    assert sum(block.length for block in matching_blocks(["first", *old, "last"], ["first", *new, "last"])) == 2


def test_a_single_line_of_a_megabyte_is_compared_as_a_whole() -> None:
    (hunk,) = compare_texts("word " * 200_000, "word " * 199_999)
    assert [(row.kind, len(row.spans)) for row in hunk.rows] == [("removed", 1), ("added", 1)]
