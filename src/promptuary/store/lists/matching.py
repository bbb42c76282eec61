"""Rows of a list: which entries of `list_entries` a listing asks for. `orders` says in which order."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_

from promptuary.model.listing import Listing
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import trigrams
from promptuary.store.lists.entries import LATEST
from promptuary.store.tables import list_entries


def matching(tx: Transaction, statement: Select[Any], project_id: int, listing: Listing) -> Select[Any]:
    """Restrict a statement to the entries of a project that a listing asks for, in any order."""
    entries = list_entries.c
    statement = statement.select_from(list_entries).where(entries.label == (listing.label or LATEST))
    if listing.created_by_id is not None:
        statement = statement.where(entries.created_by_id == listing.created_by_id)
    if listing.after_name is not None:
        statement = statement.where(entries.name > listing.after_name)
    if not listing.search:
        return statement.where(entries.project_id == project_id)
    # Begin with what the index of trigrams finds, not with all that the project has.
    return statement.where(dialect.without_index(tx.connection, entries.project_id) == project_id, _is_hit(tx, listing))


def _is_hit(tx: Transaction, listing: Listing) -> ColumnElement[bool]:
    """Match entries whose texts have all needles of a search, each in one of its spellings."""
    text_id = list_entries.c.search_text_id
    return and_(
        *(
            or_(*(trigrams.contains(tx.connection, spelling, text_id=text_id) for spelling in spellings))
            for spellings in listing.needles
        )
    )
