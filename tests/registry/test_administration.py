"""The operator's verbs: users, projects, members, keys, and the first start."""

import hashlib
import re
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from builders import Registry, make_key, make_member, make_user
from sqlalchemy import select

from promptuary.model.access import Role, Scope
from promptuary.model.errors import (
    EmailTaken,
    InvalidValue,
    KeyNotFound,
    LastAdmin,
    MemberNotFound,
    ProjectNotFound,
    TooManyMembers,
    UserNotFound,
)
from promptuary.registry import access, bootstrap
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store import tables
from promptuary.store.engine.database import Database, Transaction

Act = Callable[[Transaction], object]


def test_an_address_is_kept_in_lower_case_and_found_however_it_is_written(database: Database) -> None:
    with database.write() as tx:
        user = users.create_user(tx, email=" Editor@Example.COM ", first_name=" Ed ", last_name="Ítor")
        assert (user.email, user.first_name, user.last_name) == ("editor@example.com", "Ed", "Ítor")
        assert users.get_user(tx, "EDITOR@example.com ") == user
        assert (user.is_active, user.has_password, user.current_project_id) == (True, False, None)
        with pytest.raises(EmailTaken, match=r"'editor@example\.com' already exists"):
            users.create_user(tx, email="EDITOR@EXAMPLE.COM")
        assert users.list_users(tx, limit=10) == [user]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"email": ""}, "blank", "email"),
        ({"email": "nobody"}, "invalid_input", "email"),
        ({"email": "a@b c"}, "invalid_input", "email"),
        ({"email": "a@b@c"}, "invalid_input", "email"),
        ({"email": "a\0@b"}, "null_characters_not_allowed", "email"),
        ({"email": "a" * 250 + "@b.de"}, "max_length", "email"),
        ({"email": "a@b", "first_name": "x" * 151}, "max_length", "first_name"),
        ({"email": "a@b", "last_name": "\0"}, "null_characters_not_allowed", "last_name"),
        ({"email": "a@b", "password": "short"}, "invalid_password", "password"),
        ({"email": "a@b", "password": "x" * 1025}, "invalid_password", "password"),
    ],
)
def test_an_account_with_an_impossible_field_is_refused(database: Database, fields: dict[str, str], code: str, field: str) -> None:
    with database.write() as tx:
        with pytest.raises(InvalidValue) as refused:
            users.create_user(tx, **fields)  # type: ignore[arg-type]  # names of texts
        assert (refused.value.code, refused.value.field) == (code, field)
        assert users.list_users(tx, limit=10) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("costly_passwords")
def test_a_password_is_stored_as_an_argon2_hash_that_verifies(database: Database) -> None:
    with database.write() as tx:
        users.create_user(tx, email="a@example.com", password="first password")
        users.set_password(tx, email="a@example.com", password="second password")
        stored = tx.connection.execute(select(tables.users.c.password_hash)).scalar_one()
        assert users.get_user(tx, "a@example.com").has_password
    assert stored.startswith("$argon2id$")
    assert PasswordHasher().verify(stored, "second password")


def test_a_disabled_user_has_no_usable_key_but_keeps_the_account_and_may_be_enabled_again(registry: Registry) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        assert access.find_key(tx, key.value) == key.key
        assert users.disable_user(tx, email=registry.user.email).is_active is False
        assert access.find_key(tx, key.value) is None
        assert users.disable_user(tx, email=registry.user.email).is_active is False
        assert users.get_user(tx, registry.user.email).id == registry.user.id
        with pytest.raises(InvalidValue, match="is disabled"):
            make_key(tx, registry.user)
        assert users.enable_user(tx, email=registry.user.email.upper()).is_active is True
        assert access.find_key(tx, key.value) == key.key
        assert users.enable_user(tx, email=registry.user.email).is_active is True


def test_a_project_gets_a_token_and_the_old_one_is_unknown_after_a_rotation(database: Database) -> None:
    with database.write() as tx:
        first = projects.create_project(tx, name=" First ")
        second = projects.create_project(tx, name="Second")
        rotated = projects.rotate_token(tx, first.id)
        assert (first.name, rotated.name, rotated.id) == ("First", "First", first.id)
        assert all(re.fullmatch(r"phc_[\w-]{43}", project.api_token) for project in (first, second, rotated))
        assert len({first.api_token, second.api_token, rotated.api_token}) == 3
        assert projects.list_projects(tx, limit=10) == [rotated, second]
        assert projects.list_projects(tx, limit=1) == [rotated]


def test_a_users_first_project_is_the_current_one_until_they_leave_it(database: Database) -> None:
    with database.write() as tx:
        user = make_user(tx)
        ids = [projects.create_project(tx, name=name).id for name in ("a", "b", "c")]
        for project_id in (ids[1], ids[0], ids[2]):
            members.set_member(tx, project_id=project_id, email=user.email, role=Role.VIEWER)
        assert users.get_user(tx, user.email).current_project_id == ids[1]
        members.remove_member(tx, project_id=ids[2], email=user.email)
        assert users.get_user(tx, user.email).current_project_id == ids[1]
        members.remove_member(tx, project_id=ids[1], email=user.email)
        assert users.get_user(tx, user.email).current_project_id == ids[0]
        members.remove_member(tx, project_id=ids[0], email=user.email)
        assert users.get_user(tx, user.email).current_project_id is None


def test_a_role_is_replaced_and_members_are_listed_by_user(registry: Registry) -> None:
    project_id = registry.project.id
    with registry.database.write() as tx:
        viewer = make_member(tx, registry.project, role=Role.VIEWER)
        changed = members.set_member(tx, project_id=project_id, email=registry.user.email, role=Role.ADMIN)
        assert changed.role is Role.ADMIN
        assert [(member.user_id, member.role) for member in members.list_members(tx, project_id, limit=10)] == [
            (registry.user.id, Role.ADMIN),
            (viewer.id, Role.VIEWER),
        ]


def test_the_last_active_admin_of_a_project_stays(registry: Registry) -> None:
    project_id = registry.project.id
    with registry.database.write() as tx:
        admin = make_member(tx, registry.project, role=Role.ADMIN).email
        asleep = make_member(tx, registry.project, role=Role.ADMIN).email
        users.disable_user(tx, email=asleep)
        with pytest.raises(LastAdmin):
            members.remove_member(tx, project_id=project_id, email=admin)
        with pytest.raises(LastAdmin):
            members.set_member(tx, project_id=project_id, email=admin, role=Role.EDITOR)
        with pytest.raises(LastAdmin):
            users.disable_user(tx, email=admin)
        members.set_member(tx, project_id=project_id, email=admin, role=Role.ADMIN)
        members.set_member(tx, project_id=project_id, email=registry.user.email, role=Role.ADMIN)
        members.remove_member(tx, project_id=project_id, email=admin)
        with pytest.raises(LastAdmin):
            users.disable_user(tx, email=registry.user.email)


def test_a_project_has_no_more_members_than_lists_show(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 2)
    with registry.database.write() as tx:
        second = make_member(tx, registry.project)
        third = make_user(tx)
        with pytest.raises(TooManyMembers, match="reached the maximum of 2 members"):
            members.set_member(tx, project_id=registry.project.id, email=third.email, role=Role.VIEWER)
        members.set_member(tx, project_id=registry.project.id, email=second.email, role=Role.ADMIN)
        members.remove_member(tx, project_id=registry.project.id, email=registry.user.email)
        members.set_member(tx, project_id=registry.project.id, email=third.email, role=Role.VIEWER)


def test_a_key_is_shown_once_and_stored_as_a_hash(registry: Registry) -> None:
    with registry.database.write() as tx:
        new = keys.create_key(tx, email=registry.user.email, label=" My key ", scopes=[Scope.READ])
        stored = tx.connection.execute(select(tables.keys)).mappings().one()
        assert access.find_key(tx, new.value) == new.key == keys.list_keys(tx, limit=10)[0]
        assert access.find_key(tx, new.value[:-1]) is None
        assert access.find_key(tx, "\ud800") is None
    assert re.fullmatch(r"phx_[\w-]{43}", new.value)
    assert stored["value_hash"] == hashlib.sha256(new.value.encode()).hexdigest()
    assert new.value not in repr(dict(stored))
    assert (new.key.label, new.key.mask) == ("My key", f"{new.value[:8]}...{new.value[-4:]}")
    assert (new.key.project_ids, new.key.last_used_at, new.key.revoked_at) == (None, None, None)


def test_a_revoked_key_is_refused_from_now_on(registry: Registry) -> None:
    with registry.database.write() as tx:
        key, other = make_key(tx, registry.user), make_key(tx, registry.user)
        revoked = keys.revoke_key(tx, key.key.id)
        assert revoked.revoked_at is not None
        assert keys.revoke_key(tx, key.key.id) == revoked
        assert access.find_key(tx, key.value) is None
        assert access.find_key(tx, other.value) == other.key


def test_keys_are_listed_of_one_user_or_of_all(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = make_user(tx)
        own, foreign = make_key(tx, registry.user).key, make_key(tx, other).key
        assert keys.list_keys(tx, email=other.email, limit=10) == [foreign]
        assert {key.id for key in keys.list_keys(tx, limit=10)} == {own.id, foreign.id}
        assert len(keys.list_keys(tx, limit=1)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda tx: users.get_user(tx, "nobody@example.com"), UserNotFound),
        (lambda tx: users.disable_user(tx, email="nobody@example.com"), UserNotFound),
        (lambda tx: users.enable_user(tx, email="nobody@example.com"), UserNotFound),
        (lambda tx: users.set_password(tx, email="nobody@example.com", password="long enough"), UserNotFound),
        (lambda tx: projects.create_project(tx, name=" "), InvalidValue),
        (lambda tx: projects.create_project(tx, name="x" * 151), InvalidValue),
        (lambda tx: projects.rotate_token(tx, 99), ProjectNotFound),
        (lambda tx: projects.get_project(tx, 2**70), ProjectNotFound),
        (lambda tx: members.list_members(tx, 99, limit=1), ProjectNotFound),
        (lambda tx: members.set_member(tx, project_id=99, email="a@example.com", role=Role.VIEWER), ProjectNotFound),
        (lambda tx: members.set_member(tx, project_id=1, email="nobody@example.com", role=Role.VIEWER), UserNotFound),
        (lambda tx: members.remove_member(tx, project_id=1, email="nobody@example.com"), UserNotFound),
        (lambda tx: members.remove_member(tx, project_id=1, email=make_user(tx).email), MemberNotFound),
        (lambda tx: keys.create_key(tx, email="nobody@example.com", label="x", scopes=[Scope.ALL]), UserNotFound),
        (lambda tx: keys.create_key(tx, email=make_user(tx).email, label=" ", scopes=[Scope.ALL]), InvalidValue),
        (lambda tx: keys.create_key(tx, email=make_user(tx).email, label="x", scopes=[]), InvalidValue),
        (lambda tx: make_key(tx, make_user(tx), project_ids=[99]), ProjectNotFound),
        (lambda tx: keys.revoke_key(tx, "missing"), KeyNotFound),
        (lambda tx: keys.list_keys(tx, email="nobody@example.com", limit=1), UserNotFound),
    ],
)
def test_what_does_not_exist_or_makes_no_sense_is_refused(registry: Registry, act: Act, error: type[Exception]) -> None:
    with registry.database.write() as tx, pytest.raises(error):
        act(tx)


def test_an_empty_database_gets_a_project_an_owner_and_a_key_that_works(database: Database) -> None:
    with database.write() as tx:
        first = bootstrap.prepare(tx)
        assert first is not None
        assert (first.project.id, first.project.name, first.owner.email) == (1, "Default project", "owner@localhost")
        key = access.find_key(tx, first.api_key)
        assert key is not None
        assert key.scopes == {Scope.ALL}
        assert [member.role for member in members.list_members(tx, 1, limit=10)] == [Role.ADMIN]
        assert users.get_user(tx, "owner@localhost").current_project_id == 1
        assert bootstrap.prepare(tx) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", [make_user, lambda tx: projects.create_project(tx, name="Own")])
def test_a_database_with_a_project_or_a_user_is_left_as_it_is(database: Database, act: Act) -> None:
    with database.write() as tx:
        act(tx)
        assert bootstrap.prepare(tx) is None
