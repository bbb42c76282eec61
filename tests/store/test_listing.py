"""What lists and search read: in step with every change, built anew on demand, sound while others write."""

import contextlib
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from builders import Registry, make_prompt, make_registry
from listings import names_of
from sqlalchemy import Table, delete, select, text

from promptuary.model.errors import VersionConflict
from promptuary.model.listing import ORDERS, Listing
from promptuary.registry import labels, prompts
from promptuary.store import backup, integrity_checks, schema
from promptuary.store.engine.database import Database
from promptuary.store.lists import entries
from promptuary.store.lists.pages import list_page
from promptuary.store.tables import list_entries, search_texts
from promptuary.store.tables import versions as version_rows


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A project with prompts, for tests that only read."""
    registry = make_registry(module_database)
    fill(registry)
    return registry


def fill(registry: Registry) -> None:
    with registry.database.write() as tx:
        for number in range(5):
            make_prompt(tx, registry.actor, name=f"prompt-{number}", prompt={"number": number}, versions=number + 1)
            labels.move_label(tx, registry.actor, name=f"prompt-{number}", label="production", version=1)
        prompts.archive_prompt(tx, registry.actor, name="prompt-0")


def test_what_is_built_anew_equals_what_was_kept_in_step(registry: Registry) -> None:
    fill(registry)
    queries: list[dict[str, object]] = [{}, {"label": "production"}, {"search": '"number":3'}, {"search": "v4"}]
    with registry.database.write() as tx:
        before = [names_of(tx, registry, **query) for query in queries]
        tx.connection.execute(text("DELETE FROM list_entries"))
        tx.connection.execute(text("DELETE FROM search_texts WHERE id > 2"))
        entries.rebuild(tx)
        assert [names_of(tx, registry, **query) for query in queries] == before
    assert before[0] == ["prompt-1", "prompt-2", "prompt-3", "prompt-4"]
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


def test_lists_are_built_when_a_database_of_an_older_version_is_upgraded(registry: Registry) -> None:
    fill(registry)
    schema.downgrade(registry.database, target="0001")
    schema.upgrade(registry.database)
    with registry.database.read() as tx:
        assert names_of(tx, registry, search="prompt-3") == ["prompt-3"]
        assert integrity_checks.list_problems(tx) == []


def require_sound_after(registry: Registry, disturb: Callable[[], None]) -> None:
    """Disturb the database three times while others publish."""

    def publish(name: str) -> None:
        for number in range(10):
            with registry.database.write() as tx:
                base = prompts.fetch_prompt(tx, registry.actor, name).version
                with contextlib.suppress(VersionConflict):
                    prompts.publish_version(tx, registry.actor, name=name, base_version=base, prompt=f"text {number}")

    with ThreadPoolExecutor() as pool:
        publishing = pool.map(publish, ["prompt-1", "prompt-2", "prompt-3"])
        assert list(pool.map(lambda _: disturb(), range(3))) == [None] * 3
        assert list(publishing) == [None] * 3
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


def test_lists_can_be_built_anew_while_others_write(registry: Registry, database_url: str) -> None:
    fill(registry)

    def rebuild() -> None:
        other = Database.open(database_url)
        with other.write() as tx:
            entries.rebuild(tx)
        other.close()

    require_sound_after(registry, rebuild)


def test_a_backup_can_be_restored_while_others_write(registry: Registry, database_url: str, tmp_path: Path) -> None:
    fill(registry)
    backup.write_backup(registry.database, tmp_path / "backup.db")

    def restore() -> None:
        other = Database.open(database_url)
        backup.restore_backup(other, tmp_path / "backup.db", replace=True)
        other.close()

    require_sound_after(registry, restore)


@pytest.mark.parametrize("order_by", sorted(ORDERS))
@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("label", [None, "production"])
def test_pages_are_parts_of_the_whole_list_wherever_they_begin(
    filled: Registry, order_by: str, label: str | None, *, is_descending: bool
) -> None:
    whole = Listing(limit=100, order_by=order_by, is_descending=is_descending, label=label)
    with filled.database.read() as tx:
        ids = [version.id for version in list_page(tx, filled.project.id, whole).items]
        assert len(ids) == 4
        for offset, limit in itertools.product(range(6), range(1, 6)):
            page = list_page(tx, filled.project.id, replace(whole, limit=limit, offset=offset))
            assert [version.id for version in page.items] == ids[offset : offset + limit]
            assert page.count == 4


@pytest.mark.parametrize("label", [None, "production"])
def test_a_list_after_a_name_has_what_comes_behind_it_and_counts_that(filled: Registry, label: str | None) -> None:
    listing = Listing(limit=100, order_by="name", is_descending=False, label=label)
    with filled.database.read() as tx:
        for name, expected in (("prompt-2", ["prompt-3", "prompt-4"]), ("prompt-25", ["prompt-3", "prompt-4"]), ("prompt-4", [])):
            page = list_page(tx, filled.project.id, replace(listing, after_name=name))
            assert ([version.name for version in page.items], page.count) == (expected, len(expected))
        assert list_page(tx, filled.project.id, listing).count == 4


def test_only_texts_that_a_list_can_show_are_kept_for_search(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="text", versions=5)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=2)
        kept = select(version_rows.c.version).join(search_texts, search_texts.c.version_id == version_rows.c.id)
        assert sorted(tx.connection.execute(kept).scalars()) == [2, 5]
        labels.remove_label(tx, registry.actor, name="greeting", label="production")
        assert sorted(tx.connection.execute(kept).scalars()) == [5]
        prompts.archive_prompt(tx, registry.actor, name="greeting")
        assert sorted(tx.connection.execute(kept).scalars()) == []


@pytest.mark.parametrize("labelled", [[], [1], [3], [1, 2, 3]])
def test_a_publish_leaves_lists_and_search_as_building_them_anew_would(registry: Registry, labelled: list[int]) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="other")
        make_prompt(tx, registry.actor, versions=3)
        for number in labelled:
            labels.move_label(tx, registry.actor, name="greeting", label=f"label-{number}", version=number)
        prompts.publish_version(tx, registry.actor, name="greeting", base_version=3, prompt="Good MORNING")
        assert names_of(tx, registry, search="good morning") == ["greeting"]
        assert names_of(tx, registry, search="hello! v3") == []
        assert [names_of(tx, registry, label=f"label-{number}") for number in labelled] == [["greeting"] for _ in labelled]
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


@pytest.mark.parametrize("table", [list_entries, search_texts])
def test_a_publish_lists_a_prompt_again_that_was_not_listed_any_more(registry: Registry, table: Table) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        tx.connection.execute(delete(table))
        prompts.publish_version(tx, registry.actor, name="greeting", base_version=2, prompt="Good morning")
        assert names_of(tx, registry, label="production") == names_of(tx, registry, search="morning") == ["greeting"]
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []
