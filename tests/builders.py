"""Builders of what tests need, in plain steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from anyio import CapacityLimiter
from fastapi.testclient import TestClient
from starlette.types import ASGIApp
from whole_answers import AppClient

from promptuary.api.operations.readiness import Readiness
from promptuary.api.posthog.changes import change_message
from promptuary.api.services import Services
from promptuary.api.streams import Broadcaster
from promptuary.http.body import Bodies
from promptuary.http.rate_limits import create_request_limits, open_limiter
from promptuary.metrics.layout import RATE_LIMITED
from promptuary.metrics.scrape import Scrape
from promptuary.metrics.segment import Segment
from promptuary.model.access import Actor, Role, Scope
from promptuary.model.accounts import NewKey, Project, SessionLimits, User
from promptuary.model.changes.payloads import MemberFacts, MemberSet
from promptuary.model.prompts import Version
from promptuary.model.webhooks import Webhook, WebhookSettings
from promptuary.registry import prompts, webhooks
from promptuary.registry.changes import record_administration
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.registry.operator import keys, projects, users
from promptuary.server import create_application
from promptuary.settings import Settings
from promptuary.store import members
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.users import update_user
from promptuary.supervisor.stop_flag import open_stop_flag

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
    """Do what `set_member` does with a new user in their first project, without its questions to the database."""
    user = make_user(tx)
    members.upsert_member(tx, project_id=project.id, user_id=user.id, role=role)
    update_user(tx, user.id, current_project_id=project.id)
    record_administration(tx, MemberSet(None, MemberFacts(user.id, user.email, role)), project_id=project.id)
    return user


def make_key(tx: Transaction, user: User, *scopes: Scope, project_ids: list[int] | None = None) -> NewKey:
    return keys.create_key(tx, email=user.email, label="test", scopes=scopes or (Scope.ALL,), project_ids=project_ids)


def make_actor(project: Project, user: User, *, role: Role = Role.EDITOR) -> Actor:
    return Actor(project_id=project.id, role=role, scopes=frozenset({Scope.ALL}), user_id=user.id)


def make_registry(database: Database) -> Registry:
    with database.write() as tx:
        return _make_registry(tx, database)


def _make_registry(tx: Transaction, database: Database) -> Registry:
    project = projects.create_project(tx, name="Test project")
    user = make_member(tx, project)
    return Registry(database=database, project=project, user=user, actor=make_actor(project, user))


def make_prompt(tx: Transaction, actor: Actor, *, name: str = "greeting", prompt: object = "Hello!", versions: int = 1) -> Version:
    version = prompts.create_prompt(tx, actor, name=name, prompt=prompt)
    for base in range(1, versions):
        version = prompts.publish_version(tx, actor, name=name, base_version=base, prompt=f"{prompt} v{base + 1}")
    return version


@contextmanager
def writing_in_turn(database: Database) -> Iterator[Transaction]:
    """Begin a transaction in which each write has a time of its own, as if it were one of many transactions."""
    with database.write() as tx:
        yield replace(tx, clock=database.clock)


def as_admin(actor: Actor) -> Actor:
    return replace(actor, role=Role.ADMIN)


def make_webhook(tx: Transaction, actor: Actor, *, url: str = "https://hooks.example/in", **settings: Any) -> Webhook:
    return webhooks.create_webhook(tx, as_admin(actor), WebhookSettings(url, **settings)).webhook


def make_services(database: Database, segment: Segment) -> Services:
    """What the API works with, at the default settings."""
    stop_flag = open_stop_flag(None)
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    return Services(
        database=database,
        limits=create_request_limits(settings, open_limiter(settings), lambda limit: segment.count(RATE_LIMITED, limit)),
        usage=FetchCounter(),
        public_url="",
        stop_flag=stop_flag,
        scrape=Scrape(None, segment, sample=lambda: None, build=("0", "3", database.kind)),
        metrics_token="",
        shows_metrics=True,
        session_limits=SessionLimits(idle=timedelta(days=14), longest=timedelta(days=90)),
        fetch_threads=CapacityLimiter(1),
        readiness=Readiness(database),
        bodies=Bodies(),
        caller_threads=CapacityLimiter(1),
        broadcaster=Broadcaster(
            lambda _: None,
            stop_flag=stop_flag,
            max_streams=1,
            max_streams_of_caller=0,
            show=change_message,
            note_open=lambda _: None,
        ),
    )


@dataclass(frozen=True)
class Api:
    """The application in process. ``client`` sends the key ``key`` of the registry's editor; ``path`` is the project's prompts."""

    registry: Registry
    client: TestClient
    key: NewKey
    path: str
    usage: FetchCounter

    def client_with(self, headers: dict[str, str]) -> AppClient:
        """A client of the same application that sends other headers, such as another key or none."""
        client = AppClient(self.client.app, headers)
        # The application belongs to one event loop.
        client.portal = self.client.portal
        return client


def make_application(registry: Registry, usage: FetchCounter, **settings: object) -> ASGIApp:
    """The application in process, not begun. It belongs to the event loop that runs its lifespan."""
    # Tests look at what was counted before it is written, and some of them last.
    # Nothing else is to read or write meanwhile.
    settings = {"usage_seconds": 3600.0, "webhooks": "off"} | settings
    return create_application(_make_settings(**settings), registry.database, usage=usage)


@cache
def _make_settings(**settings: object) -> Settings:
    return Settings(_env_file=None, **settings)  # type: ignore[call-arg, arg-type]


@contextmanager
def make_api(registry: Registry, **settings: object) -> Iterator[Api]:
    usage = FetchCounter(lambda: registry.database.clock().timestamp())
    application = make_application(registry, usage, **settings)
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    with AppClient(application, bearer(key)) as client:
        path = f"/api/projects/{registry.project.id}/llm_prompts/"
        yield Api(registry=registry, client=client, key=key, path=path, usage=usage)


def with_own_project(api: Api) -> Api:
    """An application that other tests use, too, with a project, an editor and a key that nobody else has."""
    database = api.registry.database
    with database.write() as tx:
        registry = _make_registry(tx, database)
        key = make_key(tx, registry.user)
    path = f"/api/projects/{registry.project.id}/llm_prompts/"
    return replace(api, registry=registry, client=api.client_with(bearer(key)), key=key, path=path)


def bearer(key: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.value}"}
