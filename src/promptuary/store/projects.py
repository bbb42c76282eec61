"""Rows of projects."""

from sqlalchemy import bindparam, insert, select, update

from promptuary.model.accounts import Project
from promptuary.store.engine.compiled import Compiled
from promptuary.store.engine.database import AnyRow, Transaction
from promptuary.store.tables import projects

_COLUMNS = (projects.c.id, projects.c.name, projects.c.api_token, projects.c.created_at)
_WANTED = projects.c.id == bindparam("wanted", type_=projects.c.id.type)
_BY_ID = Compiled(select(*_COLUMNS).where(_WANTED))
_LOCK = Compiled(select(projects.c.id).where(_WANTED).with_for_update(key_share=True))
_INSERT = Compiled(insert(projects).returning(*_COLUMNS))


def insert_project(tx: Transaction, *, name: str, api_token: str) -> Project:
    """Insert a project under the next free id."""
    values = {"name": name, "api_token": api_token, "created_at": tx.clock()}
    return _project(_INSERT.all(tx.connection, values)[0])


def update_name(tx: Transaction, project_id: int, name: str) -> None:
    """Replace a project's name."""
    tx.connection.execute(update(projects).where(projects.c.id == project_id).values(name=name))


def update_api_token(tx: Transaction, project_id: int, api_token: str) -> None:
    """Replace a project's token."""
    tx.connection.execute(update(projects).where(projects.c.id == project_id).values(api_token=api_token))


def find_project(tx: Transaction, project_id: int) -> Project | None:
    """Find a project by id."""
    row = _BY_ID.one_or_none(tx.connection, {"wanted": project_id})
    return None if row is None else _project(row)


def lock_project(tx: Transaction, project_id: int) -> None:
    """Keep others from locking the project until the transaction ends; its prompts can be written meanwhile."""
    _LOCK.all(tx.connection, {"wanted": project_id})


def list_projects(tx: Transaction, *, limit: int) -> list[Project]:
    """List projects by id, at most ``limit``."""
    statement = select(*_COLUMNS).order_by(projects.c.id).limit(limit)
    return [_project(row) for row in tx.connection.execute(statement)]


def _project(row: AnyRow) -> Project:
    return Project(id=row.id, name=row.name, api_token=row.api_token, created_at=row.created_at)
