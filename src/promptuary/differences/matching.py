"""Matching of the items of two sequences, the base of every comparison.

What two sequences have in common is a longest common subsequence, which RapidFuzz finds in C++. Its time and memory grow with the
product of the lengths, so long sequences are first divided at items that both have exactly once, in the order that most of them
share, as "patience" comparisons do. What is still too long then, is taken as replaced as a whole: coarse, but never wrong. The work
of a whole comparison has a limit, too, so that many stretches cost no more than one.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise, starmap
from typing import NamedTuple

MAX_PRODUCT = 100_000_000
"""Greatest product of two lengths that are compared item by item: some hundredths of a second, and 13 MB."""

MAX_WORK = 3 * MAX_PRODUCT
"""Maximum sum of the products of lengths that one comparison compares item by item."""

MAX_LENGTH = 100_000
"""Maximum length, of both sequences together, of what differs between their common start and end and is still divided."""

_FIRST_CHARACTER = 0x10000
_MAX_ITEMS = 0x10FFFF - _FIRST_CHARACTER


class Block(NamedTuple):
    """``length`` items from ``old`` on in one sequence are those from ``new`` on in the other."""

    old: int
    new: int
    length: int


def matching_blocks(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Return what two sequences have in common, in order; neighbouring blocks do not touch in both."""
    start = _common_start(old, new)
    end = _common_end(old, new, start)
    middle = _match(old[start : len(old) - end], new[start : len(new) - end])
    blocks = [Block(0, 0, start), *(Block(start + block.old, start + block.new, block.length) for block in middle)]
    blocks.append(Block(len(old) - end, len(new) - end, end))
    return list(_joined(blocks))


def _match(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    if len(old) * len(new) <= MAX_PRODUCT:
        yield from _match_short(old, new)
        return
    if len(old) + len(new) > MAX_LENGTH:
        return
    anchors = [*_anchors(old, new), Block(len(old), len(new), 0)]
    gaps = [
        (slice(before.old + before.length, anchor.old), slice(before.new + before.length, anchor.new))
        for before, anchor in pairwise([Block(0, 0, 0), *anchors])
    ]
    affordable = _affordable([(gap.stop - gap.start) * (other.stop - other.start) for gap, other in gaps])
    for (gap, other), anchor, is_affordable in zip(gaps, anchors, affordable, strict=True):
        if is_affordable:
            for block in _match_short(old[gap], new[other]):
                yield Block(gap.start + block.old, other.start + block.new, block.length)
        yield anchor


def _affordable(products: Sequence[int]) -> list[bool]:
    """Return the ranges that are compared item by item: the cheapest first, until `MAX_WORK` is used up."""
    affordable = [False] * len(products)
    work = 0
    for number in sorted(range(len(products)), key=products.__getitem__):
        work += products[number]
        if products[number] > MAX_PRODUCT or work > MAX_WORK:
            break
        affordable[number] = True
    return affordable


def _match_short(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    if not old or not new:
        return
    if len(old) == len(new) == 1:
        yield Block(0, 0, int(old[0] == new[0]))
        return
    # Each different item becomes one character, so that a comparison of texts is one of sequences.
    numbers: dict[str, int] = {}
    old_text, new_text = (
        "".join(chr(_FIRST_CHARACTER + numbers.setdefault(item, len(numbers))) for item in items) for items in (old, new)
    )
    if len(numbers) > _MAX_ITEMS:
        return
    yield from find_common(old_text, new_text)


def find_common(old: str, new: str) -> Iterator[Block]:
    """Return a longest common subsequence of two texts, as blocks in order; the last one may be empty."""
    # Loading it takes longer than most commands, which compare nothing.
    from rapidfuzz.distance import LCSseq  # noqa: PLC0415

    return starmap(Block, LCSseq.editops(old, new).as_matching_blocks())


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """Return the items that both have exactly once, as many of them as stand in the same order in both."""
    old_counts, new_counts = Counter(old), Counter(new)
    places = {item: place for place, item in enumerate(new) if new_counts[item] == 1}
    common = [(place, places[item]) for place, item in enumerate(old) if old_counts[item] == 1 and item in places]
    return [Block(*common[number], 1) for number in _longest_increasing([new_location for _, new_location in common])]


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the indices of a longest increasing subsequence of different values."""
    tails: list[int] = []
    tail_indices: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        previous.append(tail_indices[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        tail_indices[length : length + 1] = [index]
    found = []
    index = tail_indices[-1] if tail_indices else -1
    while index >= 0:
        found.append(index)
        index = previous[index]
    return found[::-1]


def _common_start(old: Sequence[str], new: Sequence[str]) -> int:
    shortest = min(len(old), len(new))
    return next((number for number in range(shortest) if old[number] != new[number]), shortest)


def _common_end(old: Sequence[str], new: Sequence[str], start: int) -> int:
    most = min(len(old), len(new)) - start
    return next((number for number in range(most) if old[-1 - number] != new[-1 - number]), most)


def _joined(blocks: Sequence[Block]) -> Iterator[Block]:
    """Join blocks that touch, and leave out empty ones."""
    pending = Block(0, 0, 0)
    for block in blocks:
        if block.length == 0:
            continue
        if (pending.old + pending.length, pending.new + pending.length) == (block.old, block.new):
            pending = Block(pending.old, pending.new, pending.length + block.length)
            continue
        if pending.length:
            yield pending
        pending = block
    if pending.length:
        yield pending
