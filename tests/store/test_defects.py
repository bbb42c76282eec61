"""What a defect tells: enough to find it, and nothing of what people wrote."""

import traceback

import pytest
from builders import Registry, make_prompt
from sqlalchemy import update

from promptuary.store.engine.database import StatementFailed, Transaction
from promptuary.store.tables import versions

SECRET = "the text of a prompt"


def test_the_traceback_of_a_statement_that_failed_shows_no_row(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, prompt=SECRET)
    with pytest.raises(StatementFailed) as failure, registry.database.write() as tx:
        break_a_constraint(tx)
    told = "".join(traceback.format_exception(failure.value))
    assert SECRET not in told
    assert "break_a_constraint" in told


def break_a_constraint(tx: Transaction) -> None:
    tx.connection.execute(update(versions).values(version=-1))
