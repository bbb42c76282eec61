"""Usage: what was counted of fetches is recorded, and read to see which versions are still in use, and by whom."""

from collections.abc import Sequence
from datetime import UTC, date

from promptuary.model.access import Actor, Permission
from promptuary.model.errors import InvalidValue, PromptNotFound
from promptuary.model.prompts import Version
from promptuary.model.usage import DEFAULT_DAYS, MAX_DAYS, FetchCount, Usage, recent_days
from promptuary.store import fetches, part_fetches, prompts
from promptuary.store.engine.database import Transaction


def record_fetches(tx: Transaction, fetch_counts: Sequence[FetchCount]) -> None:
    """Add fetches to what was counted before. Nothing else changes, so the change log has no entry of it."""
    fetches.add_fetch_counts(tx, fetch_counts)


def get_usage(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    first: date | None = None,
    last: date | None = None,
    version: int | None = None,
    limit: int,
    offset: int = 0,
) -> Usage:
    """Return how often the versions of a prompt were fetched from the day ``first`` to the day ``last``, both included (UTC).

    ``last`` is today unless given, ``first`` the day with which the range is `DEFAULT_DAYS` long. Raises `InvalidValue` for a
    range that is empty or longer than `MAX_DAYS`, and `PromptNotFound`.
    """
    actor.require(Permission.READ)
    days = _range(first, last, today=tx.clock().astimezone(UTC).date())
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name)
    if prompt is None or (version or 1) > prompt.latest_version:
        raise PromptNotFound(name, version=version)
    page = fetches.list_usage(tx, prompt, days, version=version, limit=limit + 1, offset=offset)
    return Usage(
        first=days[0],
        last=days[1],
        fetches=fetches.count_fetches(tx, prompt, days, version=version),
        as_part=part_fetches.get_part_usage(tx, prompt, days, version=version),
        versions=page[:limit],
        has_more=len(page) > limit,
    )


def count_recent_fetches(tx: Transaction, actor: Actor, prompt_ids: Sequence[str]) -> dict[str, int]:
    """Return how often each of these prompts of the project was fetched in the last `RECENT_DAYS` (UTC), today included.

    Prompts that were not fetched are missing.
    """
    actor.require(Permission.READ)
    today = tx.clock().astimezone(UTC).date()
    return fetches.count_fetches_of_prompts(tx, actor.project_id, prompt_ids, recent_days(today))


def count_recent_fetches_of_version(tx: Transaction, actor: Actor, version: Version) -> int:
    """Return how often a version was fetched in the last `RECENT_DAYS` (UTC), today included."""
    actor.require(Permission.READ)
    today = tx.clock().astimezone(UTC).date()
    return fetches.count_fetches_of_version(tx, version.id, recent_days(today))


def _range(first: date | None, last: date | None, *, today: date) -> fetches.Days:
    last = last or today
    first = first or date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS + 1))
    if first > last:
        raise InvalidValue("invalid", "The first day must not come after the last.", field="from")
    if last.toordinal() - first.toordinal() >= MAX_DAYS:
        raise InvalidValue("invalid", f"Ensure the range has no more than {MAX_DAYS} days.", field="from")
    return first, last
