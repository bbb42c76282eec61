"""Large texts: what is shown of their difference, and the work that a comparison does, have limits; nothing else changes."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary.differences import (
    Budget,
    Budgets,
    ConfigChange,
    Row,
    compare_configs,
    compare_configs_within,
    compare_texts,
    compare_texts_within,
    matching,
    merge_configs,
    merge_texts,
)
from promptuary.differences.budgets import MAX_SHOWN_VALUE
from promptuary.differences.marking import MAX_WORK

TEXTS = st.lists(st.sampled_from(["", "a", "b", "a b", "a c"]), max_size=12).map("\n".join)


def budgets(changes: int, folds: int = 100) -> Budgets:
    return Budgets(Budget(changes, lambda row: len(row.text) + 1), Budget(folds, lambda row: len(row.text) + 1))


@given(old=TEXTS, new=TEXTS)
def test_where_there_is_room_all_of_a_difference_is_shown(old: str, new: str) -> None:
    found = compare_texts_within(old, new, budgets(10_000))
    assert found.hunks == compare_texts(old, new)
    assert (found.removed_left_out, found.added_left_out) == (0, 0)


@given(old=TEXTS, new=TEXTS, size=st.integers(1, 30))
def test_changed_lines_are_shown_or_counted(old: str, new: str, size: int) -> None:
    def count(kind: str, rows: list[Row]) -> int:
        return sum(row.kind == kind for row in rows)

    whole = [row for hunk in compare_texts(old, new) for row in hunk.rows]
    found = compare_texts_within(old, new, budgets(size))
    shown = [row for hunk in found.hunks for row in hunk.rows]
    assert count("removed", shown) + found.removed_left_out == count("removed", whole)
    assert count("added", shown) + found.added_left_out == count("added", whole)


def test_lines_of_both_versions_are_shown_where_not_all_have_room() -> None:
    old, new = ("".join(f"{name}{number}\n" for number in range(10_000)) for name in ("old ", "new "))
    found = compare_texts_within(old, new, budgets(200))
    kinds = [row.kind for hunk in found.hunks for row in hunk.rows]
    assert kinds.count("removed") == kinds.count("added") > 5
    assert found.removed_left_out == found.added_left_out == 10_000 - kinds.count("added")


def test_many_unchanged_lines_are_counted_only() -> None:
    text = "".join(f"{number}\n" for number in range(1000))
    [folded, _] = compare_texts_within(text, f"{text}end", budgets(10_000)).hunks
    assert (folded.rows, folded.is_folded, folded.left_out) == ((), True, 997)


def test_of_a_long_line_the_part_is_shown_where_it_changes() -> None:
    old, new = ("x" * 500_000 + word + "y" * 400_000 for word in ("before", "after"))
    [hunk] = compare_texts_within(old, new, budgets(10_000)).hunks
    for row, word in zip(hunk.rows, ("before", "after"), strict=True):
        assert word in row.text
        assert len(row.text) == MAX_SHOWN_VALUE
        assert row.left_out == 900_000 + len(word) - MAX_SHOWN_VALUE


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([str(number * 7919 % 65536) for number in range(200_000)], [str(number * 104_729 % 65536) for number in range(200_000)]),
        (["a", "b"] * 100_000, ["b", "a"] * 99_999),
        ([str(number) for number in range(150_000)], [str(number) for number in range(149_999, -1, -1)]),
    ],
)
def test_a_comparison_of_many_lines_divides_no_more_than_its_limits(
    monkeypatch: pytest.MonkeyPatch, old: list[str], new: list[str]
) -> None:
    compared: list[int] = []
    find_common = matching.find_common

    def count(one: str, other: str) -> Iterator[matching.Block]:
        compared.append(len(one) * len(other))
        return find_common(one, other)

    monkeypatch.setattr(matching, "find_common", count)
    blocks = matching.matching_blocks(old, new)
    assert all(old[each.old : each.old + each.length] == new[each.new : each.new + each.length] for each in blocks)
    assert sum(compared) <= matching.MAX_WORK


def test_many_stretches_are_compared_cheapest_first_until_the_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_PRODUCT", 10)
    monkeypatch.setattr(matching, "MAX_WORK", 25)
    gaps = [["a"] * 3, ["b"] * 2, ["c"] * 4, ["d"] * 3, ["e"] * 3]
    old = list(itertools.chain.from_iterable([*gap, f"anchor {number}"] for number, gap in enumerate(gaps)))
    new = list(itertools.chain.from_iterable(["-", *gap[1:], f"anchor {number}"] for number, gap in enumerate(gaps)))
    found = {item for block in matching.matching_blocks(old, new) for item in old[block.old : block.old + block.length]}
    assert {item for item in found if len(item) == 1} == {"a", "b", "d"} | ({"e"} & found)


def test_words_are_marked_until_the_work_on_them_is_done() -> None:
    line = " ".join(f"word{number}" for number in range(900))
    old, new = ("".join(f"{line} {ending}\n" for _ in range(60)) for ending in ("before", "after"))
    rows = [row for hunk in compare_texts(old, new) for row in hunk.rows]
    marked = [any(span.is_changed for span in row.spans) for row in rows]
    assert len(rows) == 120
    assert 0 < sum(marked) <= 2 * MAX_WORK // 1800**2 + 2
    assert marked[0]


def test_lines_that_are_alike_stand_beside_each_other() -> None:
    [hunk] = compare_texts(
        "Answer briefly and kindly.\nName the source.\n", "Be exact.\nAnswer briefly and politely.\nName the page.\n"
    )
    sides = [tuple(row.text if row else None for row in pair) for pair in hunk.pairs]
    assert sides == [
        (None, "Be exact."),
        ("Answer briefly and kindly.", "Answer briefly and politely."),
        ("Name the source.", "Name the page."),
    ]


def test_a_config_shows_its_first_changes_and_counts_the_rest() -> None:
    old = {str(number): number for number in range(50_000)}
    new = {str(number): number + 1 for number in range(50_000)}
    shown, left_out = compare_configs_within(old, new, Budget(1000, lambda change: len(change.path) + 10))
    assert shown == compare_configs(old, new)[: len(shown)]
    assert 0 < len(shown) < 200
    assert left_out == 50_000 - len(shown)


def test_long_values_and_paths_of_a_config_are_cut() -> None:
    old, new = {"k" * 300_000: "a" * 300_000}, {"k" * 300_000: "b" * 300_000}
    [change], _ = compare_configs_within(old, new, Budget(1000, lambda _: 1))
    assert isinstance(change, ConfigChange)
    assert max(len(each or "") for each in (change.path, change.old, change.new)) < MAX_SHOWN_VALUE + 50


@pytest.mark.timeout(60)
def test_deep_configs_are_compared_and_merged_without_writing_each_level_out() -> None:
    def nested(leaf: object) -> dict[str, object]:
        value: dict[str, object] = {"leaf": leaf, "mine": 1, "theirs": 1}
        for _ in range(190):
            value = {"filling": ["x" * 4000], "inner": value}
        return value

    base, theirs, yours = nested(list(range(100_000))), nested([*range(100_000), 1]), nested(list(range(100_000)))
    [change] = compare_configs(base, theirs)
    assert change.path.endswith("inner.leaf")
    assert merge_configs(base, theirs, yours, lambda *_: None) == theirs


def test_a_merge_that_is_too_large_to_divide_is_one_conflict_and_never_wrong() -> None:
    base, theirs, yours = ("".join(f"{name}{number % 500}\n" for number in range(60_000)) for name in "btu")
    chunks = merge_texts(base, theirs, yours)
    assert "".join(chunk.base for chunk in chunks) == base
    assert "".join(chunk.theirs for chunk in chunks) == theirs
    assert "".join(chunk.yours for chunk in chunks) == yours
    assert {chunk.kind for chunk in chunks} == {"conflict"}
