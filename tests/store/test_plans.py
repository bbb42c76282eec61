"""How databases go about lists and search: by an index in the order of the page, never by reading everything."""

from typing import Any

import pytest
from builders import Registry, make_prompt, make_registry
from sqlalchemy import event, text
from trigrams import NEEDS_TRIGRAMS

from promptuary.model.listing import ORDERS, Listing
from promptuary.registry import labels, prompts
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.lists.pages import list_page


def plans_of(registry: Registry, explain: str, listing: Listing) -> str:
    """How the database goes about the statements of a list."""
    plans: list[str] = []

    def note(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT") and "list_entries" in statement:
            if explain == "EXPLAIN":
                # For a few rows PostgreSQL rightly takes other ways.
                for way in ("seqscan", "indexscan", "nestloop"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")  # type: ignore[attr-defined]
            cursor.execute(f"{explain} {statement}", parameters)  # type: ignore[attr-defined]
            plans.extend(str(row[-1]) for row in cursor.fetchall())  # type: ignore[attr-defined]

    event.listen(registry.database.engine, "before_cursor_execute", note)
    # It has counted nothing yet.
    database = Database(registry.database.engine, clock=registry.database.clock)
    with database.read() as tx:
        list_page(tx, registry.project.id, listing)
    event.remove(registry.database.engine, "before_cursor_execute", note)
    assert plans != []
    return "\n".join(plans)


def fill(registry: Registry) -> None:
    """Make some prompts with a label: of an empty list no page is read."""
    with registry.database.write() as tx:
        for number in range(4):
            make_prompt(tx, registry.actor, name=f"prompt-{number}")
            labels.move_label(tx, registry.actor, name=f"prompt-{number}", label="production", version=1)


AT_BOTH_ENDS = pytest.mark.parametrize("offset", [0, 3])


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Registry:
    """A project with some prompts, for tests that only read."""
    registry = make_registry(module_database)
    fill(registry)
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt="find the needle")
    return registry


@pytest.mark.parametrize("module_database", ["sqlite"], indirect=True)
class TestPlans:
    @AT_BOTH_ENDS
    @pytest.mark.parametrize("order_by", sorted(ORDERS))
    @pytest.mark.parametrize("label", [None, "production"])
    def test_a_page_is_read_from_an_index_in_its_order(
        self, filled: Registry, order_by: str, label: str | None, offset: int
    ) -> None:
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", Listing(limit=1, order_by=order_by, label=label, offset=offset))
        # One line for the count, one for the page.
        assert plan.count("USING COVERING INDEX") == len(plan.splitlines()) == 2

    @AT_BOTH_ENDS
    @pytest.mark.parametrize("is_descending", [False, True])
    @pytest.mark.parametrize("label", [None, "production"])
    def test_a_page_by_name_sorts_nothing(self, filled: Registry, label: str | None, offset: int, *, is_descending: bool) -> None:
        listing = Listing(limit=1, order_by="name", label=label, is_descending=is_descending, offset=offset)
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", listing)
        assert "USING COVERING INDEX ix_list_entries_name" in plan
        assert "TEMP B-TREE" not in plan

    @pytest.mark.parametrize("is_descending", [False, True])
    @pytest.mark.parametrize("label", [None, "production"])
    def test_a_page_by_fetches_reads_sums_and_neither_counts_nor_versions(
        self, filled: Registry, label: str | None, *, is_descending: bool
    ) -> None:
        listing = Listing(limit=10, order_by="recent_fetches", label=label, is_descending=is_descending)
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", listing)
        assert "SEARCH recent_fetches USING PRIMARY KEY (project_id=?" in plan
        assert "last_fetches" not in plan
        # Counts are read for a row only whose sum begins with another day than the recent ones do.
        assert "SCAN" not in plan.replace("CORRELATED SCALAR", "").replace("SCAN anon_1", "")
        assert plan.count("SEARCH fetches") == plan.count("CORRELATED SCALAR SUBQUERY")

    @AT_BOTH_ENDS
    def test_an_ascending_page_sorts_equal_items_only(self, filled: Registry, offset: int) -> None:
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", Listing(limit=1, is_descending=False, offset=offset))
        assert plan.count("USE TEMP B-TREE FOR ORDER BY") == 0
        assert "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY" in plan or "USE TEMP B-TREE FOR LAST TERM OF ORDER BY" in plan

    def test_a_search_begins_with_the_index_of_trigrams(self, filled: Registry) -> None:
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", Listing(limit=10, search="two words"))
        assert "SCAN search_texts_index VIRTUAL TABLE INDEX" in plan
        assert "SEARCH list_entries USING INDEX sqlite_autoindex_list_entries" in plan
        assert "SCAN list_entries" not in plan
        assert "SCAN search_texts\n" not in plan

    @pytest.mark.parametrize("listing", [{}, {"order_by": "relevance"}, {"order_by": "created_by"}, {"created_by_id": 1}])
    def test_a_search_begins_with_the_index_of_trigrams_in_any_order(self, filled: Registry, listing: dict[str, Any]) -> None:
        plan = plans_of(filled, "EXPLAIN QUERY PLAN", Listing(limit=10, search="needl", **listing))
        assert "SCAN search_texts_index VIRTUAL TABLE INDEX" in plan
        assert "SEARCH list_entries USING INDEX sqlite_autoindex_list_entries" in plan
        assert "SCAN list_entries" not in plan


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_descending", [False, True])
def test_a_page_by_fetches_on_postgresql_reads_sums(registry: Registry, *, is_descending: bool) -> None:
    plan = plans_of(registry, "EXPLAIN", Listing(limit=10, order_by="recent_fetches", is_descending=is_descending))
    assert "pk_recent_fetches" in plan
    assert "last_fetches" not in plan
    assert "Seq Scan" not in plan


@NEEDS_TRIGRAMS
def test_search_on_postgresql_uses_the_index_of_trigrams(trigram_registry: Registry) -> None:
    assert "ix_search_texts_text_trigrams" in plans_of(trigram_registry, "EXPLAIN", Listing(limit=10, search="two words"))


def scans_of(tx: Transaction, table: str) -> tuple[int, int]:
    """How often the transaction's connection has read a table of PostgreSQL as a whole, and by an index."""
    scans = text("SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relname = :table")
    seq_scan, idx_scan = tx.connection.execute(scans, {"table": table}).one()
    return seq_scan, idx_scan


@NEEDS_TRIGRAMS
@pytest.mark.parametrize("listing", [{}, {"order_by": "relevance"}, {"order_by": "created_by"}, {"created_by_id": 1}])
def test_a_search_on_postgresql_reads_no_table_of_texts_as_a_whole(trigram_registry: Registry, listing: dict[str, Any]) -> None:
    fill(trigram_registry)
    with trigram_registry.database.read() as tx:
        tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        whole, _ = scans_of(tx, "search_texts")
        assert list_page(tx, trigram_registry.project.id, Listing(limit=10, search="needl", **listing)).count == 0
        assert scans_of(tx, "search_texts")[0] == whole


def test_a_publish_on_postgresql_reads_no_table_of_texts_as_a_whole(trigram_registry: Registry) -> None:
    fill(trigram_registry)
    with trigram_registry.database.write() as tx:
        tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
        before = [scans_of(tx, table)[0] for table in ("search_texts", "list_entries")]
        prompts.publish_version(tx, trigram_registry.actor, name="prompt-0", base_version=1, prompt="find the other needles")
        assert [scans_of(tx, table)[0] for table in ("search_texts", "list_entries")] == before
