"""Orders of lists: by columns of `list_entries`, and by how well names fit a search. `matching` says which rows are ordered."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_

from promptuary.model.listing import RELEVANCE, Listing
from promptuary.store.tables import list_entries

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "name": list_entries.c.name,
    "created_at": list_entries.c.created_at,
    # A version never changes, so it was last updated when it was created.
    "updated_at": list_entries.c.created_at,
    "version": list_entries.c.version,
    "latest_version": list_entries.c.latest_version,
    "version_count": list_entries.c.latest_version,
    "first_version_created_at": list_entries.c.first_version_created_at,
    "prompt_size_bytes": list_entries.c.size_bytes,
}

NEWEST_FIRST = (list_entries.c.created_at.desc(), list_entries.c.version_id.desc())

_PART_OF_NAME = re.compile(r"[a-z0-9_-]{1,255}")
_NAME = func.lower(list_entries.c.name)


def order_of(listing: Listing) -> tuple[ColumnElement[Any], ...]:
    """Return the keys by which a listing orders its entries."""
    if listing.order_by == RELEVANCE:
        return (_rank(listing.words), *NEWEST_FIRST) if listing.search else NEWEST_FIRST
    column = _COLUMNS[listing.order_by]
    return _without_ties(listing, column.desc() if listing.is_descending else column.asc(), list_entries.c.version_id.desc())


def order_from_end(listing: Listing) -> tuple[ColumnElement[Any], ...]:
    """Return the keys that order the entries the other way round."""
    if listing.order_by == RELEVANCE:
        return list_entries.c.created_at.asc(), list_entries.c.version_id.asc()
    column = _COLUMNS[listing.order_by]
    return _without_ties(listing, column.asc() if listing.is_descending else column.desc(), list_entries.c.version_id.asc())


def _without_ties(listing: Listing, key: ColumnElement[Any], tie: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    # Active prompts of a project differ in their names. Where nothing is left to be sorted, an offset only walks along the index.
    return (key,) if listing.order_by == "name" else (key, tie)


def is_part_of_name(text: str) -> bool:
    """Return `True` if a folded text may be in a name. Databases limit the length of a pattern, and differ in NUL and in case."""
    return _PART_OF_NAME.fullmatch(text) is not None


def _rank(words: Sequence[str]) -> ColumnElement[int]:
    """Order entries: the name itself, names that begin with it, names that have all words, others."""
    names = sorted({"-".join(words), "_".join(words)})
    has_all_words = (
        and_(*(_NAME.contains(word, autoescape=True) for word in words)) if all(map(is_part_of_name, words)) else false()
    )
    begins_with_it = or_(*(_NAME.startswith(name, autoescape=True) for name in names))
    return case((~has_all_words, 3), (_NAME.in_(names), 0), (begins_with_it, 1), else_=2)
