"""Ranking of names that match a search, for the order by relevance. Matches in texts follow, newest first."""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, false, func, or_

from promptuary.store.tables import list_entries

RELEVANCE = "relevance"
"""The order of a search by how well names fit; without a search it is that of the newest first."""

_PART_OF_NAME = re.compile(r"[a-z0-9_-]{1,255}")
_NAME = func.lower(list_entries.c.name)


def is_named(words: Sequence[str]) -> ColumnElement[bool]:
    """Match entries whose name has all words."""
    # What no name can contain is not asked for: databases limit the length of a pattern, and differ in NUL and in case.
    if not all(_PART_OF_NAME.fullmatch(word) for word in words):
        return false()
    return and_(*(_NAME.contains(word, autoescape=True) for word in words))


def rank(words: Sequence[str]) -> ColumnElement[int]:
    """Order entries whose name has all words: the name itself, names that begin with it, others."""
    names = {"-".join(words), "_".join(words)}
    is_it = _NAME.in_(sorted(names))
    begins_with_it = or_(*(_NAME.startswith(name, autoescape=True) for name in sorted(names)))
    return case((is_it, 0), (begins_with_it, 1), else_=2)
