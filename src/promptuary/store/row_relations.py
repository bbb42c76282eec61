"""Rules for rows of several tables together, and for how many rows there may be, beyond those that the database itself enforces.

Sentences name tables and ids. Contents, and what is derived from them, are compared by `integrity_checks`.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, func, or_, select

from promptuary.model.change_requests import MAX_COMMENTS, MAX_MOVES
from promptuary.model.label_rules import MAX_RULES
from promptuary.model.prompts import MAX_LABELS
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import (
    change_request_approvals,
    change_request_comments,
    change_request_moves,
    change_requests,
    label_moves,
    label_rules,
    labels,
    prompt_periods,
    prompts,
)

_BATCH = 200


def list_relation_problems(tx: Transaction) -> Iterator[str]:
    """Yield a sentence for every row that does not match the rows that it belongs to, and for every row that has too many."""
    for statement, problem in _MISMATCHES:
        keys = [*statement.selected_columns]
        for row in tx.connection.execute(statement.order_by(*keys).execution_options(yield_per=_BATCH)):
            yield f"{keys[0].table.name} {' '.join(map(str, row))}: {problem}"
    for owner, maximum, noun in _MAXIMA:
        per_owner = select(owner).group_by(owner).having(func.count() > maximum).order_by(owner)
        for row in tx.connection.execute(per_owner):
            yield f"{_name_of_owners(owner)} {row[0]}: it has more than {maximum} {noun}"


def _name_of_owners(owner: Column[Any]) -> str:
    (key,) = owner.foreign_keys
    return str(key.column.table.name)


def _beside_prompts(*keys: Column[Any]) -> Select[Any]:
    return select(*keys).join(prompts, prompts.c.id == keys[0].table.c.prompt_id)


def _beside_requests(statement: Select[Any], request_id: Column[Any]) -> Select[Any]:
    return statement.join(change_requests, change_requests.c.id == request_id)


def _is_without_version(moves: Table) -> ColumnElement[bool]:
    """Return the condition of moves from or to a version that the prompt does not have; versions are numbered without gaps."""
    return or_(moves.c.from_version > prompts.c.latest_version, moves.c.to_version > prompts.c.latest_version)


_PROPOSED, _APPROVED = change_request_moves.c, change_request_approvals.c
_OF_PROPOSED = _beside_prompts(_PROPOSED.request_id, _PROPOSED.prompt_id)
_OF_APPROVED = select(_APPROVED.request_id, _APPROVED.revision, _APPROVED.user_id)

_MISMATCHES: tuple[tuple[Select[Any], str], ...] = (
    (_beside_prompts(label_moves.c.id).where(_is_without_version(label_moves)), "its prompt has no such version"),
    (_OF_PROPOSED.where(_is_without_version(change_request_moves)), "its prompt has no such version"),
    (
        _beside_requests(_OF_PROPOSED, _PROPOSED.request_id).where(prompts.c.project_id != change_requests.c.project_id),
        "its prompt belongs to another project",
    ),
    (
        _beside_prompts(prompt_periods.c.id).where(prompts.c.project_id != prompt_periods.c.project_id),
        "its prompt belongs to another project",
    ),
    (
        _beside_requests(_OF_APPROVED, _APPROVED.request_id).where(_APPROVED.revision > change_requests.c.revision),
        "its request has no such revision",
    ),
)

_MAXIMA: tuple[tuple[Column[Any], int, str], ...] = (
    (labels.c.prompt_id, MAX_LABELS, "labels"),
    (label_rules.c.project_id, MAX_RULES, "rules for labels"),
    (_PROPOSED.request_id, MAX_MOVES, "moves"),
    (change_request_comments.c.request_id, MAX_COMMENTS, "comments"),
)
