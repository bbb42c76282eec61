"""Several at once on one PostgreSQL; SQLite has one writer at a time."""

from collections.abc import Callable
from functools import partial

import pytest
from builders import make_member, make_prompt, make_registry
from simultaneous import simultaneously

from promptuary.model.access import Role
from promptuary.model.errors import ArchivedPromptNotFound, LastAdmin, NameTaken
from promptuary.registry import archived, bootstrap, prompts
from promptuary.registry.operator import members, users
from promptuary.store.engine.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_two_admins_who_are_removed_at_once_leave_one(database: Database) -> None:
    def remove(email: str, project_id: int) -> bool:
        try:
            with database.write() as tx:
                members.remove_member(tx, project_id=project_id, email=email)
        except LastAdmin:
            return False
        return True

    for _ in range(10):
        project = make_registry(database).project
        with database.write() as tx:
            emails = [make_member(tx, project, role=Role.ADMIN).email for _ in range(2)]
        assert sorted(simultaneously([partial(remove, email, project.id) for email in emails])) == [False, True]


def test_two_admins_who_are_disabled_at_once_leave_one(database: Database) -> None:
    def disable(email: str) -> bool:
        try:
            with database.write() as tx:
                users.disable_user(tx, email=email)
        except LastAdmin:
            return False
        return True

    for _ in range(10):
        project = make_registry(database).project
        with database.write() as tx:
            emails = [make_member(tx, project, role=Role.ADMIN).email for _ in range(2)]
        assert sorted(simultaneously([partial(disable, email) for email in emails])) == [False, True]


def test_of_servers_that_start_at_once_on_an_empty_database_one_prepares_it(database: Database) -> None:
    def prepare() -> bool:
        with database.write() as tx:
            return bootstrap.prepare(tx) is not None

    assert sorted(simultaneously([prepare] * 6)) == [False] * 5 + [True]


def test_of_all_who_restore_and_create_one_name_at_once_one_gets_it(database: Database) -> None:
    registry = make_registry(database)
    with database.write() as tx:
        ids = []
        for text in ("first", "second"):
            ids.append(make_prompt(tx, registry.actor, prompt=text).id)
            prompts.archive_prompt(tx, registry.actor, name="greeting")

    def restore(version_id: str | None) -> bool:
        try:
            with database.write() as tx:
                archived.restore_prompt(tx, registry.actor, name="greeting", version_id=version_id)
        except (NameTaken, ArchivedPromptNotFound):
            return False
        return True

    def create() -> bool:
        try:
            with database.write() as tx:
                make_prompt(tx, registry.actor, prompt="new")
        except NameTaken:
            return False
        return True

    attempts: list[Callable[[], bool]] = [create, *(partial(restore, version_id) for version_id in (None, *ids))]
    for _ in range(10):
        assert sorted(simultaneously(attempts)) == [False, False, False, True]
        with database.write() as tx:
            prompts.archive_prompt(tx, registry.actor, name="greeting")
