"""Rows of the times in which prompts were active, and under which names."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, update

from promptuary.model.prompts import Prompt
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import prompt_periods


def begin_periods(tx: Transaction, prompts: Iterable[Prompt], *, at: datetime) -> None:
    """Record that prompts are active since a moment."""
    rows = [{"prompt_id": each.id, "project_id": each.project_id, "name": each.name, "started_at": at} for each in prompts]
    if rows:
        tx.connection.execute(insert(prompt_periods), rows)


def end_period(tx: Transaction, prompt_id: str, *, at: datetime) -> None:
    """Record that a prompt is not active any more."""
    current = prompt_periods.c.prompt_id == prompt_id, prompt_periods.c.ended_at.is_(None)
    tx.connection.execute(update(prompt_periods).where(*current).values(ended_at=at))
