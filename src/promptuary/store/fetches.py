"""Rows of counted fetches, by version, day, key and label, and what they add up to."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, case, cast, delete, func, select

from promptuary.model.prompts import Prompt
from promptuary.model.usage import MAX_SHOWN, DayUsage, FetchCount, KeyUsage, LabelUsage, VersionUsage
from promptuary.store import part_fetches, recent_fetches
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.engine.id_lists import is_among
from promptuary.store.tables import fetches, keys, last_fetches, prompts, users, versions
from promptuary.store.tables import part_fetches as part_rows
from promptuary.store.tables import recent_fetches as recent_rows
from promptuary.store.users import AUTHOR_COLUMNS, author_of

Days = tuple[date, date]
"""The first and the last day of a range, both part of it."""

# PostgreSQL adds up big integers as numbers of any size, which arrive as decimals.
_FETCHES = cast(func.sum(fetches.c.count), BigInteger)


def add_fetch_counts(tx: Transaction, fetch_counts: Sequence[FetchCount]) -> None:
    """Add fetches to what was counted before.

    All writers take the rows of all tables in one order, so that none of them waits for another in a circle.
    """
    ordered = sorted(
        fetch_counts, key=lambda fetch_count: (fetch_count.fetch_key.version_id, fetch_count.day, fetch_count.fetch_key)
    )
    if not ordered:
        return
    kind = tx.connection.dialect.name
    tx.connection.execute(_COUNT[kind], [_row(fetch_count) for fetch_count in ordered])
    part_fetches.add_part_counts(tx, ordered)
    tx.connection.execute(_NOTE_LAST[kind], _last_rows(ordered))
    recent_fetches.add_fetch_counts(tx, ordered)


def lock_fetches(tx: Transaction) -> None:
    """Keep all others from counting until the transaction ends; call it before any row is touched."""
    dialect.lock_writes(tx.connection, fetches, part_rows, last_fetches, recent_rows)


def trim_fetches(tx: Transaction, *, before: date) -> int:
    """Delete what was counted on days before ``before`` and return how many rows that was; when versions were used last stays."""
    trimmed = tx.connection.execute(delete(fetches).where(fetches.c.day < before)).rowcount
    part_fetches.trim_part_fetches(tx, before=before)
    if trimmed and recent_fetches.begin_before(tx, before):
        recent_fetches.rebuild(tx)
    return trimmed


def list_last_fetches(tx: Transaction, version_ids: Sequence[str]) -> dict[str, datetime]:
    """Return the time of the last fetch of versions, without those that were never fetched."""
    rows = _LAST_AMONG.all(tx.connection, {"version_ids": version_ids})
    return {row.version_id: row.last_fetched_at for row in rows}


def count_fetches(tx: Transaction, prompt: Prompt, days: Days, *, version: int | None) -> int:
    """Add up the fetches of a prompt, or of one of its versions."""
    statement = _of_prompt(select(func.coalesce(_FETCHES, 0)), prompt, days, version)
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def count_fetches_of_version(tx: Transaction, version_id: str, days: Days) -> int:
    """Add up the fetches of a version."""
    statement = select(func.coalesce(_FETCHES, 0)).where(fetches.c.version_id == version_id, fetches.c.day.between(*days))
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def count_fetches_of_prompts(tx: Transaction, project_id: int, prompt_ids: Sequence[str], days: Days) -> dict[str, int]:
    """Add up the fetches of each of several prompts of a project; those that were not fetched are missing."""
    statement = (
        select(versions.c.prompt_id, _FETCHES.label("fetches"))
        .join(prompts, prompts.c.id == versions.c.prompt_id)
        .join(fetches, fetches.c.version_id == versions.c.id)
        .where(prompts.c.project_id == project_id, versions.c.prompt_id.in_(prompt_ids), fetches.c.day.between(*days))
        .group_by(versions.c.prompt_id)
    )
    return {row.prompt_id: row.fetches for row in tx.connection.execute(statement)}


def list_usage(
    tx: Transaction, prompt: Prompt, days: Days, *, version: int | None, limit: int, offset: int
) -> tuple[VersionUsage, ...]:
    """List the versions of a prompt that were fetched on these days, newest first."""
    columns = (versions.c.version, versions.c.id, last_fetches.c.last_fetched_at)
    statement = _of_prompt(select(*columns, _FETCHES.label("fetches")), prompt, days, version)
    statement = statement.outerjoin(last_fetches, last_fetches.c.version_id == versions.c.id).group_by(*columns)
    statement = statement.order_by(versions.c.version.desc()).limit(limit).offset(min(offset, MAX_INTEGER))
    rows = tx.connection.execute(statement).all()
    version_ids = [row.id for row in rows]
    by_label, label_counts = _label_usage(tx, version_ids, days)
    by_key, key_counts = _key_usage(tx, version_ids, days)
    by_day = _day_usage(tx, version_ids, days)
    return tuple(
        VersionUsage(
            version=row.version,
            version_id=row.id,
            fetches=row.fetches,
            last_fetched_at=row.last_fetched_at,
            labels=tuple(by_label[row.id]),
            label_count=label_counts[row.id],
            keys=tuple(by_key[row.id]),
            key_count=key_counts[row.id],
            days=tuple(by_day[row.id]),
        )
        for row in rows
    )


def list_key_usage(tx: Transaction, prompt_id: str, days: Days, *, label: str | None = None) -> tuple[KeyUsage, ...]:
    """List the keys with which a prompt was fetched on these days, or one of its labels was, most used first."""
    statement = select(fetches.c.key_id, _FETCHES.label("fetches"), func.max(fetches.c.last_fetched_at).label("last_fetched_at"))
    statement = statement.join(versions, versions.c.id == fetches.c.version_id)
    statement = statement.where(versions.c.prompt_id == prompt_id, fetches.c.day.between(*days))
    if label is not None:
        statement = statement.where(fetches.c.label == label)
    used = statement.group_by(fetches.c.key_id).order_by(_FETCHES.desc(), fetches.c.key_id).limit(MAX_SHOWN).subquery()
    return tuple(_key(row) for row in tx.connection.execute(_with_key(used).order_by(used.c.fetches.desc(), used.c.key_id)))


def _row(fetch_count: FetchCount) -> dict[str, object]:
    counted: dict[str, object] = {
        "day": fetch_count.day,
        "count": fetch_count.count,
        "last_fetched_at": fetch_count.last_fetched_at,
    }
    key = fetch_count.fetch_key
    return {"version_id": key.version_id, "key_id": key.key_id, "label": key.label, **counted}


def _last_rows(ordered: list[FetchCount]) -> list[dict[str, object]]:
    by_version = groupby(ordered, key=lambda fetch_count: fetch_count.fetch_key.version_id)
    return [
        {"version_id": version_id, "last_fetched_at": max(fetch_count.last_fetched_at for fetch_count in fetch_counts)}
        for version_id, fetch_counts in by_version
    ]


def _later(statement: dialect.Insert, stored: ColumnElement[datetime]) -> ColumnElement[datetime]:
    new = statement.excluded["last_fetched_at"]
    return case((stored > new, stored), else_=new)


def _of_prompt(statement: Select[Any], prompt: Prompt, days: Days, version: int | None) -> Select[Any]:
    statement = statement.select_from(versions).join(fetches, fetches.c.version_id == versions.c.id)
    statement = statement.where(versions.c.prompt_id == prompt.id, fetches.c.day.between(*days))
    return statement if version is None else statement.where(versions.c.version == version)


def _grouped(version_ids: list[str], days: Days, *columns: ColumnElement[Any]) -> Select[Any]:
    statement = select(fetches.c.version_id, *columns, _FETCHES.label("fetches"))
    statement = statement.where(fetches.c.version_id.in_(version_ids), fetches.c.day.between(*days))
    return statement.group_by(fetches.c.version_id, *columns)


def _most_used(version_ids: list[str], days: Days, column: ColumnElement[str]) -> Select[Any]:
    """Select the most used values of a column of each version, and how many values there are."""
    rank = func.row_number().over(partition_by=fetches.c.version_id, order_by=[_FETCHES.desc(), column])
    ranked = _grouped(version_ids, days, column).add_columns(
        func.max(fetches.c.last_fetched_at).label("last_fetched_at"),
        rank.label("rank"),
        func.count().over(partition_by=fetches.c.version_id).label("different"),
    )
    found = ranked.subquery()
    return select(found).where(found.c.rank <= MAX_SHOWN).order_by(found.c.version_id, found.c.rank)


def _label_usage(
    tx: Transaction, version_ids: list[str], days: Days
) -> tuple[defaultdict[str, list[LabelUsage]], defaultdict[str, int]]:
    usage: defaultdict[str, list[LabelUsage]] = defaultdict(list)
    counts: defaultdict[str, int] = defaultdict(int)
    for row in tx.connection.execute(_most_used(version_ids, days, fetches.c.label)):
        usage[row.version_id].append(LabelUsage(row.label or None, row.fetches))
        counts[row.version_id] = row.different
    return usage, counts


def _key_usage(
    tx: Transaction, version_ids: list[str], days: Days
) -> tuple[defaultdict[str, list[KeyUsage]], defaultdict[str, int]]:
    usage: defaultdict[str, list[KeyUsage]] = defaultdict(list)
    counts: defaultdict[str, int] = defaultdict(int)
    used = _most_used(version_ids, days, fetches.c.key_id).subquery()
    for row in tx.connection.execute(_with_key(used).order_by(used.c.version_id, used.c.rank)):
        usage[row.version_id].append(_key(row))
        counts[row.version_id] = row.different
    return usage, counts


def _with_key(used: Subquery) -> Select[Any]:
    """Select counted fetches by key, with what is known of each key."""
    statement = select(used, keys.c.label, keys.c.mask, keys.c.revoked_at, *AUTHOR_COLUMNS)
    return statement.outerjoin(keys, keys.c.id == used.c.key_id).outerjoin(users, users.c.id == keys.c.user_id)


def _key(row: AnyRow) -> KeyUsage:
    return KeyUsage(
        key_id=row.key_id or None,
        label=row.label,
        mask=row.mask,
        revoked_at=row.revoked_at,
        user=author_of(row),
        fetches=row.fetches,
        last_fetched_at=row.last_fetched_at,
    )


def _day_usage(tx: Transaction, version_ids: list[str], days: Days) -> defaultdict[str, list[DayUsage]]:
    usage: defaultdict[str, list[DayUsage]] = defaultdict(list)
    for row in tx.connection.execute(_grouped(version_ids, days, fetches.c.day).order_by(fetches.c.version_id, fetches.c.day)):
        usage[row.version_id].append(DayUsage(row.day, row.fetches))
    return usage


def _counting(start: dialect.Insert) -> dialect.Insert:
    total, last = fetches.c.count + start.excluded["count"], _later(start, fetches.c.last_fetched_at)
    return start.on_conflict_do_update(index_elements=list(fetches.primary_key), set_={"count": total, "last_fetched_at": last})


def _noting_last(start: dialect.Insert) -> dialect.Insert:
    last = _later(start, last_fetches.c.last_fetched_at)
    return start.on_conflict_do_update(index_elements=list(last_fetches.primary_key), set_={"last_fetched_at": last})


# Built once: to build a statement takes longer than to run it.
_COUNT = {kind: _counting(start) for kind, start in dialect.inserts(fetches).items()}
_LAST_AMONG = Compiled(select(last_fetches).where(is_among(last_fetches.c.version_id, "version_ids")))
_NOTE_LAST = {kind: _noting_last(start) for kind, start in dialect.inserts(last_fetches).items()}
