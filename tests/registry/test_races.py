"""Operators at once on one PostgreSQL; SQLite has one writer at a time."""

from functools import partial

import pytest
from builders import make_member, make_registry
from simultaneous import simultaneously

from promptuary.model.access import Role
from promptuary.model.errors import LastAdmin
from promptuary.registry import first_start, members, users
from promptuary.store.database import Database

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
            return first_start.prepare(tx) is not None

    assert sorted(simultaneously([prepare] * 6)) == [False] * 5 + [True]
