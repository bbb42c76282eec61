"""Entries of the change log as people read them: joined with who made them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, and_, or_, select, type_coerce

from promptuary.model.activity import Activity
from promptuary.model.changes import ChangeKind
from promptuary.store.changes import change_of, is_event
from promptuary.store.engine.database import Transaction
from promptuary.store.tables import changes, keys, users
from promptuary.store.users import AUTHOR_COLUMNS, author_of

_MAX_SEQUENCE = 2**63 - 1

_SELECT = (
    select(*changes.c, keys.c.label.label("key_label"), keys.c.mask.label("key_mask"), *AUTHOR_COLUMNS)
    .outerjoin(users, users.c.id == changes.c.actor_user_id)
    .outerjoin(keys, keys.c.id == changes.c.actor_key_id)
)


# All members see change requests, which have no single prompt.
_OF_REQUESTS = [kind.value for kind in ChangeKind if kind.value.startswith("request.")]


@dataclass(frozen=True, slots=True)
class OfPrompt:
    """The entries of a prompt, and those of moved labels of its parts that have changed the text of the prompt."""

    prompt_id: str
    name: str
    part_ids: Sequence[str] = ()


def list_activity(
    tx: Transaction, project_id: int, *, of_prompt: OfPrompt | None, with_administration: bool, before: int | None, limit: int
) -> list[Activity]:
    """List entries of a project, or of one of its prompts, below the sequence ``before``, newest first."""
    statement = _SELECT.where(changes.c.project_id == project_id)
    if of_prompt is not None:
        is_own = changes.c.prompt_id == of_prompt.prompt_id
        statement = statement.where(or_(is_own, _affects(of_prompt)) if of_prompt.part_ids else is_own)
    elif not with_administration:
        statement = statement.where(or_(changes.c.prompt_id.is_not(None), changes.c.kind.in_(_OF_REQUESTS)))
    if before is not None:
        statement = statement.where(changes.c.sequence < min(max(before, 0), _MAX_SEQUENCE))
    rows = tx.connection.execute(statement.order_by(changes.c.sequence.desc()).limit(limit))
    return [Activity(change_of(row), author_of(row), row.key_label, row.key_mask) for row in rows]


def _affects(of_prompt: OfPrompt) -> ColumnElement[bool]:
    # Such an entry has no other texts than labels and names of prompts.
    names = type_coerce(changes.c.after, Text).contains(f'"{of_prompt.name}"', autoescape=True)
    kinds = [kind.value for kind in (ChangeKind.LABEL_CREATED, ChangeKind.LABEL_MOVED, ChangeKind.PROMPT_IMPORTED)]
    affecting = type_coerce(changes.c.after, Text).contains('"affected_prompts"')
    return and_(changes.c.prompt_id.in_(of_prompt.part_ids), changes.c.kind.in_(kinds), affecting, names)


def list_behind(
    tx: Transaction, *, after: int, limit: int, project_id: int | None = None, with_requests: bool = False
) -> list[Activity]:
    """List entries behind a sequence, oldest first: all of them, or those of a project's prompts, or also of change requests."""
    statement = _SELECT.where(changes.c.sequence > after)
    if project_id is not None:
        is_wanted = is_event() if with_requests else changes.c.prompt_id.is_not(None)
        statement = statement.where(changes.c.project_id == project_id, is_wanted)
    rows = tx.connection.execute(statement.order_by(changes.c.sequence).limit(limit))
    return [Activity(change_of(row), author_of(row), row.key_label, row.key_mask) for row in rows]
