"""Initial contents of an empty database: a project, its owner and a key to begin with."""

from dataclasses import dataclass

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Project, User
from promptuary.registry.operator.keys import create_key
from promptuary.registry.operator.members import set_member
from promptuary.registry.operator.projects import create_project, list_projects
from promptuary.registry.operator.users import create_user, list_users
from promptuary.registry.sign_in_links import create_link
from promptuary.store import changes, users
from promptuary.store.engine.database import Transaction

PROJECT_NAME = "Default project"
OWNER_EMAIL = "owner@localhost"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """Created objects, with secrets that are available only now."""

    project: Project
    owner: User
    api_key: str
    link: str
    """The value of the one-time link with which the owner gives the account name, address and password."""


def prepare(tx: Transaction) -> FirstStart | None:
    """Create project, owner and key in a database without projects and users; `None` if there are any."""
    if not _is_empty(tx):
        return None
    # Several servers may start on one empty database: the others wait here and find it prepared.
    changes.lock_log(tx)
    if not _is_empty(tx):
        return None
    project = create_project(tx, name=PROJECT_NAME)
    owner = create_user(tx, email=OWNER_EMAIL, first_name="Owner")
    set_member(tx, project_id=project.id, email=owner.email, role=Role.ADMIN)
    new_key = create_key(tx, email=owner.email, label="First key", scopes=[Scope.ALL])
    link = create_link(tx, owner, is_first_start=True)
    return FirstStart(project=project, owner=owner, api_key=new_key.value, link=link)


def renew_link(tx: Transaction) -> str | None:
    """Create another one-time link for the owner while no user has a password; otherwise, or without an owner, return `None`."""
    owner = users.find_user_by_email(tx, OWNER_EMAIL)
    if owner is None or not owner.is_active or users.has_any_password(tx):
        return None
    return create_link(tx, owner, is_first_start=True)


def _is_empty(tx: Transaction) -> bool:
    return not list_projects(tx, limit=1) and not list_users(tx, limit=1)
