"""Exporting and importing as verbs: what goes out comes in elsewhere, and nothing that is there changes."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import Registry, make_registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import NASTY_VALUES, fill, fill_with_many, json_values

from promptuary.model.access import Actor, Role, Scope, operator
from promptuary.model.accounts import Browser, Profile, SessionLimits
from promptuary.model.changes import ChangeKind
from promptuary.model.errors import HistoryConflict, InvalidLine, MissingScope, RoleTooLow
from promptuary.model.transfer import read_line, read_moment
from promptuary.registry import exporting, importing, labels, links, projects, prompts, users
from promptuary.store import changes, checks
from promptuary.store.database import Database


def _export(database: Database, project_id: int) -> list[bytes]:
    """Export batch by batch, as clients do; return the lines, those that come again left out."""
    cursor = None
    lines: list[bytes] = []
    while True:
        with database.read() as tx:
            head, *batch = exporting.export_batch(tx, operator(project_id), cursor).encode().splitlines()
        while lines and cursor is not None and json.loads(lines[-1])["type"] == "label":
            lines.pop()
        lines += batch[1:] if cursor is not None else batch
        if json.loads(head)["is_last"]:
            return lines
        read = [json.loads(line) for line in lines]
        prompt = [line for line in read if line["type"] == "prompt"][-1]
        version = [line for line in read if line["type"] == "version"][-1]
        cursor = exporting.Cursor(prompt["name"], read_moment(prompt["created_at"], "created_at"), version["version"] + 1)


def _import(database: Database, project_id: int, lines: list[bytes], **options: Any) -> importing.Imported:
    read = [read_line(line, number) for number, line in enumerate(lines, start=1)]
    with database.write() as tx:
        return importing.import_batch(tx, operator(project_id), read, **options)


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
        assert checks.list_problems(tx) == []


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
        monkeypatch.setattr(exporting, "MAX_VERSIONS_A_BATCH", most)
        assert _export(registry.database, registry.project.id) == whole
    monkeypatch.setattr(exporting, "MAX_BYTES_A_BATCH", 10)
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
    assert [(entry.prompt_name, entry.before) for entry in found] == [("prompt-00000", None), ("prompt-00001", None)]
    assert found[0].after == {"version": 2, "versions_added": 2, "labels": {"production": 1}, "is_archived": False}


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
    with registry.database.write() as tx:
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


def test_writers_without_an_account_get_one_that_nobody_signs_in_with(registry: Registry, elsewhere: Registry) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    exported = _export(registry.database, registry.project.id)
    _import(elsewhere.database, elsewhere.project.id, exported)
    assert _export(elsewhere.database, elsewhere.project.id) == exported
    with elsewhere.database.read() as tx:
        recorded = users.get_user(tx, registry.user.email)
    assert (recorded.first_name, recorded.is_active, recorded.has_password) == ("Test", False, False)


def test_an_author_whom_an_import_made_an_account_for_gets_it_with_what_they_wrote(registry: Registry, elsewhere: Registry) -> None:
    fill(registry.database, registry.project, ["x"], user=registry.user)
    _import(elsewhere.database, elsewhere.project.id, _export(registry.database, registry.project.id))
    with elsewhere.database.write() as tx:
        author = users.enable_user(tx, email=registry.user.email)
        link = links.create_link(tx, author)
    limits = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))
    profile = Profile(author.email, author.first_name, author.last_name)
    links.use_link(elsewhere.database, link, profile=profile, password="long enough", limits=limits, browser=Browser())
    with elsewhere.database.read() as tx:
        found = users.get_user(tx, author.email)
        written = prompts.fetch_prompt(tx, operator(elsewhere.project.id), "Z_-9", version=1)
    assert (found.id, found.is_active, found.has_password) == (author.id, True, True)
    assert written.created_by is not None
    assert written.created_by.email == author.email


@pytest.mark.parametrize(
    ("role", "scope", "refusal"),
    [(Role.EDITOR, Scope.ALL, RoleTooLow), (Role.VIEWER, Scope.WRITE, RoleTooLow), (Role.ADMIN, Scope.READ, MissingScope)],
)
def test_only_admins_import(registry: Registry, role: Role, scope: Scope, refusal: type[Exception]) -> None:
    actor = Actor(registry.project.id, role=role, scopes=frozenset({scope}))
    with registry.database.write() as tx, pytest.raises(refusal):
        importing.import_batch(tx, actor, [])


def test_only_admins_export(registry: Registry) -> None:
    with registry.database.read() as tx, pytest.raises(RoleTooLow):
        exporting.export_batch(tx, Actor(registry.project.id, role=Role.EDITOR, scopes=frozenset({Scope.ALL})))
    with registry.database.read() as tx:
        assert exporting.export_batch(tx, Actor(registry.project.id, role=Role.ADMIN, scopes=frozenset({Scope.READ})))


def test_nothing_of_other_projects_is_exported(registry: Registry) -> None:
    elsewhere = make_registry(registry.database)
    fill_with_many(registry.database, elsewhere.project, prompt_count=1, versions=1)
    assert _export(registry.database, registry.project.id) == []
