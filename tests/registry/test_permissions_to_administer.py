"""Who may administer what: every verb of `administration`, by role and by scope."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from uuid import uuid4

import pytest
from builders import Registry, make_actor, make_key, make_user

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.changes import Attribution
from promptuary.model.errors import (
    EmailTaken,
    InvalidValue,
    KeyNotFound,
    LinkEnded,
    MemberNotFound,
    MissingScope,
    PermissionDenied,
    RoleTooLow,
)
from promptuary.registry import administration, sign_in_links
from promptuary.registry.operator import members, projects, users
from promptuary.store import changes
from promptuary.store.engine.database import Transaction

EMAIL = "somebody@example.com"
VERBS: dict[str, Callable[[Transaction, Actor], object]] = {
    "rename": lambda tx, actor: administration.rename_project(tx, actor, name="Renamed"),
    "rotate token": administration.rotate_token,
    "set member": lambda tx, actor: administration.set_member(tx, actor, email=EMAIL, role=Role.VIEWER),
    "invite member": lambda tx, actor: administration.invite_member(tx, actor, email=f"{uuid4()}@example.com", role=Role.VIEWER),
    "remove member": lambda tx, actor: administration.remove_member(tx, actor, email=EMAIL),
}


@pytest.fixture
def filled(registry: Registry) -> Registry:
    with registry.database.write() as tx:
        make_user(tx, email=EMAIL)
        members.set_member(tx, project_id=registry.project.id, email=EMAIL, role=Role.EDITOR)
    return registry


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", VERBS)
def test_only_admins_with_every_scope_administer_a_project(filled: Registry, verb: str) -> None:
    for role, scope in product(Role, Scope):
        if (role, scope) == (Role.ADMIN, Scope.ALL):
            continue
        actor = replace(make_actor(filled.project, filled.user, role=role), scopes=frozenset({scope}))
        expected: type[PermissionDenied] = RoleTooLow if scope is Scope.ALL else MissingScope
        with filled.database.write() as tx:
            before = changes.last_sequence(tx)
            with pytest.raises(expected):
                VERBS[verb](tx, actor)
            assert changes.last_sequence(tx) == before


@pytest.mark.parametrize("verb", VERBS)
def test_the_change_log_tells_which_admin_it_was_or_that_it_was_the_operator(filled: Registry, verb: str) -> None:
    admin = replace(make_actor(filled.project, filled.user, role=Role.ADMIN), request_id="request")
    with filled.database.write() as tx:
        VERBS[verb](tx, admin)
        [*_, last] = changes.list_changes(tx, limit=1000)
        assert (last.project_id, last.by.user_id, last.by.request_id) == (filled.project.id, filled.user.id, "request")
        if verb == "remove member":
            members.set_member(tx, project_id=filled.project.id, email=EMAIL, role=Role.EDITOR)
        VERBS[verb](tx, operator(filled.project.id))
        [*_, last] = changes.list_changes(tx, limit=1000)
        assert (last.project_id, last.by.user_id, last.by.request_id) == (filled.project.id, None, None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_member_sees_who_is_a_member(filled: Registry) -> None:
    with filled.database.read() as tx:
        for role in Role:
            found = administration.list_members(tx, make_actor(filled.project, filled.user, role=role))
            assert {member.email for member in found} == {filled.user.email, EMAIL}


def test_projects_are_founded_by_admins_of_others(filled: Registry) -> None:
    by = Attribution(filled.user.id)
    with filled.database.write() as tx:
        with pytest.raises(RoleTooLow):
            administration.create_own_project(tx, filled.user, name="Shop", by=by)
        members.set_member(tx, project_id=filled.project.id, email=filled.user.email, role=Role.ADMIN)
        project = administration.create_own_project(tx, filled.user, name="Shop", by=by)
        [member] = members.list_members(tx, project.id, limit=10)
    assert (member.user_id, member.role) == (filled.user.id, Role.ADMIN)


def test_people_make_and_revoke_their_own_keys_only(filled: Registry) -> None:
    by = Attribution(filled.user.id)
    with filled.database.write() as tx:
        other = make_key(tx, make_user(tx))
        with pytest.raises(KeyNotFound):
            administration.revoke_own_key(tx, filled.user, other.key.id, by=by)
        with pytest.raises(InvalidValue):
            administration.create_own_key(tx, filled.user, label="x", scopes=[Scope.READ], project_ids=[99], by=by)
        new = administration.create_own_key(tx, filled.user, label="x", scopes=[Scope.READ], project_ids=[], by=by)
        assert new.key.project_ids is None
        assert administration.list_own_keys(tx, filled.user) == [new.key]
        assert administration.revoke_own_key(tx, filled.user, new.key.id, by=by).revoked_at is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_link_ends_the_one_before_and_only_admins_make_it(filled: Registry) -> None:
    admin = make_actor(filled.project, filled.user, role=Role.ADMIN)
    with filled.database.write() as tx:
        members.set_member(tx, project_id=filled.project.id, email=filled.user.email, role=Role.ADMIN)
        first = administration.invite_member(tx, admin, email="guest@example.com", role=Role.VIEWER)
        second = administration.renew_invitation(tx, admin, email="Guest@example.com")
        with pytest.raises(LinkEnded):
            sign_in_links.get_link(tx, first.link)
        assert sign_in_links.get_link(tx, second.link).user.id == second.member.user_id
        for role in (Role.VIEWER, Role.EDITOR):
            with pytest.raises(RoleTooLow):
                administration.renew_invitation(tx, make_actor(filled.project, filled.user, role=role), email="guest@example.com")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("use", ["password", "key", "other project"])
def test_no_admin_makes_a_link_that_opens_more_than_they_manage(filled: Registry, use: str) -> None:
    admin = make_actor(filled.project, filled.user, role=Role.ADMIN)
    with filled.database.write() as tx:
        guest = administration.invite_member(tx, admin, email="guest@example.com", role=Role.VIEWER)
        if use == "password":
            users.set_password(tx, email=guest.member.email, password="correct horse battery")
        elif use == "key":
            make_key(tx, users.get_user(tx, guest.member.email))
        else:
            other = projects.create_project(tx, name="Other")
            members.set_member(tx, project_id=other.id, email=guest.member.email, role=Role.VIEWER)
        with pytest.raises(InvalidValue):
            administration.renew_invitation(tx, admin, email=guest.member.email)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_is_invited_who_has_an_account_and_no_link_is_for_strangers(filled: Registry) -> None:
    admin = make_actor(filled.project, filled.user, role=Role.ADMIN)
    with filled.database.write() as tx:
        with pytest.raises(EmailTaken):
            administration.invite_member(tx, admin, email=EMAIL.upper(), role=Role.VIEWER)
        stranger = make_user(tx)
        with pytest.raises(MemberNotFound):
            administration.renew_invitation(tx, admin, email=stranger.email)
