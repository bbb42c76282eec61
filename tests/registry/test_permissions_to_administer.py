"""Who may administer what: every verb of `administration`, by role and by scope."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from uuid import uuid4

import pytest
from builders import Registry, make_actor, make_key, make_user

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.errors import (
    BeyondOwnKey,
    EmailTaken,
    InvalidValue,
    KeyNotFound,
    LinkEnded,
    MemberNotFound,
    MissingScope,
    PermissionDenied,
    RoleTooLow,
)
from promptuary.registry import administration, own_keys, sign_in_links
from promptuary.registry.access import Caller
from promptuary.registry.operator import members, projects, users
from promptuary.store import changes
from promptuary.store.engine.database import Transaction

EMAIL = "somebody@example.com"
NEWCOMER = "newcomer@example.com"


def id_of(tx: Transaction) -> int:
    return users.get_user(tx, EMAIL).id


VERBS: dict[str, Callable[[Transaction, Actor], object]] = {
    "rename": lambda tx, actor: administration.rename_project(tx, actor, name="Renamed"),
    "rotate token": administration.rotate_token,
    "set member": lambda tx, actor: administration.set_member(tx, actor, email=EMAIL, role=Role.VIEWER),
    "invite member": lambda tx, actor: administration.invite_member(tx, actor, email=f"{uuid4()}@example.com", role=Role.VIEWER),
    "add member": lambda tx, actor: administration.add_member(tx, actor, email=NEWCOMER, role=Role.VIEWER),
    "change role": lambda tx, actor: administration.change_role(tx, actor, user_id=id_of(tx), role=Role.VIEWER),
    "remove member": lambda tx, actor: administration.remove_member(tx, actor, user_id=id_of(tx)),
}
OF_PROJECTS = {"rename", "rotate token"}


@pytest.fixture
def filled(registry: Registry) -> Registry:
    with registry.database.write() as tx:
        make_user(tx, email=EMAIL)
        make_user(tx, email=NEWCOMER)
        members.set_member(tx, project_id=registry.project.id, email=EMAIL, role=Role.EDITOR)
    return registry


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("verb", VERBS)
def test_only_admins_with_the_scope_of_it_administer_a_project(filled: Registry, verb: str) -> None:
    sufficient = {Scope.ALL, Scope.PROJECTS if verb in OF_PROJECTS else Scope.MEMBERS}
    for role, scope in product(Role, Scope):
        if role is Role.ADMIN and scope in sufficient:
            continue
        actor = replace(make_actor(filled.project, filled.user, role=role), scopes=frozenset({scope}))
        expected: type[PermissionDenied] = RoleTooLow if scope in sufficient else MissingScope
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
        if verb == "add member":
            members.remove_member(tx, project_id=filled.project.id, email=NEWCOMER)
        VERBS[verb](tx, operator(filled.project.id))
        [*_, last] = changes.list_changes(tx, limit=1000)
        assert (last.project_id, last.by.user_id, last.by.request_id) == (filled.project.id, None, None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_member_sees_who_is_a_member(filled: Registry) -> None:
    with filled.database.read() as tx:
        for role in Role:
            found = administration.list_members(tx, make_actor(filled.project, filled.user, role=role))
            assert {member.email for member in found} == {filled.user.email, EMAIL}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_members_and_keys_are_listed_with_the_scope_that_manages_them_and_a_project_with_any(filled: Registry) -> None:
    with filled.database.read() as tx:
        for scope in Scope:
            actor = replace(make_actor(filled.project, filled.user, role=Role.VIEWER), scopes=frozenset({scope}))
            caller = Caller(filled.user.id, frozenset({scope}))
            assert administration.read_project(tx, actor) == filled.project
            assert administration.list_projects_within_reach(tx, caller)[0].project == filled.project
            refused: set[str] = set()
            for name, verb in (
                ("members", lambda actor=actor: administration.list_members(tx, actor)),
                ("member", lambda actor=actor: administration.get_member(tx, actor, user_id=filled.user.id)),
                ("keys", lambda caller=caller: own_keys.list_own_keys(tx, caller)),
            ):
                try:
                    verb()
                except MissingScope:
                    refused.add(name)
            expected = {Scope.ALL: set(), Scope.MEMBERS: {"keys"}, Scope.KEYS: {"members", "member"}}
            assert refused == expected.get(scope, {"members", "member", "keys"})
        nobody = replace(make_actor(filled.project, filled.user), scopes=frozenset())
        with pytest.raises(MissingScope):
            administration.read_project(tx, nobody)


def test_projects_are_founded_by_admins_of_others(filled: Registry) -> None:
    founder = Caller(filled.user.id)
    with filled.database.write() as tx:
        with pytest.raises(RoleTooLow):
            administration.create_own_project(tx, founder, name="Shop")
        members.set_member(tx, project_id=filled.project.id, email=filled.user.email, role=Role.ADMIN)
        for scope in set(Scope) - {Scope.ALL, Scope.PROJECTS}:
            with pytest.raises(MissingScope):
                administration.create_own_project(tx, replace(founder, scopes=frozenset({scope})), name="Shop")
        with pytest.raises(BeyondOwnKey):
            administration.create_own_project(tx, replace(founder, project_ids=frozenset({filled.project.id})), name="Shop")
        project = administration.create_own_project(tx, founder, name="Shop").project
        [member] = members.list_members(tx, project.id, limit=10)
    assert (member.user_id, member.role) == (filled.user.id, Role.ADMIN)


def test_people_make_and_revoke_their_own_keys_only(filled: Registry) -> None:
    caller = Caller(filled.user.id)
    with filled.database.write() as tx:
        other = make_key(tx, make_user(tx))
        with pytest.raises(KeyNotFound):
            own_keys.revoke_own_key(tx, caller, other.key.id)
        with pytest.raises(InvalidValue):
            own_keys.create_own_key(tx, caller, label="x", scopes=[Scope.READ], project_ids=[99])
        new = own_keys.create_own_key(tx, caller, label="x", scopes=[Scope.READ])
        assert new.key.project_ids is None
        assert own_keys.list_own_keys(tx, caller) == [new.key]
        assert own_keys.revoke_own_key(tx, caller, new.key.id).revoked_at is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scope", Scope)
def test_a_key_makes_and_revokes_no_key_that_may_more_than_itself(filled: Registry, scope: Scope) -> None:
    mine = filled.project.id
    with filled.database.write() as tx:
        other = projects.create_project(tx, name="Other").id
        members.set_member(tx, project_id=other, email=filled.user.email, role=Role.ADMIN)
        held = {Scope.KEYS, scope}
        maker = make_key(tx, filled.user, *held, project_ids=[mine]).key
        caller = Caller(filled.user.id, maker.scopes, maker.project_ids, maker.id)
        included = {Scope.WRITE: {Scope.READ}, Scope.RELEASE: {Scope.READ}, Scope.ALL: set(Scope)}.get(scope, set()) | held
        for wanted, projects_of_it in product(Scope, ([], [mine], [other], [mine, other])):
            is_within = wanted in included and other not in projects_of_it
            victim = make_key(tx, filled.user, wanted, project_ids=projects_of_it).key
            if is_within:
                made = own_keys.create_own_key(tx, caller, label="x", scopes=[wanted], project_ids=projects_of_it)
                assert made.key.project_ids == frozenset({mine})
            else:
                with pytest.raises(BeyondOwnKey):
                    own_keys.create_own_key(tx, caller, label="x", scopes=[wanted], project_ids=projects_of_it)
            if is_within and projects_of_it:
                assert own_keys.revoke_own_key(tx, caller, victim.id).revoked_at is not None
            else:
                with pytest.raises(BeyondOwnKey):
                    own_keys.revoke_own_key(tx, caller, victim.id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_manages_none_reads_and_revokes_itself_alone(filled: Registry) -> None:
    with filled.database.write() as tx:
        own, other = (make_key(tx, filled.user, Scope.READ).key for _ in range(2))
        caller = Caller(filled.user.id, own.scopes, own.project_ids, own.id)
        for verb in (own_keys.get_own_key, own_keys.revoke_own_key):
            with pytest.raises(MissingScope):
                verb(tx, caller, other.id)
            assert verb(tx, caller, "@current").id == own.id
        assert own_keys.get_own_key(tx, caller, own.id).revoked_at is not None
        with pytest.raises(MissingScope):
            own_keys.create_own_key(tx, caller, label="x", scopes=[Scope.READ])
        with pytest.raises(KeyNotFound):
            own_keys.revoke_own_key(tx, Caller(filled.user.id), "@current")


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


def test_every_key_that_works_is_listed_however_many_there_were(filled: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_keys, "MAX_USABLE_KEYS", 3)
    monkeypatch.setattr(own_keys, "MAX_KEYS", 4)
    caller = Caller(filled.user.id)

    def create(tx: Transaction) -> str:
        return own_keys.create_own_key(tx, caller, label="any", scopes=[Scope.READ]).key.id

    with filled.database.write() as tx:
        hidden = create(tx)
        for _ in range(6):
            own_keys.revoke_own_key(tx, caller, create(tx))
        others = {create(tx), create(tx)}
        with pytest.raises(InvalidValue, match="You have 3 keys, which is the limit"):
            create(tx)
        listed = own_keys.list_own_keys(tx, caller)
    assert {key.id for key in listed if key.revoked_at is None} == {hidden, *others}
    assert len(listed) == 4
