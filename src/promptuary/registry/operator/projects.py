"""The operator's verbs of projects. They check no permission: only the command line calls them, no HTTP edge."""

import secrets

from promptuary.model.accounts import MAX_NAME, Project
from promptuary.model.changes import OPERATOR, Attribution
from promptuary.model.changes.payloads import ProjectCreated, ProjectRenamed, ProjectTokenRotated
from promptuary.model.errors import InvalidValue, ProjectNotFound
from promptuary.model.text import check_text
from promptuary.registry.changes import record_administration
from promptuary.store import projects
from promptuary.store.engine.database import Transaction

TOKEN_PREFIX = "phc_"  # noqa: S105 - what tokens begin with, so that clients that check the prefix accept them


def create_project(tx: Transaction, *, name: str, by: Attribution = OPERATOR) -> Project:
    """Create a project with a fresh token. Raises `InvalidValue`."""
    check_text(name, field="name", max_length=MAX_NAME)
    project = projects.insert_project(tx, name=name.strip(), api_token=_new_token())
    record_administration(tx, ProjectCreated(project.name), project_id=project.id, by=by)
    return project


def rename_project(
    tx: Transaction, project_id: int, *, name: str, by: Attribution = OPERATOR, expected_name: str | None = None
) -> Project:
    """Give a project another name. Raises `ProjectNotFound`, and `InvalidValue`, also if it is not called ``expected_name``."""
    check_text(name, field="name", max_length=MAX_NAME)
    projects.lock_project(tx, project_id)
    before = get_project(tx, project_id)
    if expected_name not in {None, before.name}:
        detail = (
            f"The project was renamed to '{before.name}' in the meantime. Nothing was changed. Save again to replace that name."
        )
        raise InvalidValue("changed", detail, field="name")
    projects.update_name(tx, project_id, name.strip())
    after = get_project(tx, project_id)
    record_administration(tx, ProjectRenamed(former_name=before.name, name=after.name), project_id=project_id, by=by)
    return after


def rotate_token(tx: Transaction, project_id: int, *, by: Attribution = OPERATOR, expected_token: str | None = None) -> Project:
    """Replace a project's token; the old one is unknown from now on.

    Raises `ProjectNotFound`, and `InvalidValue` if the token is not ``expected_token``.
    """
    projects.lock_project(tx, project_id)
    if expected_token not in {None, get_project(tx, project_id).api_token}:
        detail = "The token was replaced in the meantime. Nothing was changed. Replace it again only to replace the new one, too."
        raise InvalidValue("changed", detail, field="token")
    projects.update_api_token(tx, project_id, _new_token())
    record_administration(tx, ProjectTokenRotated(), project_id=project_id, by=by)
    return get_project(tx, project_id)


def get_project(tx: Transaction, project_id: int) -> Project:
    """Return a project. Raises `ProjectNotFound`."""
    project = projects.find_project(tx, project_id)
    if project is None:
        raise ProjectNotFound
    return project


def list_projects(tx: Transaction, *, limit: int) -> list[Project]:
    """List projects by id."""
    return projects.list_projects(tx, limit=limit)


def _new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)
