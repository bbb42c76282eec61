"""Builders of what tests need, in plain steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from fastapi.testclient import TestClient

from promptuary.model.access import Actor, Role, Scope
from promptuary.model.accounts import NewKey, Project, User
from promptuary.model.prompts import Version
from promptuary.registry import keys, members, projects, prompts, users
from promptuary.server import create_application
from promptuary.settings import Settings
from promptuary.store.database import Database, Transaction

_numbers = count(1)


@dataclass(frozen=True)
class Registry:
    """A database with a project, and an editor of it as a ready actor."""

    database: Database
    project: Project
    user: User
    actor: Actor


def make_user(tx: Transaction, *, email: str | None = None) -> User:
    return users.create_user(tx, email=email or f"user{next(_numbers)}@example.com", first_name="Test", last_name="User")


def make_member(tx: Transaction, project: Project, *, role: Role = Role.EDITOR) -> User:
    user = make_user(tx)
    members.set_member(tx, project_id=project.id, email=user.email, role=role)
    return user


def make_key(tx: Transaction, user: User, *scopes: Scope, project_ids: list[int] | None = None) -> NewKey:
    return keys.create_key(tx, email=user.email, label="test", scopes=scopes or (Scope.ALL,), project_ids=project_ids)


def make_actor(project: Project, user: User, *, role: Role = Role.EDITOR) -> Actor:
    return Actor(project_id=project.id, role=role, scopes=frozenset({Scope.ALL}), user_id=user.id)


def make_registry(database: Database) -> Registry:
    with database.write() as tx:
        project = projects.create_project(tx, name="Test project")
        user = make_member(tx, project)
    return Registry(database=database, project=project, user=user, actor=make_actor(project, user))


def make_prompt(tx: Transaction, actor: Actor, *, name: str = "greeting", prompt: object = "Hello!", versions: int = 1) -> Version:
    version = prompts.create_prompt(tx, actor, name=name, prompt=prompt)
    for base in range(1, versions):
        version = prompts.publish_version(tx, actor, name=name, base_version=base, prompt=f"{prompt} v{base + 1}")
    return version


@dataclass(frozen=True)
class Api:
    """The application in process. ``client`` sends the key ``key`` of the registry's editor; ``path`` is the project's prompts."""

    registry: Registry
    client: TestClient
    key: NewKey
    path: str

    def client_with(self, headers: dict[str, str]) -> TestClient:
        """A client of the same application that sends other headers, such as another key or none."""
        return TestClient(self.client.app, headers=headers, raise_server_exceptions=False)


@contextmanager
def make_api(registry: Registry, **settings: object) -> Iterator[Api]:
    application = create_application(Settings(_env_file=None, **settings), registry.database)  # type: ignore[call-arg, arg-type]
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    with TestClient(application, headers=bearer(key), raise_server_exceptions=False) as client:
        yield Api(registry=registry, client=client, key=key, path=f"/api/projects/{registry.project.id}/llm_prompts/")


def bearer(key: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.value}"}
