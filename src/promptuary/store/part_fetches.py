"""Rows of fetches of versions as parts of other prompts, by version, day and the version that was fetched."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from sqlalchemy import BigInteger, cast, delete, func, select

from promptuary.model.prompts import Prompt
from promptuary.model.usage import MAX_SHOWN, DayUsage, FetchCount, ParentUsage, PartUsage
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import part_fetches, prompts, versions

_FETCHES = cast(func.sum(part_fetches.c.count), BigInteger)


def add_part_counts(tx: Transaction, fetch_counts: Sequence[FetchCount]) -> None:
    """Add the parts of what was fetched to what was counted before. Rows are taken in the order of their keys."""
    counts: Counter[tuple[str, date, str]] = Counter()
    for each in fetch_counts:
        for part_id in each.fetch_key.part_ids:
            counts[part_id, each.day, each.fetch_key.version_id] += each.count
    if not counts:
        return
    added = dialect.insert(tx.connection, part_fetches)
    added = added.on_conflict_do_update(
        index_elements=list(part_fetches.primary_key), set_={"count": part_fetches.c.count + added.excluded["count"]}
    )
    rows = [
        {"version_id": version_id, "day": day, "parent_version_id": parent_id, "count": count}
        for (version_id, day, parent_id), count in sorted(counts.items())
    ]
    tx.connection.execute(added, rows)


def trim_part_fetches(tx: Transaction, *, before: date) -> None:
    """Delete what was counted on days before ``before``."""
    tx.connection.execute(delete(part_fetches).where(part_fetches.c.day < before))


def get_part_usage(tx: Transaction, prompt: Prompt, days: tuple[date, date], *, version: int | None) -> PartUsage:
    """Add up the fetches of a prompt, or of one of its versions, as a part of others: all, by parent and by day."""
    wanted = [versions.c.prompt_id == prompt.id, part_fetches.c.day.between(*days)]
    wanted += [] if version is None else [versions.c.version == version]
    counted = part_fetches.join(versions, versions.c.id == part_fetches.c.version_id)
    parent_versions, parents = versions.alias(), prompts.alias()
    total = select(func.coalesce(_FETCHES, 0)).select_from(counted).where(*wanted)
    by_parent = (
        select(parents.c.name, _FETCHES.label("fetches"))
        .select_from(counted)
        .join(parent_versions, parent_versions.c.id == part_fetches.c.parent_version_id)
        .join(parents, parents.c.id == parent_versions.c.prompt_id)
        .where(*wanted)
        .group_by(parents.c.name)
        .order_by(_FETCHES.desc(), parents.c.name)
        .limit(MAX_SHOWN)
    )
    by_day = select(part_fetches.c.day, _FETCHES.label("fetches")).select_from(counted).where(*wanted)
    by_day = by_day.group_by(part_fetches.c.day).order_by(part_fetches.c.day)
    return PartUsage(
        fetches=tx.connection.execute(total).scalar_one(),
        parents=tuple(ParentUsage(row.name, row.fetches) for row in tx.connection.execute(by_parent)),
        days=tuple(DayUsage(row.day, row.fetches) for row in tx.connection.execute(by_day)),
    )
