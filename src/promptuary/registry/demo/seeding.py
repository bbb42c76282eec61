"""Creates the demo project with the registry's verbs, at fixed times. The texts are in `prompts`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from promptuary.model.access import Actor, Role, Scope
from promptuary.model.accounts import Project, User
from promptuary.model.edits import Edit
from promptuary.model.errors import NotEmpty
from promptuary.model.prompts import Version
from promptuary.registry.demo.fetching import fetch_counts
from promptuary.registry.demo.history import First, Next
from promptuary.registry.demo.prompts import PROMPTS
from promptuary.registry.demo.releasing import LATER, LabelStep, Placed, Promoted, Undone
from promptuary.registry.demo.reviewing import protect_and_propose
from promptuary.registry.labels import ANYWHERE, list_history, move_label, undo_move
from promptuary.registry.operator.keys import create_key
from promptuary.registry.operator.members import set_member
from promptuary.registry.operator.projects import create_project, list_projects
from promptuary.registry.operator.users import create_user, list_users
from promptuary.registry.prompts import UNCHANGED, create_prompt, fetch_prompt, publish_version, resolve_prompt
from promptuary.registry.releases import promote
from promptuary.registry.usage import record_fetches
from promptuary.store.engine.database import Transaction

PROJECT_NAME = "Demo"
AUTHOR_EMAIL = "author@example.com"
REVIEWER_EMAIL = "reviewer@example.com"

_START = datetime(2026, 9, 1, 7, 15, tzinfo=UTC)
_FIRST_TIMESTAMP = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
_BETWEEN_PROMPTS = timedelta(days=2, hours=1, minutes=7)
_BETWEEN_VERSIONS = timedelta(days=5, hours=3, minutes=26)
_REVIEW = timedelta(minutes=41)
_MAX_PROJECTS = 10_000


@dataclass(frozen=True, slots=True)
class Seeded:
    """Created objects, with the secret that is available only now."""

    project: Project
    prompt_count: int
    version_count: int
    api_key: str


def seed(tx: Transaction) -> Seeded:
    """Create the demo project. Raises `NotEmpty` when there is one.

    An author and a reviewer write in turn; all existing users become admins, so that they can see it.
    """
    if any(project.name == PROJECT_NAME for project in list_projects(tx, limit=_MAX_PROJECTS)):
        message = f"There is a project '{PROJECT_NAME}' already."
        raise NotEmpty(message)
    onlookers = [user for user in list_users(tx, limit=_MAX_PROJECTS) if user.is_active]
    start = _at(tx, _START)
    project = create_project(start, name=PROJECT_NAME)
    author = _writer(start, AUTHOR_EMAIL, "Author")
    reviewer = _writer(start, REVIEWER_EMAIL, "Reviewer")
    for user in [author, reviewer, *onlookers]:
        set_member(start, project_id=project.id, email=user.email, role=Role.ADMIN)
    writers = [_actor(project, author), _actor(project, reviewer)]
    events = list(_events())
    steps: list[_Event | LabelStep] = [*events, *_placed(events), *LATER]
    for step in sorted(steps, key=lambda step: step.moment):
        at = _at(tx, step.moment)
        if isinstance(step, _Event):
            _publish(at, step, writers)
        else:
            _move_labels(at, step, writers[0])
    protect_and_propose(_at(tx, max(step.moment for step in steps) + _REVIEW), *writers)
    key = create_key(tx, email=author.email, label="Demo key", scopes=[Scope.READ, Scope.WRITE], project_ids=[project.id])
    labelled = [_last_labelled(tx, writers[0], prompt.name) for prompt in PROMPTS]
    record_fetches(tx, list(fetch_counts(labelled, key_id=key.key.id, now=tx.clock())))
    return Seeded(project=project, prompt_count=len(PROMPTS), version_count=len(events), api_key=key.value)


def _writer(tx: Transaction, email: str, first_name: str) -> User:
    known = {user.email: user for user in list_users(tx, limit=_MAX_PROJECTS)}
    return known.get(email) or create_user(tx, email=email, first_name=first_name, last_name="(demo)")


def _actor(project: Project, user: User) -> Actor:
    return Actor(project_id=project.id, role=Role.ADMIN, scopes=frozenset({Scope.ALL}), user_id=user.id)


@dataclass(frozen=True, slots=True)
class _Event:
    """A version, and when it was published."""

    moment: datetime
    prompt_name: str
    number: int
    version: First | Next


def _events() -> Iterator[_Event]:
    for order, prompt in enumerate(PROMPTS):
        history: list[First | Next] = [prompt.first, *prompt.following]
        for number, version in enumerate(history, start=1):
            moment = _FIRST_TIMESTAMP + order * _BETWEEN_PROMPTS + (number - 1) * _BETWEEN_VERSIONS
            yield _Event(moment, prompt.name, number, version)


def _placed(events: Sequence[_Event]) -> Iterator[Placed]:
    """Yield the moves of labels to versions that were reviewed."""
    for event in events:
        version = event.version
        for label in version.labels:
            yield Placed(event.moment + _REVIEW, event.prompt_name, label, event.number, version.reason)


def _move_labels(tx: Transaction, step: LabelStep, mover: Actor) -> None:
    match step:
        case Placed():
            move_label(tx, mover, name=step.prompt_name, label=step.label, version=step.version, reason=step.reason)
        case Undone():
            undo_move(tx, mover, name=step.prompt_name, label=step.label, expected_version=ANYWHERE, reason=step.reason)
        case Promoted():
            promote(tx, mover, source=step.source, target=step.target, names=step.prompt_names, reason=step.reason)


def _last_labelled(tx: Transaction, actor: Actor, name: str) -> dict[str, list[str]]:
    """Return by label the ids of the version that a prompt has it at, and of the one before."""
    history = resolve_prompt(tx, actor, name=name, limit=1)
    labelled: dict[str, list[str]] = {}
    for label in history.labels:
        moves = list_history(tx, actor, name=name, label=label.name, limit=2).moves
        numbers = [number for number in (label.version, moves[0].from_version) if number is not None]
        labelled[label.name] = [fetch_prompt(tx, actor, name, version=number).id for number in numbers]
    return labelled


def _publish(tx: Transaction, event: _Event, writers: list[Actor]) -> Version:
    actor = writers[(event.number - 1) % len(writers)]
    version = event.version
    if isinstance(version, First):
        return create_prompt(
            tx, actor, name=event.prompt_name, prompt=version.prompt, config=version.config, description=version.note
        )
    return publish_version(
        tx,
        actor,
        name=event.prompt_name,
        base_version=event.number - 1,
        edits=[Edit(old, new) for old, new in version.edits],
        config=version.config or UNCHANGED,
        description=version.note,
    )


def _at(tx: Transaction, moment: datetime) -> Transaction:
    return replace(tx, clock=lambda: moment)
