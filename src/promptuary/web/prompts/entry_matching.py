"""Entries of two forms of a chat that belong together, also where messages were moved or changed."""

from collections.abc import Sequence

from promptuary.model.chats import Entry, placeholder_name
from promptuary.model.json_text import dump


def match_entries(entries: Sequence[Entry], source: Sequence[Entry]) -> list[int | None]:
    """Return the number of each entry in the source, `None` for new ones.

    An entry that is the same as one of the source is this one, wherever it is; else it may be the changed form of the one that
    follows there.
    """
    unused = set(range(len(source)))
    alike: dict[str, list[int]] = {}
    for number in reversed(range(len(source))):
        alike.setdefault(dump(source[number]), []).append(number)
    numbers: list[int | None] = []
    for entry in entries:
        found = alike.get(dump(entry))
        numbers.append(found.pop() if found else None)
    unused.difference_update(number for number in numbers if number is not None)
    following = 0
    for place, entry in enumerate(entries):
        if numbers[place] is None and following in unused and _is_like(entry, source[following]):
            numbers[place] = following
            unused.discard(following)
        known = numbers[place]
        following = following if known is None else known + 1
    return numbers


def are_moved(numbers: Sequence[int | None]) -> bool:
    """Return `True` if entries are in another order than in their source."""
    known = [number for number in numbers if number is not None]
    return known != sorted(known)


def put_in_order(entries: Sequence[Entry], numbers: Sequence[int | None], order: Sequence[int | None]) -> list[Entry]:
    """Return entries in the order of another form of the same source; new ones stay behind the entry that they follow.

    ``numbers`` are those of the entries in the source, ``order`` those of the other form.
    """
    places = {number: place for place, number in enumerate(order) if number is not None}
    ranks: dict[int, tuple[int, int]] = {}
    last = (-1, 0)
    for number in range(max([*places, *(known for known in numbers if known is not None)], default=-1) + 1):
        last = (places[number], 0) if number in places else (last[0], last[1] + 1)
        ranks[number] = last
    last, keyed = (-1, 0), []
    for place, (entry, known) in enumerate(zip(entries, numbers, strict=True)):
        last = last if known is None else ranks[known]
        keyed.append((last, known is None, place, entry))
    return [entry for *_, entry in sorted(keyed, key=lambda each: each[:3])]


def _is_like(entry: Entry, original: Entry) -> bool:
    """Return `True` if an entry may be a changed form of another."""
    return bool(placeholder_name(entry)) == bool(placeholder_name(original)) and entry.get("role") == original.get("role")
