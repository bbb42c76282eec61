"""Entering a project: which one is meant, in which order a caller is refused, and when a key's use is noted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import Registry, make_key, make_member, make_registry, make_user, writing_in_turn

from promptuary.model.access import Actor, Permission, Role, Scope
from promptuary.model.accounts import Key
from promptuary.model.errors import (
    KeyLimitedToOtherProjects,
    MissingScope,
    NotAMember,
    ProjectNotFound,
    RoleTooLow,
    UnknownProjectToken,
)
from promptuary.registry import access
from promptuary.registry.operator import keys, projects
from promptuary.store.engine.database import Database, Transaction


def enter(
    tx: Transaction, key: Key, *, reference: str = "@current", token: str | None = None, permission: Permission = Permission.READ
) -> Actor:
    caller = access.caller_of(key)
    return access.enter(tx, caller, reference=reference, api_token=token, permission=permission, request_id="r")


def test_a_project_is_named_by_its_id_by_current_or_by_its_token_which_wins(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        key = make_key(tx, registry.user).key
        expected = Actor(
            project_id=registry.project.id,
            role=Role.EDITOR,
            scopes=frozenset({Scope.ALL}),
            user_id=registry.user.id,
            key_id=key.id,
        )
        assert enter(tx, key) == expected
        assert enter(tx, key).request_id == "r"
        assert enter(tx, key, reference=str(registry.project.id)) == expected
        assert enter(tx, key, reference=str(other.id), token=registry.project.api_token) == expected
        assert enter(tx, key, reference="nonsense", token=registry.project.api_token) == expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "reference",
    ["99", "0", "-1", "1.0", "²", "\N{ARABIC-INDIC DIGIT ONE}", "", "current", "@CURRENT", " 1", "1" * 11, "9" * 10, "4294967297"],
)
def test_a_reference_to_no_project_is_refused(registry: Registry, reference: str) -> None:
    with registry.database.write() as tx, pytest.raises(ProjectNotFound):
        enter(tx, make_key(tx, registry.user).key, reference=reference)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_current_is_refused_to_a_user_without_a_project(registry: Registry) -> None:
    with registry.database.write() as tx, pytest.raises(ProjectNotFound):
        enter(tx, make_key(tx, make_user(tx)).key)


def test_refusals_come_in_the_order_scope_token_project_limits_membership_role(registry: Registry) -> None:
    """The key is wrong in every way; one way after the other is put right, and the next refusal shows."""
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        user = make_user(tx)
        key = replace(make_key(tx, user).key, scopes=frozenset[Scope](), project_ids=frozenset({other.id}))
        write = Permission.WRITE
        here = str(registry.project.id)
        with pytest.raises(MissingScope):
            enter(tx, key, reference="99", token="phc_unknown", permission=write)
        key = replace(key, scopes=frozenset({Scope.WRITE}))
        with pytest.raises(UnknownProjectToken):
            enter(tx, key, reference="99", token="phc_unknown", permission=write)
        with pytest.raises(ProjectNotFound):
            enter(tx, key, reference="99", permission=write)
        with pytest.raises(KeyLimitedToOtherProjects, match=f"ID {here}"):
            enter(tx, key, reference=here, permission=write)
        key = replace(key, project_ids=frozenset({other.id, registry.project.id}))
        with pytest.raises(NotAMember):
            enter(tx, key, reference=here, permission=write)
        viewer = make_member(tx, registry.project, role=Role.VIEWER)
        key = replace(key, user_id=viewer.id)
        with pytest.raises(RoleTooLow, match="editor access"):
            enter(tx, key, reference=here, permission=write)
        assert enter(tx, key, reference=here).role is Role.VIEWER
        assert enter(tx, replace(key, user_id=registry.user.id), reference=here, permission=write).role is Role.EDITOR


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("role", "scope", "may"), [(Role.ADMIN, Scope.ALL, True), (Role.ADMIN, Scope.WRITE, False)])
def test_managing_needs_an_admin_and_every_scope(registry: Registry, role: Role, scope: Scope, may: bool) -> None:  # noqa: FBT001
    with registry.database.write() as tx:
        key = make_key(tx, make_member(tx, registry.project, role=role), scope).key
        if may:
            assert enter(tx, key, permission=Permission.MANAGE).role is role
        else:
            with pytest.raises(MissingScope):
                enter(tx, key, permission=Permission.MANAGE)
        with pytest.raises(RoleTooLow):
            enter(tx, make_key(tx, registry.user).key, permission=Permission.MANAGE)


class Clock:
    """Tells the time that the test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2026, 9, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(database_url: str, clock: Clock) -> Iterator[Registry]:
    database = Database.open(database_url, clock=clock)
    yield make_registry(database)
    database.close()


def test_the_use_of_a_key_is_noted_at_most_once_an_hour(timed: Registry, clock: Clock) -> None:
    start = clock.now
    noted = []
    with writing_in_turn(timed.database) as tx:
        key_id = make_key(tx, timed.user).key.id
        for minutes in (0, 1, 59, 60, 61, 100, 121, 122):
            clock.now = start + timedelta(minutes=minutes)
            (key,) = keys.list_keys(tx, limit=1)
            worth = access.is_use_worth_noting(key, clock.now)
            access.note_use(tx, key_id)
            (key,) = keys.list_keys(tx, limit=1)
            assert worth == (key.last_used_at == clock.now)
            noted.append(key.last_used_at)
    assert [(moment - start).seconds // 60 for moment in noted if moment is not None] == [0, 0, 0, 0, 61, 61, 61, 122]


def test_a_key_enters_in_one_step_as_it_does_in_two(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        new = make_key(tx, registry.user, Scope.READ, project_ids=[registry.project.id, other.id])
        viewer = make_key(tx, make_member(tx, registry.project, role=Role.VIEWER))
        here = str(registry.project.id)
        for named in ({"reference": here}, {"reference": "@current"}, {"reference": "99", "api_token": registry.project.api_token}):
            actor = enter(tx, new.key, reference=here)
            assert access.enter_with_key(tx, new.value, permission=Permission.READ, **named) == (new.key, actor)
        refusals = [
            (new, here, None, Permission.WRITE, MissingScope),
            (new, here, "phc_unknown", Permission.READ, UnknownProjectToken),
            (new, "99", None, Permission.READ, ProjectNotFound),
            (new, str(other.id), None, Permission.READ, NotAMember),
            (viewer, here, None, Permission.WRITE, RoleTooLow),
        ]
        for key, reference, token, permission, refusal in refusals:
            with pytest.raises(refusal):
                access.enter_with_key(tx, key.value, reference=reference, api_token=token, permission=permission)
        third = projects.create_project(tx, name="Third")
        with pytest.raises(KeyLimitedToOtherProjects, match=f"ID {third.id}"):
            access.enter_with_key(tx, new.value, reference=str(third.id), permission=Permission.READ)


def test_no_value_but_that_of_a_usable_key_enters(registry: Registry) -> None:
    here = str(registry.project.id)
    with registry.database.write() as tx:
        new = make_key(tx, registry.user)
        for value in ("", "phx_unknown", "\ud800", "a\0b"):
            assert access.enter_with_key(tx, value, reference=here, permission=Permission.READ) is None
        keys.revoke_key(tx, new.key.id)
        assert access.enter_with_key(tx, new.value, reference=here, permission=Permission.READ) is None
