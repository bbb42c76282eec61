"""Exporting and importing as verbs: what goes out comes in elsewhere, and nothing that is there changes."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import Registry, make_actor, make_registry, writing_in_turn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import NASTY_VALUES, fill, fill_with_many, json_values

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.accounts import Profile, recorded_author
from promptuary.model.changes import ChangeKind
from promptuary.model.changes.payloads import PromptImported
from promptuary.model.errors import HistoryConflict, InvalidLine, MissingScope, RoleTooLow
from promptuary.model.prompts import LabelPointer
from promptuary.model.transfer import read_line, read_timestamp
from promptuary.registry import administration, exports, imports, labels, prompts
from promptuary.registry.operator import members, projects, users
from promptuary.store import changes, integrity_checks
from promptuary.store import labels as stored_labels
from promptuary.store.engine.database import Database


def _export(database: Database, project_id: int) -> list[bytes]:
    """Export batch by batch, as clients do; return the lines, those that come again left out."""
    cursor = None
    lines: list[bytes] = []
    while True:
        with database.read() as tx:
            head, *batch = exports.export_batch(tx, operator(project_id), cursor).encode().splitlines()
        while lines and cursor is not None and json.loads(lines[-1])["type"] == "label":
            lines.pop()
        lines += batch[1:] if cursor is not None else batch
        if json.loads(head)["is_last"]:
            return lines
        read = [json.loads(line) for line in lines]
        prompt = [line for line in read if line["type"] == "prompt"][-1]
        version = [line for line in read if line["type"] == "version"][-1]
        cursor = exports.Cursor(prompt["name"], read_timestamp(prompt["created_at"], "created_at"), version["version"] + 1)


def _import(database: Database, project_id: int, lines: list[bytes], **options: Any) -> imports.Imported:
    read = [read_line(line, number) for number, line in enumerate(lines, start=1)]
    with database.write() as tx:
        return imports.import_batch(tx, operator(project_id), read, **options)


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path) -> Iterator[Registry]:
    """Another database, in which nobody of the first one has an account."""
    path = tmp_path / "elsewhere.db"
    shutil.copy(sqlite_template, path)
    database = Database.open(f"sqlite:///{path}")
    yield make_registry(database)
    database.close()


def _other_project(registry: Registry) -> int:
    with registry.database.write() as tx:
        return projects.create_project(tx, name="Other").id


def test_a_project_that_was_exported_and_imported_is_exported_alike(registry: Registry) -> None:
    fill(registry.database, registry.project, NASTY_VALUES, user=registry.user)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    imported = _import(registry.database, other, exported)
    assert _export(registry.database, other) == exported
    assert (imported.prompts_created, imported.versions_added) == (5, len(NASTY_VALUES) + 5)
    with registry.database.read() as tx:
        assert integrity_checks.list_problems(tx) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(json_values, min_size=1, max_size=4))
def test_any_values_come_back_alike(sqlite_registry: Registry, values: list[object]) -> None:
    database = sqlite_registry.database
    with database.write() as tx:
        source = projects.create_project(tx, name="Source")
        other = projects.create_project(tx, name="Other")
        for number, value in enumerate(values):
            prompts.create_prompt(tx, operator(source.id), name=f"p{number}", prompt=value, config={"value": value})
    exported = _export(database, source.id)
    _import(database, other.id, exported)
    assert _export(database, other.id) == exported


def test_batches_of_bounded_size_are_the_whole(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=7, versions=4)
    whole = _export(registry.database, registry.project.id)
    assert len(whole) == 7 * 6
    for most in (1, 2, 3, 4, 5, 9):
        monkeypatch.setattr(exports, "MAX_VERSIONS_A_BATCH", most)
        assert _export(registry.database, registry.project.id) == whole
    monkeypatch.setattr(exports, "MAX_BYTES_A_BATCH", 10)
    assert _export(registry.database, registry.project.id) == whole


def test_importing_again_changes_nothing_and_leaves_no_entry_in_the_log(registry: Registry) -> None:
    fill(registry.database, registry.project, NASTY_VALUES, user=registry.user)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    _import(registry.database, other, exported)
    with registry.database.read() as tx:
        before = changes.last_sequence(tx)
    again = _import(registry.database, other, exported)
    assert (again.prompts_created, again.versions_added, again.labels_set) == (0, 0, 0)
    assert again.versions_present == len(NASTY_VALUES) + 5
    with registry.database.read() as tx:
        assert changes.last_sequence(tx) == before


def test_every_imported_prompt_is_one_change_of_the_log(registry: Registry) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=2, versions=2)
    other = _other_project(registry)
    _import(registry.database, other, _export(registry.database, registry.project.id))
    with registry.database.read() as tx:
        found = [
            entry for entry in changes.list_changes(tx, limit=1000, project_id=other) if entry.kind is ChangeKind.PROMPT_IMPORTED
        ]
    assert [entry.prompt_name for entry in found] == ["prompt-00000", "prompt-00001"]
    assert [entry.payload for entry in found] == [
        PromptImported(None, 2, versions_added=2, labels=(LabelPointer("production", 1),), is_archived=False)
    ] * 2


def test_what_was_published_and_labelled_since_is_added(registry: Registry) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=1, versions=2)
    other = _other_project(registry)
    _import(registry.database, other, _export(registry.database, registry.project.id))
    with registry.database.write() as tx:
        source = operator(registry.project.id)
        prompts.publish_version(tx, source, name="prompt-00000", base_version=2, prompt="Third")
        labels.move_label(tx, source, name="prompt-00000", label="production", version=3)
        labels.move_label(tx, source, name="prompt-00000", label="staging", version=2)
    exported = _export(registry.database, registry.project.id)
    imported = _import(registry.database, other, exported)
    assert (imported.versions_added, imported.versions_present, imported.labels_set) == (1, 2, 2)
    assert _export(registry.database, other) == exported
    with registry.database.read() as tx:
        assert prompts.fetch_prompt(tx, operator(other), "prompt-00000", label="production").text == "Third"


def test_a_prompt_that_went_on_here_and_a_label_that_was_moved_here_later_stay(registry: Registry) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=1, versions=2)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    _import(registry.database, other, exported)
    with registry.database.write() as tx:
        prompts.publish_version(tx, operator(other), name="prompt-00000", base_version=2, prompt="Ours")
        labels.move_label(tx, operator(other), name="prompt-00000", label="production", version=3)
    ours = _export(registry.database, other)
    assert _import(registry.database, other, exported).versions_present == 2
    assert _export(registry.database, other) == ours


def _publish_differently(registry: Registry, project_id: int) -> None:
    with registry.database.write() as tx:
        prompts.publish_version(tx, operator(project_id), name="prompt-00000", base_version=2, prompt="Ours")
        prompts.publish_version(tx, operator(registry.project.id), name="prompt-00000", base_version=2, prompt="Theirs")


def _archive(registry: Registry, project_id: int) -> None:
    with registry.database.write() as tx:
        prompts.archive_prompt(tx, operator(project_id), name="prompt-00000")


def _archive_and_create(registry: Registry, project_id: int) -> None:
    with writing_in_turn(registry.database) as tx:
        for project in (project_id, registry.project.id):
            prompts.archive_prompt(tx, operator(project), name="prompt-00000")
            prompts.create_prompt(tx, operator(project), name="prompt-00000", prompt=f"Of {project}")


CONFLICTS: list[tuple[Callable[[Registry, int], None], str]] = [
    (_publish_differently, "its version 3 is another one here"),
    (_archive, "it was archived or restored here or there since"),
    (_archive_and_create, "it was archived or restored here or there since"),
]


@pytest.mark.parametrize(("diverge", "reason"), CONFLICTS)
def test_another_history_is_refused_or_passed_over(
    registry: Registry, diverge: Callable[[Registry, int], None], reason: str
) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=2, versions=2)
    other = _other_project(registry)
    _import(registry.database, other, _export(registry.database, registry.project.id)[:4])
    diverge(registry, other)
    ours = _export(registry.database, other)
    exported = _export(registry.database, registry.project.id)
    with pytest.raises(HistoryConflict, match=reason):
        _import(registry.database, other, exported)
    assert _export(registry.database, other) == ours
    imported = _import(registry.database, other, exported, skips_conflicts=True)
    assert reason in str(imported.skipped[0])
    assert imported.prompts_created == 1
    assert _export(registry.database, other) == ours + exported[-4:]


def test_a_name_that_another_prompt_has_is_refused(registry: Registry) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=1, versions=1)
    other = _other_project(registry)
    with registry.database.write() as tx:
        prompts.create_prompt(tx, operator(other), name="prompt-00000", prompt="Be brief. 0")
    with pytest.raises(HistoryConflict, match="another prompt has the name here"):
        _import(registry.database, other, _export(registry.database, registry.project.id))


def test_versions_in_between_must_not_be_missing(registry: Registry) -> None:
    fill_with_many(registry.database, registry.project, prompt_count=1, versions=4)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    with pytest.raises(HistoryConflict, match="does not begin with version 1"):
        _import(registry.database, other, [exported[0], *exported[2:]])
    _import(registry.database, other, exported[:2])
    with pytest.raises(HistoryConflict, match="version 2 is missing in between"):
        _import(registry.database, other, [exported[0], exported[3]])
    with pytest.raises(InvalidLine, match=r"Line 3: version 3 is expected, not 4\."):
        _import(registry.database, other, [exported[0], exported[2], exported[4]])


def test_writers_without_an_account_are_recorded_by_name_and_get_none(registry: Registry, elsewhere: Registry) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    exported = _export(registry.database, registry.project.id)
    _import(elsewhere.database, elsewhere.project.id, exported)
    assert _export(elsewhere.database, elsewhere.project.id) == exported
    with elsewhere.database.read() as tx:
        assert [user.id for user in users.list_users(tx, limit=10)] == [elsewhere.user.id]
        written = prompts.fetch_prompt(tx, operator(elsewhere.project.id), "Z_-9", version=1)
        [label, *_] = stored_labels.list_labels(tx, written.prompt_id)
        assert integrity_checks.list_problems(tx) == []
    assert written.created_by == label.created_by == recorded_author(registry.user.email, "Test", "User")


@pytest.mark.parametrize("is_active", [True, False])
def test_writers_with_an_account_elsewhere_on_the_server_are_recorded_too(registry: Registry, *, is_active: bool) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    with registry.database.write() as tx:
        profile = Profile(registry.user.email, "Real", "Name")
        users.change_user(tx, registry.user, profile=profile)
        if not is_active:
            users.disable_user(tx, email=registry.user.email)
    _import(registry.database, other, exported)
    assert _export(registry.database, other) == exported
    with registry.database.read() as tx:
        written = prompts.fetch_prompt(tx, operator(other), "Z_-9", version=1)
    assert written.created_by == recorded_author(registry.user.email, "Test", "User")


def test_writers_who_are_members_of_the_project_keep_their_account(registry: Registry) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    exported = _export(registry.database, registry.project.id)
    other = _other_project(registry)
    with registry.database.write() as tx:
        members.set_member(tx, project_id=other, email=registry.user.email, role=Role.VIEWER)
    _import(registry.database, other, exported)
    assert _export(registry.database, other) == exported
    with registry.database.read() as tx:
        written = prompts.fetch_prompt(tx, operator(other), "Z_-9", version=1)
    assert written.created_by is not None
    assert written.created_by.id == registry.user.id


def test_a_recorded_writer_does_not_stand_in_the_way_of_an_invitation(registry: Registry, elsewhere: Registry) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    _import(elsewhere.database, elsewhere.project.id, _export(registry.database, registry.project.id))
    admin = make_actor(elsewhere.project, elsewhere.user, role=Role.ADMIN)
    with elsewhere.database.write() as tx:
        guest = administration.invite_member(tx, admin, email=registry.user.email, role=Role.VIEWER)
        written = prompts.fetch_prompt(tx, operator(elsewhere.project.id), "Z_-9", version=1)
    assert guest.member.email == registry.user.email
    assert written.created_by is not None
    assert written.created_by.is_recorded


def test_a_label_that_an_import_moves_has_the_writer_of_the_import(registry: Registry) -> None:
    other = _other_project(registry)
    writers: list[dict[str, object]] = [
        {"email": f"{name}@example.org", "first_name": name, "last_name": ""} for name in ("ada", "bob")
    ]
    head: dict[str, object] = {"type": "prompt", "name": "p", "created_at": "2026-01-01T00:00:00.000000Z", "archived_at": None}
    moment = {"created_at": "2026-01-01T00:00:00.000000Z"}
    lines: list[dict[str, object]] = [head]
    for number in (1, 2):
        content = {"created_by": None, "description": None, "prompt": f"v{number}", "config": None}
        lines.append({"type": "version", "version": number, **moment, **content})
    for day, writer in enumerate(writers, start=1):
        label = {"type": "label", "name": "live", "version": day, "updated_at": f"2026-01-0{day}T00:00:00.000000Z"}
        _import(
            registry.database, other, [json.dumps(line).encode() for line in [*lines, {**label, **moment, "created_by": writer}]]
        )
    with registry.database.read() as tx:
        prompt = prompts.fetch_prompt(tx, operator(other), "p", version=1)
        [found] = stored_labels.list_labels(tx, prompt.prompt_id)
    assert found.created_by == recorded_author("bob@example.org", "bob", "")


@pytest.mark.parametrize(
    ("role", "scope", "error"),
    [(Role.EDITOR, Scope.ALL, RoleTooLow), (Role.VIEWER, Scope.WRITE, RoleTooLow), (Role.ADMIN, Scope.READ, MissingScope)],
)
def test_only_admins_import(registry: Registry, role: Role, scope: Scope, error: type[Exception]) -> None:
    actor = Actor(registry.project.id, role=role, scopes=frozenset({scope}))
    with registry.database.write() as tx, pytest.raises(error):
        imports.import_batch(tx, actor, [])


def test_only_admins_export(registry: Registry) -> None:
    with registry.database.read() as tx, pytest.raises(RoleTooLow):
        exports.export_batch(tx, Actor(registry.project.id, role=Role.EDITOR, scopes=frozenset({Scope.ALL})))
    with registry.database.read() as tx:
        assert exports.export_batch(tx, Actor(registry.project.id, role=Role.ADMIN, scopes=frozenset({Scope.READ})))


def test_nothing_of_other_projects_is_exported(registry: Registry) -> None:
    elsewhere = make_registry(registry.database)
    fill_with_many(registry.database, elsewhere.project, prompt_count=1, versions=1)
    assert _export(registry.database, registry.project.id) == []
