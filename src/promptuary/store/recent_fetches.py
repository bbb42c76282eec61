"""Sums of the recent fetches of each prompt, updated when fetches are counted, so that a list ordered by fetches needs no sum.

A row knows the day with which its sum begins. Once that is no longer the first of the recent days, the sum is computed again from
`fetches`: by the next count, by readers meanwhile, and once a day for all.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Subquery,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
)

from promptuary.model.usage import FetchCount, recent_days
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import fetches, last_fetches, prompts, recent_fetches, versions

_BATCH = 500


def add_fetch_counts(tx: Transaction, fetch_counts: Sequence[FetchCount]) -> None:
    """Add fetches, which `fetches` already has. Rows are taken in the order of their keys, by all writers alike."""
    days = _days(tx)
    recent = [fetch_count for fetch_count in fetch_counts if days[0] <= fetch_count.day <= days[1]]
    known = _prompts_of(tx, sorted({fetch_count.fetch_key.version_id for fetch_count in recent}))
    sums: dict[tuple[int, str], tuple[int, datetime]] = {}
    for fetch_count in recent:
        if fetch_count.fetch_key.version_id in known:
            key = known[fetch_count.fetch_key.version_id]
            total, last = sums.get(key, (0, fetch_count.last_fetched_at))
            sums[key] = (total + fetch_count.count, max(last, fetch_count.last_fetched_at))
    if not sums:
        return
    added = dialect.insert(tx.connection, recent_fetches)
    rows, new = recent_fetches.c, added.excluded
    added = added.on_conflict_do_update(
        index_elements=list(recent_fetches.primary_key),
        set_={
            "first_day": new.first_day,
            "total": case(
                (rows.first_day == new.first_day, rows.total + new.total), else_=_sum(days, literal_column("excluded.prompt_id"))
            ),
            "last_fetched_at": case((rows.last_fetched_at > new.last_fetched_at, rows.last_fetched_at), else_=new.last_fetched_at),
        },
    )
    counted = [
        {"project_id": project_id, "prompt_id": prompt_id, "first_day": days[0], "total": total, "last_fetched_at": last}
        for (project_id, prompt_id), (total, last) in sorted(sums.items())
    ]
    tx.connection.execute(added, counted)


def recent_totals(tx: Transaction, project_id: int) -> Subquery:
    """Return the prompts of a project that were fetched on the recent days, and how often."""
    days = _days(tx)
    rows = recent_fetches.c
    total = case((rows.first_day == days[0], rows.total), else_=_sum(days, rows.prompt_id))
    return (
        select(rows.prompt_id, total.label("total"))
        .where(rows.project_id == project_id, rows.last_fetched_at >= _begin(days[0]))
        .subquery()
    )


def are_current(tx: Transaction) -> bool:
    """Return `True` if all sums are those of the recent days."""
    outdated = select(recent_fetches.c.prompt_id).where(recent_fetches.c.first_day != _days(tx)[0]).limit(1)
    return tx.connection.execute(outdated).first() is None


def begin_before(tx: Transaction, day: date) -> bool:
    """Return `True` if some of the recent days come before a day."""
    return _days(tx)[0] < day


def rebuild(tx: Transaction) -> None:
    """Compute all sums again. Concurrent counts wait until the transaction ends."""
    dialect.lock_writes(tx.connection, recent_fetches)
    days = _days(tx)
    tx.connection.execute(delete(recent_fetches))
    # Version by version along the primary key: by day, each count would be looked up on its own.
    counted = select(func.sum(fetches.c.count)).where(
        fetches.c.version_id == last_fetches.c.version_id, fetches.c.day.between(*days)
    )
    found = (
        select(
            prompts.c.project_id,
            versions.c.prompt_id,
            literal(days[0]),
            cast(func.sum(func.coalesce(counted.scalar_subquery(), 0)), BigInteger),
            func.max(last_fetches.c.last_fetched_at),
        )
        .select_from(last_fetches)
        .join(versions, versions.c.id == last_fetches.c.version_id)
        .join(prompts, prompts.c.id == versions.c.prompt_id)
        .where(last_fetches.c.last_fetched_at >= _begin(days[0]))
        .group_by(prompts.c.project_id, versions.c.prompt_id)
    )
    columns = ("project_id", "prompt_id", "first_day", "total", "last_fetched_at")
    tx.connection.execute(insert(recent_fetches).from_select(columns, found))


def _days(tx: Transaction) -> tuple[date, date]:
    return recent_days(tx.clock().astimezone(UTC).date())


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _sum(days: tuple[date, date], prompt_id: ColumnElement[str]) -> ScalarSelect[int]:
    """Add up what `fetches` has of a prompt, which is a column of the statement around."""
    counted = (
        select(cast(func.coalesce(func.sum(fetches.c.count), 0), BigInteger))
        .select_from(versions)
        .join(fetches, fetches.c.version_id == versions.c.id)
        .where(versions.c.prompt_id == prompt_id, fetches.c.day.between(*days))
    )
    return counted.correlate(recent_fetches).scalar_subquery()


def _prompts_of(tx: Transaction, version_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return the project and the prompt of each version that is there."""
    found: dict[str, tuple[int, str]] = {}
    for start in range(0, len(version_ids), _BATCH):
        statement = (
            select(versions.c.id, prompts.c.project_id, versions.c.prompt_id)
            .join(prompts, prompts.c.id == versions.c.prompt_id)
            .where(versions.c.id.in_(version_ids[start : start + _BATCH]))
        )
        found |= {row.id: (row.project_id, row.prompt_id) for row in tx.connection.execute(statement)}
    return found
