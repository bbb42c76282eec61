"""Values keep their meaning on their way through either database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import Registry, make_prompt
from sqlalchemy import insert, literal, select

from promptuary.model.listing import Listing
from promptuary.registry import lists, prompts
from promptuary.store import labels, projects, tables
from promptuary.store.column_types import MAX_INTEGER, Count, JsonText, UtcDateTime
from promptuary.store.engine.database import Database
from promptuary.store.lists.pages import list_page


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 9, 1, 12, 30, 15, 1, tzinfo=UTC),
        datetime(2026, 9, 1, 12, 30, 15, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_in_utc_to_the_microsecond(database: Database, moment: datetime) -> None:
    with database.write() as tx:
        tx.connection.execute(insert(tables.projects).values(name="x", api_token="t", created_at=moment))
        (stored,) = projects.list_projects(tx, limit=1)
        found = select(tables.projects.c.id).where(tables.projects.c.created_at == moment)
        assert tx.connection.execute(found).scalar_one() == stored.id
    assert stored.created_at == moment
    assert stored.created_at.tzinfo is UTC


def test_nothing_stays_nothing_in_every_type(database: Database) -> None:
    with database.read() as tx:
        for kind in (UtcDateTime, JsonText, Count):
            assert tx.connection.execute(select(literal(None, kind))).scalar_one() is None


@pytest.mark.parametrize("value", [{"b": 1, "a": None}, ["\0", "é🙂", "\uffff"], 10**30, 1e300, "", False])
def test_json_text_keeps_key_order_nul_and_big_numbers(database: Database, value: object) -> None:
    with database.read() as tx:
        read = tx.connection.execute(select(literal(value, JsonText))).scalar_one()
    assert repr(read) == repr(value)


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, 2**63, 10**40, -(2**63)])
def test_a_number_that_no_column_holds_finds_nothing_and_breaks_nothing(registry: Registry, number: int) -> None:
    with registry.database.write() as tx:
        version = make_prompt(tx, registry.actor)
        prompt_id = version.prompt_id
        assert projects.find_project(tx, number) is None
        assert lists.list_prompts(tx, registry.actor, Listing(limit=1, created_by_id=number)).items == []
        assert lists.list_prompts(tx, registry.actor, Listing(limit=1, offset=abs(number))).items == []
        history = prompts.resolve_prompt(tx, registry.actor, name="greeting", limit=1, before_version=abs(number))
        assert [line.id for line in history.versions] == [version.id]
        assert labels.list_pointers(tx, prompt_id) == ()
        assert labels.list_pointers_of(tx, []) == {}


def test_names_sort_by_code_point_on_every_database(registry: Registry) -> None:
    names = ["B", "Z", "_", "a", "b-", "b0", "bA", "b_", "ba", "z"]
    with registry.database.write() as tx:
        for name in reversed(names):
            make_prompt(tx, registry.actor, name=name)
        listing = Listing(limit=20, order_by="name", is_descending=False)
        listed = list_page(tx, registry.project.id, listing).items
    assert [version.name for version in listed] == sorted(names) == names


def test_a_list_without_content_reads_none(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        (version,) = list_page(tx, registry.project.id, Listing(limit=1, with_content=False)).items
    assert (version.content, version.size_bytes) == ("", 8)
