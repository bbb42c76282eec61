"""Pages of a project's active prompts: found in `list_entries`, one index an order, then read as versions.

Archived prompts are not in `list_entries`; theirs are found among the rows of prompts themselves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, and_, bindparam, exists, false, func, not_, or_, select

from promptuary.model.accounts import Author
from promptuary.model.needles import needles_of
from promptuary.model.prompts import Version
from promptuary.model.text import fold
from promptuary.store import changes, versions
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import computed_orders, ranking, trigrams, word_index
from promptuary.store.lists.entries import LATEST
from promptuary.store.lists.ranking import RELEVANCE
from promptuary.store.lists.words import Found
from promptuary.store.tables import MAX_INTEGER, list_entries, prompts, search_texts, users
from promptuary.store.tables import versions as version_rows
from promptuary.store.users import AUTHOR_COLUMNS, author_of

ORDERS: dict[str, ColumnElement[Any]] = {
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
"""Columns by which a list can be ordered, beside `list_parts.ORDERS`; ties are broken by id, descending. Names have none."""

ARCHIVED_ORDERS: dict[str, Column[Any]] = {
    "name": prompts.c.name,
    "created_at": version_rows.c.created_at,
    "updated_at": version_rows.c.created_at,
    "version": prompts.c.latest_version,
    "latest_version": prompts.c.latest_version,
    "version_count": prompts.c.latest_version,
    "first_version_created_at": prompts.c.created_at,
    "prompt_size_bytes": version_rows.c.size_bytes,
    "archived_at": prompts.c.archived_at,
}
"""Columns by which a list of archived prompts can be ordered; ties are broken by the id of the prompt, descending."""

_PART_OF_NAME = re.compile(r"[a-z0-9_-]{1,255}")

_HITS_SORTED_PER_TEXT = 5
"""Hits that are read and sorted in the time in which one text is looked at."""

_ENTRIES_ASKED_PER_HIT = 2
"""Entries of which PostgreSQL is asked whether they are hits in the time in which one hit is read and sorted."""

_TEXTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Query of a list: filters, versions and order of active prompts; or of archived ones, which have no labels."""

    limit: int
    offset: int = 0
    label: str | None = None
    search: str = ""
    created_by_id: int | None = None
    order_by: str = "created_at"
    is_descending: bool = True
    is_archived: bool = False
    with_content: bool = True
    in_any_order: bool = False
    """Search for prompts that have all words of the search, wherever each stands, not for the search as a whole."""
    is_unnamed: bool = False
    """Leave out prompts whose name fits the search."""

    @property
    def needles(self) -> tuple[tuple[str, ...], ...]:
        """Needles that a prompt must all contain, each in several spellings of which any matches."""
        return needles_of(self.search, in_any_order=self.in_any_order)

    @property
    def words(self) -> list[str]:
        """Needles that a name must all contain."""
        return [spellings[0] for spellings in self.needles]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list and the number of all items."""

    items: list[Version]
    count: int


# Built once: it is run once for each name.
_NEXT_LABEL = select(func.min(list_entries.c.label)).where(
    list_entries.c.project_id == bindparam("project_id", type_=list_entries.c.project_id.type),
    list_entries.c.label > bindparam("last", type_=list_entries.c.label.type),
)


def list_page(tx: Transaction, project_id: int, listing: Listing) -> Page:
    """List the active prompts of a project, each at its latest or labelled version."""
    if listing.order_by == RELEVANCE:
        by_time = replace(listing, order_by="created_at", is_descending=True)
        ids, count = (_find_ranked if listing.search else _find)(tx, project_id, by_time)
    else:
        ids, count = (_find_in_parts if listing.order_by in computed_orders.ORDERS else _find)(tx, project_id, listing)
    return Page(versions.list_versions(tx, ids, with_content=listing.with_content), count)


def list_authors(tx: Transaction, project_id: int, *, limit: int) -> list[Author]:
    """List the users who created a version that the list of active prompts shows, by e-mail address."""
    is_listed = exists().where(
        list_entries.c.project_id == project_id, list_entries.c.label == LATEST, list_entries.c.created_by_id == users.c.id
    )
    rows = tx.connection.execute(select(*AUTHOR_COLUMNS).where(is_listed).order_by(users.c.email).limit(limit))
    return [author for author in map(author_of, rows) if author is not None]


def list_label_names(tx: Transaction, project_id: int, *, limit: int) -> list[str]:
    """List the names of the labels that active prompts have, by name.

    Each is found by a step of its own in the index: a project may have a hundred thousand labels, and few different names.
    """
    names: list[str] = []
    last = LATEST
    while len(names) < limit and (
        name := tx.connection.execute(_NEXT_LABEL, {"project_id": project_id, "last": last}).scalar_one()
    ):
        names.append(name)
        last = name
    return names


def list_archived_page(tx: Transaction, project_id: int, listing: Listing) -> Page:
    """List the archived prompts of a project, each at its latest version; a search looks in their names only."""
    column = ARCHIVED_ORDERS[listing.order_by]
    page = _archived(select(*prompts.c, column.label("key")), project_id, listing)
    page = page.order_by(*_directed(listing, column, prompts.c.id)).limit(listing.limit).offset(min(listing.offset, MAX_INTEGER))
    # Versions are many and big, so those of other pages are left alone where the order allows it.
    found = page.subquery()
    latest = select(version_rows.c.id).join(found, _is_latest(found)).order_by(*_directed(listing, found.c.key, found.c.id))
    ids = tx.connection.execute(latest).scalars().all()
    count: int = tx.connection.execute(_archived(select(func.count()), project_id, listing)).scalar_one()
    return Page(versions.list_versions(tx, ids, with_content=listing.with_content), count)


def _archived(statement: Select[Any], project_id: int, listing: Listing) -> Select[Any]:
    statement = statement.select_from(prompts).where(prompts.c.project_id == project_id, prompts.c.archived_at.is_not(None))
    if listing.created_by_id is not None or ARCHIVED_ORDERS[listing.order_by].table is version_rows:
        statement = statement.join(version_rows, _is_latest(prompts))
    if listing.created_by_id is not None:
        statement = statement.where(version_rows.c.created_by_id == listing.created_by_id)
    if not listing.search:
        return statement
    needle = fold(listing.search)
    # What no name can contain is not asked for: databases limit the length of a pattern, and differ in NUL and in case.
    is_possible = _PART_OF_NAME.fullmatch(needle) is not None
    return statement.where(func.lower(prompts.c.name).contains(needle, autoescape=True) if is_possible else false())


def _is_latest(prompt_rows: FromClause) -> ColumnElement[bool]:
    return and_(version_rows.c.prompt_id == prompt_rows.c.id, version_rows.c.version == prompt_rows.c.latest_version)


def _directed(listing: Listing, key: ColumnElement[Any], tie: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return key.desc() if listing.is_descending else key.asc(), tie.desc()


def _find(tx: Transaction, project_id: int, listing: Listing) -> tuple[Sequence[str], int]:
    """Find the ids of a page's versions and the number of all items."""
    if not listing.search:
        count = _count_all(tx, project_id, listing)
        return _page_of_all(tx, project_id, listing, count=count), count
    found = _find_words(tx, project_id, listing)
    if found is not None and not found.question:
        return [], 0
    is_hit = _is_hit(tx, project_id, listing, found)
    if found is None or listing.created_by_id is not None:
        return _search(tx, project_id, listing, is_hit)
    ids, count = _walk(tx, project_id, listing, found)
    return _page(tx, _in_order(listing).where(*_proposed(tx, project_id, is_hit)), listing) if ids is None else ids, count


def _find_ranked(tx: Transaction, project_id: int, listing: Listing) -> tuple[Sequence[str], int]:
    """Find those whose names fit, the best first, and behind them the others in the order of the listing."""
    names = _listed(select(list_entries.c.version_id), listing).where(_is_of(project_id), ranking.is_named(listing.words))
    ranked = names.order_by(ranking.rank(listing.words), *_order(listing, list_entries.c.created_at, list_entries.c.version_id))
    ids = [*_page(tx, ranked, listing)]
    named: int = tx.connection.execute(select(func.count()).select_from(names.subquery())).scalar_one()
    rest = replace(listing, limit=listing.limit - len(ids), offset=max(0, listing.offset - named), is_unnamed=True)
    found = _find_words(tx, project_id, rest)
    if found is not None and not found.question:
        return ids, named
    is_hit = _is_hit(tx, project_id, rest, found)
    if found is None or listing.created_by_id is not None:
        others, count = _search(tx, project_id, rest, is_hit)
        return [*ids, *others], named + count
    # The index counts all hits, those in names, too.
    walked, count = _walk(tx, project_id, rest, found)
    others = _page(tx, _in_order(rest).where(*_proposed(tx, project_id, is_hit)), rest) if walked is None else walked
    return [*ids, *others], count


def _find_words(tx: Transaction, project_id: int, listing: Listing) -> Found | None:
    """Find a listing's only needle by words; `None` where what it searches for is to be found otherwise."""
    return _find_word(tx, project_id, listing, listing.needles[0]) if len(listing.needles) == 1 else None


def _find_word(tx: Transaction, project_id: int, listing: Listing, spellings: tuple[str, ...]) -> Found | None:
    """Find a needle by words; `None` where it is to be found by trigrams."""
    if listing.label or len(spellings) > 1:
        return None
    return word_index.find(tx.connection, spellings[0], project_id=project_id)


def _is_hit(tx: Transaction, project_id: int, listing: Listing, found: Found | None) -> ColumnElement[bool]:
    text_id = list_entries.c.search_text_id
    if found is not None:
        return word_index.contains(tx.connection, found, text_id=text_id)
    return and_(*(_has(tx, project_id, listing, spellings) for spellings in listing.needles))


def _has(tx: Transaction, project_id: int, listing: Listing, spellings: tuple[str, ...]) -> ColumnElement[bool]:
    """Match entries whose texts have a needle in one of its spellings."""
    text_id = list_entries.c.search_text_id
    found = _find_word(tx, project_id, listing, spellings) if len(listing.needles) > 1 else None
    if found is None:
        return or_(*(trigrams.contains(tx.connection, spelling, text_id=text_id) for spelling in spellings))
    return word_index.contains(tx.connection, found, text_id=text_id) if found.question else false()


def _find_in_parts(tx: Transaction, project_id: int, listing: Listing) -> tuple[Sequence[str], int]:
    found = None
    wanted: tuple[ColumnElement[bool], ...] = (_is_of(project_id),)
    if listing.search:
        found = _find_words(tx, project_id, listing)
        if found is not None and not found.question:
            return [], 0
        wanted = _proposed(tx, project_id, _is_hit(tx, project_id, listing, found))
    ids = computed_orders.find_page(
        tx,
        project_id,
        lambda statement: _listed(statement, listing).where(*wanted),
        order_by=listing.order_by,
        is_descending=listing.is_descending,
        limit=listing.limit,
        offset=listing.offset,
    )
    if not listing.search:
        return ids, _count_all(tx, project_id, listing)
    if found is None or listing.created_by_id is not None:
        return ids, _count(tx, listing, *wanted)
    return ids, word_index.count(tx.connection, found)


def _search(tx: Transaction, project_id: int, listing: Listing, is_hit: ColumnElement[bool]) -> tuple[Sequence[str], int]:
    # To count while searching spares a second search.
    statement = _in_order(listing).add_columns(func.count().over().label("total")).where(*_proposed(tx, project_id, is_hit))
    rows = tx.connection.execute(_bounded(statement, listing)).all()
    if rows:
        return [row.version_id for row in rows], rows[0].total
    return [], _count(tx, listing, *_proposed(tx, project_id, is_hit))


def _count_all(tx: Transaction, project_id: int, listing: Listing) -> int:
    """Count what a listing without a search has; entries change with the change log only."""
    if tx.counts is None:
        return _count(tx, listing, _is_of(project_id))
    return tx.counts.of(
        (project_id, listing.label, listing.created_by_id),
        log_end=changes.last_mark(tx),
        count=lambda: _count(tx, listing, _is_of(project_id)),
    )


def _count(tx: Transaction, listing: Listing, *wanted: ColumnElement[bool]) -> int:
    count: int = tx.connection.execute(_listed(select(func.count()), listing).where(*wanted)).scalar_one()
    return count


def _walk(tx: Transaction, project_id: int, listing: Listing, found: Found) -> tuple[Sequence[str] | None, int]:
    """Count all hits, and look at one entry after the other until the page is full.

    No page is returned when that would take longer than to sort all hits.
    """
    if word_index.can_gather(tx.connection):
        return _walk_gathered(tx, project_id, listing, found)
    count = word_index.count(tx.connection, found)
    return _walk_texts(tx, project_id, listing, hits=count), count


def _walk_gathered(tx: Transaction, project_id: int, listing: Listing, found: Found) -> tuple[Sequence[str] | None, int]:
    """Walk in the database, which has gathered all hits before and knows of each entry whether it is one."""
    gathered = word_index.gather(found)
    text_ids = select(gathered.c.text_ids).correlate(None).scalar_subquery()
    key, text_id = ORDERS[listing.order_by].label("key"), list_entries.c.search_text_id.label("text_id")
    most = func.cardinality(text_ids) * _ENTRIES_ASKED_PER_HIT
    entries = _in_order(listing).add_columns(key, text_id).where(_is_of(project_id)).limit(most).subquery()
    # PostgreSQL makes no join of what is asked whether it is true.
    hits = select(entries.c.version_id).where(entries.c.text_id.in_(select(func.unnest(text_ids))).is_(True))
    hits = _bounded(hits.order_by(*_order(listing, entries.c.key, entries.c.version_id)), listing)
    page, count = tx.connection.execute(select(func.array(hits.scalar_subquery()), func.cardinality(gathered.c.text_ids))).one()
    is_full = len(page) == max(0, min(listing.limit, count - listing.offset))
    return page if is_full else None, count


def _walk_texts(tx: Transaction, project_id: int, listing: Listing, *, hits: int) -> Sequence[str] | None:
    """Walk outside of the database, and look at the texts."""
    if listing.offset >= hits:
        return []
    wanted = min(listing.offset + listing.limit, hits)
    most = hits // _HITS_SORTED_PER_TEXT
    if most < wanted:
        return None
    key, text_id = ORDERS[listing.order_by].label("key"), list_entries.c.search_text_id.label("text_id")
    entries = _in_order(listing).add_columns(key, text_id).where(_is_of(project_id)).limit(_TEXTS_AT_ONCE)
    has_needle = trigrams.has_needle(tx.connection, fold(listing.search))
    found: list[str] = []
    for start in range(0, most, _TEXTS_AT_ONCE):
        some = entries.offset(start).subquery()
        having = select(some.c.version_id).join(search_texts, search_texts.c.id == some.c.text_id).where(has_needle)
        found += tx.connection.execute(having.order_by(*_order(listing, some.c.key, some.c.version_id))).scalars()
        if len(found) >= wanted:
            return found[listing.offset : wanted]
        # At this rate the page will not be full in time.
        if len(found) * most < wanted * (start + _TEXTS_AT_ONCE):
            break
    return None


def _page_of_all(tx: Transaction, project_id: int, listing: Listing, *, count: int) -> Sequence[str]:
    """Find a page without a search by way of the nearer end of the list."""
    size = min(listing.limit, count - listing.offset)
    if size <= 0:
        return []
    behind = count - listing.offset - size
    if behind >= listing.offset:
        return _page(tx, _in_order(listing).where(_is_of(project_id)), listing)
    from_end = replace(listing, offset=behind, limit=size)
    return _page(tx, _in_order(from_end, from_end=True).where(_is_of(project_id)), from_end)[::-1]


def _page(tx: Transaction, statement: Select[Any], listing: Listing) -> Sequence[str]:
    return tx.connection.execute(_bounded(statement, listing)).scalars().all()


def _bounded(statement: Select[Any], listing: Listing) -> Select[Any]:
    return statement.limit(listing.limit).offset(min(listing.offset, MAX_INTEGER))


def _in_order(listing: Listing, *, from_end: bool = False) -> Select[Any]:
    order = _order(listing, ORDERS[listing.order_by], list_entries.c.version_id, from_end=from_end)
    return _listed(select(list_entries.c.version_id), listing).order_by(*order)


def _order(
    listing: Listing, key: ColumnElement[Any], tie: ColumnElement[Any], *, from_end: bool = False
) -> tuple[ColumnElement[Any], ...]:
    directed = _directed(listing, key, tie)
    if from_end:
        directed = (key.asc() if listing.is_descending else key.desc()), tie.asc()
    # Active prompts of a project differ in their names. Where nothing is left to be sorted, an offset only walks along the index.
    return directed[:1] if listing.order_by == "name" else directed


def _listed(statement: Select[Any], listing: Listing) -> Select[Any]:
    statement = statement.select_from(list_entries).where(list_entries.c.label == (listing.label or LATEST))
    if listing.created_by_id is not None:
        statement = statement.where(list_entries.c.created_by_id == listing.created_by_id)
    return statement.where(not_(ranking.is_named(listing.words))) if listing.is_unnamed else statement


def _is_of(project_id: int) -> ColumnElement[bool]:
    return list_entries.c.project_id == project_id


def _proposed(tx: Transaction, project_id: int, is_hit: ColumnElement[bool]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # Begin with what the search index proposes, not with all that the project has.
    return dialect.without_index(tx.connection, list_entries.c.project_id) == project_id, is_hit
