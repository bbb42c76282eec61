"""What an empty database gets on the first start: a project, its owner and a key to begin with."""

from dataclasses import dataclass

from promptuary.model.access import Role, Scope
from promptuary.model.accounts import Project, User
from promptuary.registry.keys import create_key
from promptuary.registry.members import set_member
from promptuary.registry.projects import create_project, list_projects
from promptuary.registry.users import create_user, list_users
from promptuary.store import changes
from promptuary.store.database import Transaction

PROJECT_NAME = "Default project"
OWNER_EMAIL = "owner@localhost"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What was created, with the secret that is known only now."""

    project: Project
    owner: User
    api_key: str


def prepare(tx: Transaction) -> FirstStart | None:
    """Create project, owner and key in a database without projects and users; `None` where there are any."""
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
    return FirstStart(project=project, owner=owner, api_key=new_key.value)


def _is_empty(tx: Transaction) -> bool:
    return not list_projects(tx, limit=1) and not list_users(tx, limit=1)
