"""No table and no column is left out of ``promptuary admin db check``."""

from typing import Any

import pytest
from full_database import SECRET
from sqlalchemy import func, literal_column, select, update

from promptuary.store import integrity_checks, row_rules
from promptuary.store.engine.database import Database, rehearsing
from promptuary.store.tables import metadata

COLUMNS = [pytest.param(each, id=str(each)) for table in metadata.sorted_tables for each in table.columns]


def test_every_table_has_a_rule_or_a_reason_to_have_none() -> None:
    known = [*row_rules.RULES, *row_rules.OF_TYPES_ONLY, *row_rules.DERIVED]
    assert sorted(table.name for table in known) == sorted(metadata.tables)


def test_every_table_has_rows_here_and_all_are_sound(full: Database) -> None:
    with full.read() as tx:
        counts = [tx.connection.scalar(select(func.count()).select_from(table)) for table in metadata.sorted_tables]
        assert integrity_checks.list_problems(tx) == []
    assert all(counts)


@pytest.mark.parametrize("damaged", COLUMNS)
def test_a_value_of_another_type_is_found_in_every_column(full: Database, damaged: Any) -> None:
    table = damaged.table
    first = select(func.min(damaged)).scalar_subquery()
    # SQLite stores nothing but an integer in such a column, so it gets one that is never given.
    value = "-1" if damaged is table.autoincrement_column else "X'ff'"
    with full.write() as tx, rehearsing(tx):
        tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys = 1")
        tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
        tx.connection.execute(update(table).where(damaged.is_not_distinct_from(first)).values({damaged: literal_column(value)}))
        tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")
        problems = integrity_checks.list_problems(tx)
    assert any(problem.startswith(f"{table.name} ") for problem in problems)
    assert SECRET not in " ".join(problems)
