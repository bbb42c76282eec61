"""Rows of change requests: the proposed moves, the approvals, the comments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, delete, func, insert, select, update

from promptuary.model.access import Role
from promptuary.model.change_requests import Approval, ChangeRequest, Comment, ProposedMove, RequestState
from promptuary.store.column_types import MAX_INTEGER
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import (
    change_request_approvals,
    change_request_comments,
    change_request_moves,
    change_requests,
    labels,
    members,
    prompts,
    users,
    versions,
)
from promptuary.store.users import AUTHOR_COLUMNS, author_of, list_authors


def _of_project(statement: Select[Any], is_open: bool | None) -> Select[Any]:  # noqa: FBT001 - `None` for both
    """Limit a statement to the requests of the project ``project_id``: to those that are open, to those that are not, or to all."""
    statement = statement.where(change_requests.c.project_id == bindparam("project_id", type_=change_requests.c.project_id.type))
    is_state = change_requests.c.state == RequestState.OPEN.value
    return statement if is_open is None else statement.where(is_state if is_open else ~is_state)


_COUNTS = {
    is_open: Compiled(_of_project(select(func.count()).select_from(change_requests), is_open)) for is_open in (None, True, False)
}
_LISTS = {
    is_open: Compiled(
        _of_project(select(change_requests), is_open)
        .order_by(change_requests.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
        .offset(bindparam("offset", type_=Integer()))
    )
    for is_open in (None, True, False)
}
_TARGET = versions.alias()
_MOVES = (
    select(
        *change_request_moves.c,
        prompts.c.name,
        prompts.c.archived_at,
        versions.c.version.label("current_version"),
        _TARGET.c.created_by_id.label("author_id"),
    )
    .join(prompts, prompts.c.id == change_request_moves.c.prompt_id)
    .outerjoin(
        _TARGET,
        and_(_TARGET.c.prompt_id == change_request_moves.c.prompt_id, _TARGET.c.version == change_request_moves.c.to_version),
    )
    .outerjoin(labels, and_(labels.c.prompt_id == change_request_moves.c.prompt_id, labels.c.name == change_request_moves.c.label))
    .outerjoin(versions, versions.c.id == labels.c.version_id)
    .where(change_request_moves.c.request_id.in_(bindparam("request_ids", expanding=True)))
    .order_by(prompts.c.name, change_request_moves.c.label)
)
_APPROVALS = (
    select(*change_request_approvals.c, members.c.role, users.c.is_active, *AUTHOR_COLUMNS)
    .join(change_requests, change_requests.c.id == change_request_approvals.c.request_id)
    .join(users, users.c.id == change_request_approvals.c.user_id)
    .outerjoin(
        members,
        and_(members.c.user_id == change_request_approvals.c.user_id, members.c.project_id == change_requests.c.project_id),
    )
    .where(change_request_approvals.c.request_id.in_(bindparam("request_ids", expanding=True)))
    .order_by(change_request_approvals.c.created_at, change_request_approvals.c.user_id)
)


def insert_request(
    tx: Transaction, project_id: int, *, title: str, description: str, merges_itself: bool, created_by_id: int | None
) -> int:
    """Insert an open request without moves and return its id."""
    now = tx.clock()
    statement = insert(change_requests).values(
        project_id=project_id,
        title=title,
        description=description,
        state=RequestState.OPEN.value,
        revision=1,
        merges_itself=merges_itself,
        created_by_id=created_by_id,
        created_at=now,
        updated_at=now,
    )
    request_id: int = tx.connection.execute(statement.returning(change_requests.c.id)).scalar_one()
    return request_id


def replace_moves(tx: Transaction, request_id: int, moves: Iterable[ProposedMove]) -> None:
    """Let a request propose other moves than before."""
    tx.connection.execute(delete(change_request_moves).where(change_request_moves.c.request_id == request_id))
    rows = [
        {
            "request_id": request_id,
            "prompt_id": move.prompt_id,
            "label": move.label,
            "from_version": move.from_version,
            "to_version": move.to_version,
        }
        for move in moves
    ]
    if rows:
        tx.connection.execute(insert(change_request_moves), rows)


def update_request(tx: Transaction, request_id: int, **values: Any) -> None:  # noqa: ANN401 - columns by name
    """Change columns of a request."""
    statement = update(change_requests).where(change_requests.c.id == request_id)
    tx.connection.execute(statement.values(updated_at=tx.clock(), **values))


def end_request(tx: Transaction, request_id: int, *, state: RequestState, ended_by_id: int | None) -> None:
    """Record that a request was merged or closed."""
    update_request(tx, request_id, state=state.value, ended_by_id=ended_by_id, ended_at=tx.clock())


def lock_request(tx: Transaction, project_id: int, request_id: int) -> bool:
    """Keep other writers off a request until the transaction ends; `False` if the project has none of this id."""
    wanted = change_requests.c.project_id == project_id, change_requests.c.id == request_id
    return tx.connection.execute(select(change_requests.c.id).where(*wanted).with_for_update()).first() is not None


def find_request(tx: Transaction, project_id: int, request_id: int) -> ChangeRequest | None:
    """Find a request of a project with its moves and approvals. Its state is as it is stored, without a look at approvals."""
    statement = select(change_requests).where(change_requests.c.project_id == project_id, change_requests.c.id == request_id)
    return next(iter(_requests(tx, tx.connection.execute(statement).all())), None)


def list_requests(tx: Transaction, project_id: int, *, is_open: bool | None, limit: int, offset: int) -> list[ChangeRequest]:
    """List requests of a project, newest first: all, those that are open, or those that are not."""
    values = {"project_id": project_id, "limit": limit, "offset": min(offset, MAX_INTEGER)}
    return _requests(tx, _LISTS[is_open].all(tx.connection, values))


def count_requests(tx: Transaction, project_id: int, *, is_open: bool | None) -> int:
    """Count what `list_requests` lists."""
    count: int = _COUNTS[is_open].scalar_one(tx.connection, {"project_id": project_id})
    return count


def insert_approval(tx: Transaction, request_id: int, *, revision: int, user_id: int) -> bool:
    """Record that a user approves a revision; `False` if it is recorded already."""
    statement = dialect.insert(tx.connection, change_request_approvals).values(
        request_id=request_id, revision=revision, user_id=user_id, created_at=tx.clock()
    )
    returning = statement.on_conflict_do_nothing().returning(change_request_approvals.c.user_id)
    return tx.connection.execute(returning).first() is not None


def delete_approval(tx: Transaction, request_id: int, *, revision: int, user_id: int) -> bool:
    """Take an approval back; `False` if there is none."""
    rows = change_request_approvals.c
    statement = delete(change_request_approvals).where(
        rows.request_id == request_id, rows.revision == revision, rows.user_id == user_id
    )
    return tx.connection.execute(statement).rowcount > 0


def insert_comment(tx: Transaction, request_id: int, *, text: str, created_by_id: int | None) -> Comment:
    """Insert a comment."""
    statement = insert(change_request_comments).values(
        request_id=request_id, text=text, created_by_id=created_by_id, created_at=tx.clock()
    )
    comment_id: int = tx.connection.execute(statement.returning(change_request_comments.c.id)).scalar_one()
    return next(comment for comment in list_comments(tx, request_id, limit=MAX_INTEGER) if comment.id == comment_id)


def list_comments(tx: Transaction, request_id: int, *, limit: int) -> list[Comment]:
    """List the comments on a request, oldest first."""
    rows = change_request_comments.c
    statement = select(rows.id, rows.text, rows.created_at, *AUTHOR_COLUMNS)
    statement = statement.outerjoin(users, users.c.id == rows.created_by_id).where(rows.request_id == request_id)
    found = tx.connection.execute(statement.order_by(rows.id).limit(limit))
    return [Comment(row.id, row.text, author_of(row), row.created_at) for row in found]


def count_comments(tx: Transaction, request_id: int) -> int:
    """Count the comments on a request."""
    statement = select(func.count()).select_from(change_request_comments)
    count: int = tx.connection.execute(statement.where(change_request_comments.c.request_id == request_id)).scalar_one()
    return count


def _requests(tx: Transaction, rows: Sequence[AnyRow]) -> list[ChangeRequest]:
    ids = [row.id for row in rows]
    moves, approvals = _moves(tx, ids), _approvals(tx, ids)
    authors = list_authors(tx, {user_id for row in rows for user_id in (row.created_by_id, row.ended_by_id) if user_id is not None})
    return [
        ChangeRequest(
            id=row.id,
            title=row.title,
            description=row.description,
            state=RequestState(row.state),
            revision=row.revision,
            merges_itself=row.merges_itself,
            created_by=authors.get(row.created_by_id),
            created_at=row.created_at,
            updated_at=row.updated_at,
            ended_by=authors.get(row.ended_by_id),
            ended_at=row.ended_at,
            revised_by_id=row.revised_by_id,
            moves=moves[row.id],
            approvals=approvals[row.id],
        )
        for row in rows
    ]


def _moves(tx: Transaction, request_ids: Sequence[int]) -> defaultdict[int, list[ProposedMove]]:
    found: defaultdict[int, list[ProposedMove]] = defaultdict(list)
    for row in tx.connection.execute(_MOVES, {"request_ids": request_ids}) if request_ids else ():
        found[row.request_id].append(
            ProposedMove(
                prompt_id=row.prompt_id,
                name=row.name,
                label=row.label,
                from_version=row.from_version,
                to_version=row.to_version,
                current_version=row.current_version,
                is_archived=row.archived_at is not None,
                author_id=row.author_id,
            )
        )
    return found


def _approvals(tx: Transaction, request_ids: Sequence[int]) -> defaultdict[int, list[Approval]]:
    found: defaultdict[int, list[Approval]] = defaultdict(list)
    for row in tx.connection.execute(_APPROVALS, {"request_ids": request_ids}) if request_ids else ():
        found[row.request_id].append(_approval(row))
    return found


def _approval(row: AnyRow) -> Approval:
    author = author_of(row)
    if author is None:
        message = f"approval by user {row.user_id} has no user"
        raise RuntimeError(message)
    return Approval(author, row.revision, Role(row.role) if row.role and row.is_active else None, row.created_at)
