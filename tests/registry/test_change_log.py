"""What the change log says of every verb, and what it never says."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from builders import Registry, make_key, make_user
from sqlalchemy import select

from promptuary.model.access import Role, Scope
from promptuary.model.changes import Change, ChangeKind
from promptuary.model.changes.payloads import Unreadable
from promptuary.model.changes.stored_facts import Sides
from promptuary.registry import archived, labels, prompts
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store import changes, tables
from promptuary.store.engine.database import Transaction

SECRET = "Zebra-crossing-4711"


def told_by(registry: Registry, act: Callable[[Transaction], object]) -> list[Change]:
    """Do something and return what the log says of it."""
    with registry.database.write() as tx:
        last = changes.last_sequence(tx)
        act(tx)
    with registry.database.read() as tx:
        return changes.list_changes(tx, after=last, limit=100)


def outline(told: list[Change]) -> list[tuple[str, object, object]]:
    return [(change.kind, *stored_form(change)) for change in told]


def stored_form(change: Change) -> Sides:
    assert not isinstance(change.payload, Unreadable)
    return change.payload.to_json()


def test_every_verb_of_prompts_and_labels_tells_who_did_what_to_which_prompt(registry: Registry) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user).key
    actor = replace(registry.actor, key_id=key.id, request_id="request-1")
    create = told_by(registry, lambda tx: prompts.create_prompt(tx, actor, name="a", prompt=SECRET, config={"s": SECRET}))
    publish = told_by(
        registry,
        lambda tx: prompts.publish_version(tx, actor, name="a", base_version=1, prompt=SECRET * 2, description="Note"),
    )
    clear = told_by(registry, lambda tx: prompts.publish_version(tx, actor, name="a", base_version=2, config=None))
    label = told_by(registry, lambda tx: labels.move_label(tx, actor, name="a", label="production", version=1))
    again = told_by(registry, lambda tx: labels.move_label(tx, actor, name="a", label="production", version=1))
    move = told_by(registry, lambda tx: labels.move_label(tx, actor, name="a", label="production", version=3))
    duplicate = told_by(registry, lambda tx: prompts.duplicate_prompt(tx, actor, name="a", new_name="b"))
    unlabel = told_by(registry, lambda tx: labels.remove_label(tx, actor, name="a", label="production"))
    relabel = told_by(registry, lambda tx: labels.move_label(tx, actor, name="a", label="v1", version=2))
    archive = told_by(registry, lambda tx: prompts.archive_prompt(tx, actor, name="a"))
    restore = told_by(registry, lambda tx: archived.restore_prompt(tx, actor, name="a"))
    assert outline(create) == [("prompt.created", None, {"version": 1, "description": None, "has_config": True})]
    after_publish = {"version": 2, "description": "Note", "has_config": True, "config_changed": False}
    assert outline(publish) == [("prompt.published", {"version": 1}, after_publish)]
    after_clear = {"version": 3, "description": None, "has_config": False, "config_changed": True}
    assert outline(clear) == [("prompt.published", {"version": 2}, after_clear)]
    assert outline(label) == [("label.created", None, {"label": "production", "version": 1})]
    assert again == []
    assert outline(move) == [
        ("label.moved", {"label": "production", "version": 1}, {"label": "production", "version": 3}),
    ]
    origin = {"version": 1, "description": None, "has_config": False, "duplicated_from": "a", "source_version": 3}
    assert outline(duplicate) == [("prompt.created", None, origin), ("prompt.duplicated", None, {"duplicated_to": "b"})]
    assert [change.prompt_name for change in duplicate] == ["b", "a"]
    assert outline(unlabel) == [("label.removed", {"label": "production", "version": 3}, None)]
    assert outline(archive) == [("prompt.archived", {"version": 3, "version_count": 3, "labels": {"v1": 2}}, None)]
    assert outline(restore) == [("prompt.restored", None, {"version": 3, "version_count": 3})]
    everything = [*create, *publish, *clear, *label, *move, *duplicate, *unlabel, *relabel, *archive, *restore]
    assert {(change.by.user_id, change.by.key_id, change.by.request_id, change.project_id) for change in everything} == {
        (registry.user.id, key.id, "request-1", registry.project.id)
    }
    assert len({change.prompt_id for change in everything if change.prompt_name == "a"}) == 1
    assert [change.sequence for change in everything] == sorted(change.sequence for change in everything)
    assert SECRET not in repr(everything)


def test_every_administrative_verb_tells_what_changed(registry: Registry) -> None:
    project_id = registry.project.id
    with registry.database.write() as tx:
        user = make_user(tx, email="new@example.com")
        key = make_key(tx, user, Scope.WRITE, Scope.READ).key
    member = {"user_id": user.id, "email": user.email}
    told_key = {"key_id": key.id, "user_id": user.id, "label": "test", "scopes": ["llm_prompt:read", "llm_prompt:write"]}
    told = told_by(registry, lambda tx: members.set_member(tx, project_id=project_id, email=user.email, role=Role.VIEWER))
    told += told_by(registry, lambda tx: members.set_member(tx, project_id=project_id, email=user.email, role=Role.EDITOR))
    told += told_by(registry, lambda tx: members.remove_member(tx, project_id=project_id, email=user.email))
    told += told_by(registry, lambda tx: users.set_password(tx, email=user.email, password=SECRET))
    told += told_by(registry, lambda tx: keys.revoke_key(tx, key.id))
    told += told_by(registry, lambda tx: keys.revoke_key(tx, key.id))
    told += told_by(registry, lambda tx: users.disable_user(tx, email=user.email))
    told += told_by(registry, lambda tx: users.disable_user(tx, email=user.email))
    told += told_by(registry, lambda tx: users.enable_user(tx, email=user.email))
    told += told_by(registry, lambda tx: users.enable_user(tx, email=user.email))
    told += told_by(registry, lambda tx: projects.rotate_token(tx, project_id))
    assert [(*line, change.project_id) for line, change in zip(outline(told), told, strict=True)] == [
        ("member.set", None, member | {"role": "viewer"}, project_id),
        ("member.set", member | {"role": "viewer"}, member | {"role": "editor"}, project_id),
        ("member.removed", member | {"role": "editor"}, None, project_id),
        ("user.password_set", None, {"user_id": user.id}, None),
        ("key.revoked", told_key, None, None),
        ("user.disabled", None, member, None),
        ("user.enabled", None, member, None),
        ("project.token_rotated", None, None, project_id),
    ]
    created = told_by(registry, lambda tx: make_key(tx, registry.user, Scope.ALL))
    created += told_by(registry, lambda tx: projects.create_project(tx, name="Second"))
    created += told_by(registry, lambda tx: make_user(tx, email="last@example.com"))
    assert [change.kind for change in created] == [
        ChangeKind.KEY_CREATED,
        ChangeKind.PROJECT_CREATED,
        ChangeKind.USER_CREATED,
    ]


def test_the_log_never_holds_content_keys_passwords_or_tokens(registry: Registry) -> None:
    actor = registry.actor
    with registry.database.write() as tx:
        new_key = make_key(tx, registry.user)
        users.create_user(tx, email="new@example.com", password=SECRET)
        users.set_password(tx, email="new@example.com", password=SECRET * 2)
        token = projects.rotate_token(tx, registry.project.id).api_token
        prompts.create_prompt(tx, actor, name="a", prompt=SECRET, config={"key": SECRET})
        prompts.publish_version(tx, actor, name="a", base_version=1, prompt={"text": SECRET})
        prompts.duplicate_prompt(tx, actor, name="a", new_name="b")
        prompts.archive_prompt(tx, actor, name="a")
        keys.revoke_key(tx, new_key.key.id)
    with registry.database.read() as tx:
        rows = tx.connection.execute(select(tables.changes.c.before, tables.changes.c.after)).all()
        log = json.dumps([*map(tuple, rows)])
    assert all(secret not in log for secret in (SECRET, new_key.value, token, registry.project.api_token, "argon2"))


def test_the_log_is_read_behind_a_sequence_for_one_project_or_for_all(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = projects.create_project(tx, name="Other")
        everything = changes.list_changes(tx, limit=100)
        assert [change.project_id for change in changes.list_changes(tx, limit=100, project_id=other.id)] == [other.id]
        assert changes.list_changes(tx, after=everything[1].sequence, limit=2) == everything[2:4]
        assert changes.list_changes(tx, after=changes.last_sequence(tx), limit=2) == []


@pytest.mark.parametrize("kind", ChangeKind)
def test_a_kind_of_change_fits_its_column(kind: ChangeKind) -> None:
    assert len(kind.value) <= 40
