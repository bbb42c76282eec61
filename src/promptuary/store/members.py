"""Rows of members: who has which role in a project."""

from collections.abc import Collection

from sqlalchemy import Integer, bindparam, delete, func, select

from promptuary.model.access import Role
from promptuary.model.accounts import Member, Membership, Project
from promptuary.store.engine import dialect
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import members, projects, users

_SELECT = select(
    members.c.project_id,
    members.c.user_id,
    users.c.email,
    users.c.first_name,
    users.c.last_name,
    users.c.invited_to_id,
    users.c.password_hash.is_not(None).label("has_password"),
    members.c.role,
    members.c.created_at,
).join(users, users.c.id == members.c.user_id)
_OF_USER = Compiled(
    _SELECT.where(
        members.c.project_id == bindparam("project_id", type_=members.c.project_id.type),
        members.c.user_id == bindparam("user_id", type_=members.c.user_id.type),
    )
)
_PROJECTS_OF_USER = Compiled(
    select(projects.c.id, projects.c.name, projects.c.api_token, projects.c.created_at, members.c.role)
    .join(projects, projects.c.id == members.c.project_id)
    .where(members.c.user_id == bindparam("user_id", type_=members.c.user_id.type))
    .order_by(projects.c.name, projects.c.id)
    .limit(bindparam("limit", type_=Integer()))
)


_UPSERTS = {
    kind: Compiled(
        start.on_conflict_do_update(index_elements=[members.c.project_id, members.c.user_id], set_={"role": start.excluded.role})
    )
    for kind, start in dialect.inserts(members).items()
}
_COUNT = Compiled(
    select(func.count().label("count")).where(members.c.project_id == bindparam("project_id", type_=members.c.project_id.type))
)


def upsert_member(tx: Transaction, *, project_id: int, user_id: int, role: Role) -> None:
    """Give a user a role in a project, in place of the one they had."""
    values = {"project_id": project_id, "user_id": user_id, "role": role.value, "created_at": tx.clock()}
    _UPSERTS[tx.connection.dialect.name].run(tx.connection, values)


def delete_member(tx: Transaction, *, project_id: int, user_id: int) -> None:
    """Remove a user from a project."""
    tx.connection.execute(delete(members).where(members.c.project_id == project_id, members.c.user_id == user_id))


def list_ids(tx: Transaction, project_id: int, emails: Collection[str]) -> dict[str, int]:
    """Return the user ids of the members of a project who have these addresses, by address."""
    if not emails:
        return {}
    statement = select(users.c.email, users.c.id).join(members, members.c.user_id == users.c.id)
    rows = tx.connection.execute(statement.where(members.c.project_id == project_id, users.c.email.in_(emails)))
    return {row.email: row.id for row in rows}


def find_member(tx: Transaction, *, project_id: int, user_id: int) -> Member | None:
    """Find a user's membership of a project."""
    row = _OF_USER.one_or_none(tx.connection, {"project_id": project_id, "user_id": user_id})
    return None if row is None else _member(row)


def list_members(tx: Transaction, project_id: int, *, limit: int) -> list[Member]:
    """List a project's members by user id, at most ``limit``."""
    statement = _SELECT.where(members.c.project_id == project_id)
    return [_member(row) for row in tx.connection.execute(statement.order_by(members.c.user_id).limit(limit))]


def count_members(tx: Transaction, project_id: int) -> int:
    """Count the members of a project."""
    count: int = _COUNT.scalar_one(tx.connection, {"project_id": project_id})
    return count


def count_active(tx: Transaction, project_id: int) -> dict[Role, int]:
    """Count the members of a project by role, without those whose accounts are disabled."""
    statement = select(members.c.role, func.count()).join(users, users.c.id == members.c.user_id)
    statement = statement.where(members.c.project_id == project_id, users.c.is_active).group_by(members.c.role)
    found = {Role(role): count for role, count in tx.connection.execute(statement)}
    return {role: found.get(role, 0) for role in Role}


def list_memberships(tx: Transaction, user_id: int, *, limit: int) -> list[Membership]:
    """List the projects of a user with their roles, by the project's name, at most ``limit``."""
    return [
        Membership(Project(id=row.id, name=row.name, api_token=row.api_token, created_at=row.created_at), Role(row.role))
        for row in _PROJECTS_OF_USER.all(tx.connection, {"user_id": user_id, "limit": limit})
    ]


def find_first_project(tx: Transaction, user_id: int) -> int | None:
    """Find the lowest id among the projects of a user."""
    statement = select(func.min(members.c.project_id)).where(members.c.user_id == user_id)
    first: int | None = tx.connection.execute(statement).scalar_one()
    return first


def list_administered_projects(tx: Transaction, user_id: int) -> list[int]:
    """List the ids of the projects in which a user is admin."""
    statement = select(members.c.project_id).where(members.c.user_id == user_id, members.c.role == Role.ADMIN.value)
    return list(tx.connection.execute(statement.order_by(members.c.project_id)).scalars())


def has_other_admin(tx: Transaction, *, project_id: int, user_id: int) -> bool:
    """Return `True` if a project has an active admin besides a user."""
    statement = (
        select(members.c.user_id)
        .join(users, users.c.id == members.c.user_id)
        .where(members.c.project_id == project_id, members.c.user_id != user_id)
        .where(members.c.role == Role.ADMIN.value, users.c.is_active)
        .limit(1)
    )
    return tx.connection.execute(statement).first() is not None


def _member(row: AnyRow) -> Member:
    return Member(
        project_id=row.project_id,
        user_id=row.user_id,
        email=row.email,
        has_password=row.has_password,
        role=Role(row.role),
        created_at=row.created_at,
        name=f"{row.first_name} {row.last_name}".strip(),
        is_invited=row.invited_to_id == row.project_id,
    )
