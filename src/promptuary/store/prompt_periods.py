"""Rows of the times in which prompts were active, and under which names."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, insert, update

from promptuary.model.prompts import Prompt
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import prompt_periods

# Built once: to build a statement takes longer than to run it.
_END = Compiled(
    update(prompt_periods)
    .where(
        prompt_periods.c.prompt_id == bindparam("of_prompt", type_=prompt_periods.c.prompt_id.type),
        prompt_periods.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("at", type_=prompt_periods.c.ended_at.type))
)


def begin_periods(tx: Transaction, prompts: Iterable[Prompt], *, at: datetime) -> None:
    """Record that prompts are active since a moment."""
    rows = [{"prompt_id": each.id, "project_id": each.project_id, "name": each.name, "started_at": at} for each in prompts]
    if rows:
        tx.connection.execute(insert(prompt_periods), rows)


def end_period(tx: Transaction, prompt_id: str, *, at: datetime) -> None:
    """Record that a prompt is not active any more."""
    _END.run(tx.connection, {"of_prompt": prompt_id, "at": at})
