"""Lookup of all that decides if a caller may enter a project, in one statement: the key, the project, the user's role in it."""

from typing import Any

from sqlalchemy import Boolean, Select, and_, bindparam, case, select

from promptuary.model.access import Role
from promptuary.model.accounts import Key, NamedProject, ProjectRole
from promptuary.store import keys
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import members, projects, users

_WITH_TOKEN = select(projects.c.id).where(projects.c.api_token == bindparam("token", type_=projects.c.api_token.type))
_NAMED_ID = case(
    (bindparam("has_token", type_=Boolean), _WITH_TOKEN.scalar_subquery()),
    (bindparam("is_current", type_=Boolean), users.c.current_project_id),
    else_=bindparam("project_id", type_=projects.c.id.type),
)


def _with_role(statement: Select[Any]) -> Select[Any]:
    """Add the named project, if there is one, and the user's role in it, if there is one, to a statement on users."""
    of_user = and_(members.c.project_id == projects.c.id, members.c.user_id == users.c.id)
    statement = statement.add_columns(projects.c.id.label("named_id"), members.c.role)
    return statement.outerjoin(projects, projects.c.id == _NAMED_ID).outerjoin(members, of_user)


_BY_USER = Compiled(_with_role(select().where(users.c.id == bindparam("user_id", type_=users.c.id.type)).select_from(users)))
_BY_KEY = Compiled(_with_role(keys.SELECT_USABLE))


def find_role(tx: Transaction, user_id: int, named: NamedProject) -> ProjectRole:
    """Find the project that a request names, and the role of a user in it."""
    row = _BY_USER.one_or_none(tx.connection, {"user_id": user_id, **_values(named)})
    return ProjectRole(None, None) if row is None else _role(row)


def find_key(tx: Transaction, value_hash: str, named: NamedProject) -> tuple[Key, ProjectRole] | None:
    """Find a usable key as `keys.find_usable_key` does, the project that a request names, and the role of the key's user in it."""
    row = _BY_KEY.one_or_none(tx.connection, {"value_hash": value_hash, **_values(named)})
    return None if row is None else (keys.key_of(row), _role(row))


def _values(named: NamedProject) -> dict[str, object]:
    return {
        "has_token": named.token is not None,
        "token": named.token,
        "is_current": named.is_current,
        "project_id": named.id,
    }


def _role(row: AnyRow) -> ProjectRole:
    return ProjectRole(row.named_id, None if row.role is None else Role(row.role))
