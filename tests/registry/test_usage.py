"""Reading usage: which days are meant, and of what."""

from datetime import UTC, date, datetime

import pytest
from builders import Registry, make_prompt, make_registry

from promptuary.model.errors import InvalidValue, PromptNotFound
from promptuary.model.usage import FetchCount, FetchKey
from promptuary.registry import prompts, usage
from promptuary.store.engine.database import Database


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 1, 31), date(2026, 3, 1))),
        (date(2026, 3, 1), None, (date(2026, 3, 1), date(2026, 3, 1))),
        (None, date(2025, 12, 31), (date(2025, 12, 2), date(2025, 12, 31))),
        (None, date.min, (date.min, date.min)),
        (date(2025, 3, 1), None, (date(2025, 3, 1), date(2026, 3, 1))),
        (date.max, date.max, (date.max, date.max)),
    ],
)
def test_a_range_is_the_last_thirty_days_unless_told_otherwise(
    database_url: str, first: date | None, last: date | None, expected: tuple[date, date]
) -> None:
    registry = standing_still(database_url)
    with registry.database.read() as tx:
        found = usage.get_usage(tx, registry.actor, name="greeting", first=first, last=last, limit=10)
    assert (found.first, found.last, found.fetches, found.versions) == (*expected, 0, ())
    registry.database.close()


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 3, 2), None, "The first day must not come after the last."),
        (date(2026, 2, 2), date(2026, 2, 1), "The first day must not come after the last."),
        (date(2025, 2, 28), None, "Ensure the range has no more than 366 days."),
        (date.min, date.max, "Ensure the range has no more than 366 days."),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_empty_or_too_long_range_is_refused(database_url: str, first: date, last: date | None, text: str) -> None:
    registry = standing_still(database_url)
    with registry.database.read() as tx, pytest.raises(InvalidValue, match=text) as error:
        usage.get_usage(tx, registry.actor, name="missing", first=first, last=last, limit=10)
    assert error.value.field == "from"
    registry.database.close()


def test_usage_of_what_is_not_there_is_not_found(registry: Registry) -> None:
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor)
        for name, number in (("missing", None), ("greeting", 2), (version.id, None)):
            with pytest.raises(PromptNotFound):
                usage.get_usage(tx, registry.actor, name=name, version=number, limit=10)
        prompts.archive_prompt(tx, registry.actor, name="greeting")
        with pytest.raises(PromptNotFound):
            usage.get_usage(tx, registry.actor, name="greeting", limit=10)


def test_counts_of_an_archived_prompt_do_not_show_on_the_next_one_of_its_name(registry: Registry) -> None:
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor)
        usage.record_fetches(tx, [FetchCount(tx.clock().date(), FetchKey(version.id, "", ""), 5, tx.clock())])
        assert usage.get_usage(tx, registry.actor, name="greeting", limit=10).fetches == 5
        prompts.archive_prompt(tx, registry.actor, name="greeting")
        make_prompt(tx, registry.actor)
        assert usage.get_usage(tx, registry.actor, name="greeting", limit=10).fetches == 0


def standing_still(database_url: str) -> Registry:
    """A database where it is always noon of March 1, with a prompt "greeting"."""
    registry = make_registry(Database.open(database_url, clock=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC)))
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
    return registry
