"""Compiled statements do and say what SQLAlchemy would, on either database, watched or not."""

from datetime import UTC, datetime

import pytest
from builders import Registry
from sqlalchemy import bindparam, insert, select, update

from promptuary.store.engine.compiled import Compiled, run_on_sqlite
from promptuary.store.engine.database import StatementFailed
from promptuary.store.engine.hooks import watch_statements
from promptuary.store.tables import changes

_AT = datetime(2026, 3, 1, 12, 30, 0, 120, tzinfo=UTC)
_ROW = {"kind": "one", "prompt_name": "a", "before": None, "after": {"b": [1, "\0"], "a": None}, "at": _AT}
_APPEND = insert(changes).returning(changes.c.sequence, changes.c.at)
_OF_KIND = select(changes).where(changes.c.kind == bindparam("wanted"), changes.c.sequence > 0).order_by(changes.c.sequence)
_RENAME = update(changes).where(changes.c.kind == bindparam("wanted")).values(prompt_name=bindparam("new_name"))


def test_rows_are_those_that_sqlalchemy_returns(registry: Registry) -> None:
    append, of_kind = Compiled(_APPEND), Compiled(_OF_KIND)
    with registry.database.write() as tx:
        appended = append.one_or_none(tx.connection, _ROW)
        append.one_or_none(tx.connection, _ROW)
        rows = of_kind.all(tx.connection, {"wanted": "one"})
        expected = tx.connection.execute(_OF_KIND, {"wanted": "one"}).all()
        assert of_kind.one_or_none(tx.connection, {"wanted": "none"}) is None
    assert appended.at == _AT
    assert [tuple(row) for row in rows] == [tuple(row) for row in expected]
    assert [(row.kind, row.after, row.at) for row in rows] == [("one", _ROW["after"], _AT)] * 2


def test_a_change_tells_of_how_many_rows_it_was(registry: Registry) -> None:
    rename = Compiled(_RENAME)
    with registry.database.write() as tx:
        tx.connection.execute(insert(changes), [_ROW, _ROW])
        assert rename.run(tx.connection, {"wanted": "one", "new_name": "b"}) == 2
        assert rename.run(tx.connection, {"wanted": "none", "new_name": "b"}) == 0
        assert {row.prompt_name for row in tx.connection.execute(_OF_KIND, {"wanted": "one"})} == {"b"}


def test_a_statement_that_the_database_refuses_is_a_defect_that_shows_no_values(registry: Registry) -> None:
    append = Compiled(_APPEND)
    with pytest.raises(StatementFailed) as failure, registry.database.write() as tx:
        append.one_or_none(tx.connection, _ROW | {"kind": None, "prompt_name": "a secret"})
    assert "INSERT INTO changes" in str(failure.value)
    assert "a secret" not in str(failure.value)


def test_whoever_watches_statements_hears_of_prepared_ones(registry: Registry) -> None:
    texts: list[str] = []
    of_kind = Compiled(_OF_KIND)
    with registry.database.read() as tx:
        of_kind.all(tx.connection, {"wanted": "one"})
    watch_statements(registry.database, texts.append)
    with registry.database.read() as tx:
        of_kind.all(tx.connection, {"wanted": "one"})
        if registry.database.kind == "sqlite":
            assert run_on_sqlite(tx.connection, "SELECT 1, ?", (2,)) == [(1, 2)]
    assert [text for text in texts if text.startswith("SELECT changes.")]


def test_observers_are_called_at_the_end_of_prepared_statements_with_the_kind_of_an_error(registry: Registry) -> None:
    ends: list[str] = []
    of_kind, append = Compiled(_OF_KIND), Compiled(_APPEND)
    watch_statements(registry.database, lambda _text: ends.append)
    with registry.database.read() as tx:
        of_kind.all(tx.connection, {"wanted": "one"})
    assert set(ends) == {""}
    with pytest.raises(StatementFailed), registry.database.write() as tx:
        append.one_or_none(tx.connection, _ROW | {"kind": None})
    assert {"sqlite": "IntegrityError", "postgresql": "NotNullViolation"}[registry.database.kind] in ends
