"""Seed data: the same prompts, histories, labels and times on every run. Used by development, browser tests and screenshots."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from promptuary.model.access import Actor, Role, Scope
from promptuary.model.accounts import Project, User
from promptuary.model.errors import NotEmpty
from promptuary.registry.demo_prompts import PROMPTS, DemoPrompt
from promptuary.registry.keys import create_key
from promptuary.registry.labels import move_label
from promptuary.registry.members import set_member
from promptuary.registry.projects import create_project, list_projects
from promptuary.registry.prompts import create_prompt, publish_version
from promptuary.registry.users import create_user, list_users
from promptuary.store.database import Transaction

PROJECT_NAME = "Demo"
AUTHOR_EMAIL = "author@example.com"
REVIEWER_EMAIL = "reviewer@example.com"

_FIRST_MOMENT = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
_STEP = timedelta(hours=7, minutes=13)
_MAX_PROJECTS = 10_000


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was created, with the secret that is known only now."""

    project: Project
    prompt_count: int
    version_count: int
    api_key: str


def seed(tx: Transaction) -> Seeded:
    """Create the demo project. Raises `NotEmpty` when there is one.

    An author and a reviewer write in turn; everybody who already has an account becomes an admin, so that they can look.
    """
    if any(project.name == PROJECT_NAME for project in list_projects(tx, limit=_MAX_PROJECTS)):
        message = f"There is a project '{PROJECT_NAME}' already."
        raise NotEmpty(message)
    onlookers = [user for user in list_users(tx, limit=_MAX_PROJECTS) if user.is_active]
    project = create_project(tx, name=PROJECT_NAME)
    author = _writer(tx, AUTHOR_EMAIL, "Author")
    reviewer = _writer(tx, REVIEWER_EMAIL, "Reviewer")
    for user in [author, reviewer, *onlookers]:
        set_member(tx, project_id=project.id, email=user.email, role=Role.ADMIN)
    writers = [_actor(project, author), _actor(project, reviewer)]
    told = replace(tx, clock=_ticking().__next__)
    for prompt in PROMPTS:
        _write(told, prompt, writers)
    key = create_key(tx, email=author.email, label="Demo key", scopes=[Scope.READ, Scope.WRITE], project_ids=[project.id])
    return Seeded(
        project=project,
        prompt_count=len(PROMPTS),
        version_count=sum(len(prompt.versions) for prompt in PROMPTS),
        api_key=key.value,
    )


def _writer(tx: Transaction, email: str, first_name: str) -> User:
    known = {user.email: user for user in list_users(tx, limit=_MAX_PROJECTS)}
    return known.get(email) or create_user(tx, email=email, first_name=first_name, last_name="(demo)")


def _actor(project: Project, user: User) -> Actor:
    return Actor(project_id=project.id, role=Role.ADMIN, scopes=frozenset({Scope.ALL}), user_id=user.id)


def _ticking() -> Iterator[datetime]:
    moment = _FIRST_MOMENT
    while True:
        yield moment
        moment += _STEP / 10


def _write(tx: Transaction, prompt: DemoPrompt, writers: list[Actor]) -> None:
    for index, version in enumerate(prompt.versions):
        actor = writers[index % len(writers)]
        if index == 0:
            create_prompt(tx, actor, name=prompt.name, prompt=version.prompt, config=version.config, description=version.note)
        else:
            publish_version(
                tx,
                actor,
                name=prompt.name,
                base_version=index,
                prompt=version.prompt,
                config=version.config,
                description=version.note,
            )
    for label, number in prompt.labels.items():
        move_label(tx, writers[0], name=prompt.name, label=label, version=number)
