"""References as the verbs treat them: at once from many sides, through imports, upgrades and backups."""

import json
from collections.abc import Callable
from functools import partial

import pytest
from builders import Registry, make_prompt, make_registry
from simultaneous import simultaneously
from sqlalchemy import delete, update
from wire import NOON

from promptuary.model.access import operator
from promptuary.model.errors import RegistryError
from promptuary.model.listing import Listing
from promptuary.model.reference_errors import InvalidReference
from promptuary.model.transfer import line_of, read_line
from promptuary.registry import activity, archived, dependents, exports, imports, labels, lists, prompts
from promptuary.registry.assembling import assemble_all, assemble_version
from promptuary.registry.unresolved import list_unresolved, list_unresolved_of_all
from promptuary.store import integrity_checks, schema
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.tables import version_references

TAG = "@@@prompt:name=part|label=production@@@"
OTHER_TAG = "@@@prompt:name=parent|label=production@@@"


def text_of(registry: Registry, name: str) -> str:
    with registry.database.read() as tx:
        found = prompts.fetch_prompt(tx, registry.actor, name)
        return assemble_version(tx, registry.actor, found).version.text


def succeeds(registry: Registry, verb: Callable[..., object], **arguments: object) -> bool:
    try:
        with registry.database.write() as tx:
            verb(tx, registry.actor, **arguments)
    except RegistryError:
        return False
    return True


RIVALS: dict[str, list[tuple[Callable[..., object], dict[str, object]]]] = {
    "the part is archived": [(prompts.archive_prompt, {"name": "part"})],
    "its label is removed": [(labels.remove_label, {"name": "part", "label": "production"})],
    "its label moves to what is no text": [(labels.move_label, {"name": "part", "label": "production", "version": 2})],
    "its label moves to what refers back": [(labels.move_label, {"name": "part", "label": "production", "version": 3})],
    "an old version gets a label while the part goes": [
        (prompts.archive_prompt, {"name": "part"}),
        (labels.move_label, {"name": "old", "label": "beta", "version": 1}),
        (archived.restore_prompt, {"name": "gone"}),
    ],
}


@pytest.mark.parametrize("rival", RIVALS)
def test_of_writes_that_exclude_each_other_exactly_one_kind_succeeds(database: Database, rival: str) -> None:
    for _ in range(8):
        registry = make_registry(database)
        with database.write() as tx:
            make_prompt(tx, registry.actor, name="part", prompt="text")
            labels.move_label(tx, registry.actor, name="part", label="production", version=1)
            make_prompt(tx, registry.actor, name="parent", prompt="plain")
            labels.move_label(tx, registry.actor, name="parent", label="production", version=1)
            prompts.publish_version(tx, registry.actor, name="part", base_version=1, prompt={"no": "text"})
            prompts.publish_version(tx, registry.actor, name="part", base_version=2, prompt=OTHER_TAG)
            make_prompt(tx, registry.actor, name="gone", prompt=TAG.replace("label=production", "version=1"))
            prompts.archive_prompt(tx, registry.actor, name="gone")
            make_prompt(tx, registry.actor, name="old", prompt=TAG)
            prompts.publish_version(tx, registry.actor, name="old", base_version=1, prompt="plain")
            # Latest versions of the part would be parents, too.
            prompts.publish_version(tx, registry.actor, name="part", base_version=3, prompt="text")
        publish = partial(succeeds, registry, prompts.publish_version, name="parent", base_version=1, prompt=TAG)
        ends, *more = [partial(succeeds, registry, verb, **arguments) for verb, arguments in RIVALS[rival]]
        has_ended, has_published, *others = simultaneously([ends, publish, *more])
        assert has_ended is not any((has_published, *others))
        with database.read() as tx:
            assert list_unresolved(tx, registry.project.id) == []


def test_two_prompts_that_refer_to_each_other_at_once_do_not_both(database: Database) -> None:
    for _ in range(8):
        registry = make_registry(database)
        with database.write() as tx:
            for name in ("parent", "part"):
                make_prompt(tx, registry.actor, name=name, prompt="text")
                labels.move_label(tx, registry.actor, name=name, label="production", version=1)
        writes = [
            partial(succeeds, registry, prompts.publish_version, name=name, base_version=1, prompt=text)
            for name, text in (("parent", TAG), ("part", OTHER_TAG))
        ]
        assert sorted(simultaneously(writes)) == [False, True]


def test_two_parts_that_grow_at_once_do_not_make_a_parent_too_large(database: Database) -> None:
    for _ in range(3):
        registry = make_registry(database)
        with database.write() as tx:
            for name in ("part", "parent"):
                make_prompt(tx, registry.actor, name=name, prompt="text")
                labels.move_label(tx, registry.actor, name=name, label="production", version=1)
                prompts.publish_version(tx, registry.actor, name=name, base_version=1, prompt="x" * 600_000)
            make_prompt(tx, registry.actor, name="top", prompt=TAG + OTHER_TAG)
        moves = [
            partial(succeeds, registry, labels.move_label, name=name, label="production", version=2) for name in ("part", "parent")
        ]
        assert sorted(simultaneously(moves)) == [False, True]
        assert len(text_of(registry, "top")) < 1_000_000


def test_an_import_takes_parents_before_parts_and_tells_what_is_missing(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="z-part", prompt="text")
        labels.move_label(tx, registry.actor, name="z-part", label="production", version=1)
        tag = TAG.replace("part", "z-part")
        make_prompt(tx, registry.actor, name="a-parent", prompt=tag)
    with registry.database.read() as tx:
        lines = exports.export_batch(tx, operator(registry.project.id)).encode().splitlines()[1:]
    read = [read_line(line, number) for number, line in enumerate(lines, start=1)]
    parent, part = read[:2], read[2:]
    other = make_registry(registry.database)
    with registry.database.write() as tx:
        first = imports.import_batch(tx, operator(other.project.id), parent)
    [missing] = first.unresolved
    assert (missing.name, missing.version, missing.tag, missing.code) == ("a-parent", 1, tag, "reference_not_found")
    with registry.database.write() as tx:
        second = imports.import_batch(tx, operator(other.project.id), part)
    assert second.unresolved == ()
    assert text_of(other, "a-parent") == "text"
    with registry.database.read() as tx:
        again = exports.export_batch(tx, operator(other.project.id)).encode().splitlines()[1:]
        assert [json.loads(line) for line in again] == [json.loads(line) for line in lines]
        assert integrity_checks.list_problems(tx) == []


def test_an_upgrade_derives_references_from_what_is_there(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="part", prompt="text")
        labels.move_label(tx, registry.actor, name="part", label="production", version=1)
        make_prompt(tx, registry.actor, name="parent", prompt=f"{TAG}{TAG}")
        make_prompt(tx, registry.actor, name="json", prompt=[{TAG: TAG}])
        rows = tx.connection.execute(version_references.select().order_by(version_references.c.version_id)).all()
    schema.downgrade(registry.database, target="0010")
    assert schema.upgrade(registry.database) is True
    with registry.database.read() as tx:
        assert tx.connection.execute(version_references.select().order_by(version_references.c.version_id)).all() == rows
    assert sorted(row.occurrences for row in rows) == [1, 2]


def test_texts_that_look_like_tags_are_told_of_after_an_upgrade(registry: Registry) -> None:
    plain = Database(registry.database.engine, clock=registry.database.clock, reference_depth=0)
    with plain.write() as tx:
        make_prompt(tx, registry.actor, name="documentation", prompt=f"Write {TAG}.")
    schema.downgrade(registry.database, target="0010")
    schema.upgrade(registry.database)
    with registry.database.read() as tx:
        [(project_id, found)] = list_unresolved_of_all(tx)
    assert (project_id, found.name, found.code) == (registry.project.id, "documentation", "reference_not_found")


def test_the_check_of_a_database_compares_references_with_contents(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="part", prompt="text", versions=2)
        parent = make_prompt(tx, registry.actor, name="parent", prompt="@@@prompt:name=part|version=1@@@")
    problem = f"version {parent.id}: its references do not match its content; run promptuary admin db reindex"
    for damage in (update(version_references).values(version=2), delete(version_references)):
        with registry.database.write() as tx:
            tx.connection.execute(damage)
        with registry.database.read() as tx:
            assert integrity_checks.list_problems(tx) == [problem]


def test_the_activity_of_a_parent_tells_of_the_labels_of_its_parts(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="part", prompt="text", versions=3)
        labels.move_label(tx, registry.actor, name="part", label="production", version=1)
        labels.move_label(tx, registry.actor, name="part", label="beta", version=1)
        make_prompt(tx, registry.actor, name="middle", prompt=TAG)
        make_prompt(tx, registry.actor, name="pare_t", prompt="@@@prompt:name=middle|version=1@@@")
        make_prompt(tx, registry.actor, name="parent", prompt="none")
        labels.move_label(tx, registry.actor, name="part", label="beta", version=2)
        labels.move_label(tx, registry.actor, name="part", label="production", version=3)
    with registry.database.read() as tx:
        told = [
            [(entry.change.kind.value, entry.change.prompt_name) for entry in page.entries]
            for page in (activity.list_activity(tx, registry.actor, name=name, limit=10) for name in ("pare_t", "parent"))
        ]
    assert told == [[("label.moved", "part"), ("prompt.created", "pare_t")], [("prompt.created", "parent")]]


def pin(name: str, version: int = 1) -> str:
    return f"@@@prompt:name={name}|version={version}@@@"


def follow(name: str) -> str:
    return f"@@@prompt:name={name}|label=production@@@"


def make_leaves(tx: Transaction, registry: Registry, count: int) -> None:
    """Make prompts that refer to none, by an import: to create them one by one takes several times as long."""
    lines: list[dict[str, object]] = []
    for name in sorted(f"leaf-{number}" for number in range(count)):
        lines.append({"type": "prompt", "name": name, "created_at": NOON})
        lines.append({"type": "version", "version": 1, "prompt": "x", "created_at": NOON})
    imports.import_batch(tx, operator(registry.project.id), [line_of(fields, number) for number, fields in enumerate(lines)])


def make_wide(tx: Transaction, registry: Registry, name: str, first: int, count: int, more: str = "") -> None:
    """A prompt that refers to some leaves."""
    make_prompt(tx, registry.actor, name=name, prompt="".join(pin(f"leaf-{first + number}") for number in range(count)) + more)


def test_the_references_of_parents_are_not_counted_together(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_leaves(tx, registry, 480)
        make_prompt(tx, registry.actor, name="hub", prompt="text", versions=2)
        labels.move_label(tx, registry.actor, name="hub", label="production", version=1)
        for number in range(25):
            make_wide(tx, registry, f"parent-{number}", 19 * number, 19, follow("hub"))
        placed = labels.move_label(tx, registry.actor, name="hub", label="production", version=2)
        assert len(placed.affected_prompts) == 25
        assert list_unresolved(tx, registry.project.id) == []


def test_a_label_does_not_move_if_a_parent_would_have_too_many_references_in_all(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_leaves(tx, registry, 400)
        make_prompt(tx, registry.actor, name="hub", prompt="text")
        labels.move_label(tx, registry.actor, name="hub", label="production", version=1)
        for number in range(19):
            make_wide(tx, registry, f"middle-{number}", 20 * number, 20)
        # 19 and 380 below them, and the hub: the maximum.
        make_prompt(tx, registry.actor, name="top", prompt="".join(pin(f"middle-{number}") for number in range(19)) + follow("hub"))
        prompts.publish_version(tx, registry.actor, name="hub", base_version=1, prompt=pin("leaf-399"))
    with pytest.raises(InvalidReference) as refusal, registry.database.write() as tx:
        labels.move_label(tx, registry.actor, name="hub", label="production", version=2)
    assert refusal.value.code == "too_many_references"
    assert str(refusal.value) == "This label is referenced by top. With version 2 its text has more than 400 references."
    assert text_of(registry, "top") == "x" * 380 + "text"


def test_rows_of_a_list_are_assembled_each_by_itself(registry: Registry) -> None:
    plain = Database(registry.database.engine, clock=registry.database.clock, reference_depth=0)
    with plain.write() as tx:
        make_prompt(tx, registry.actor, name="z0", prompt="end")
        for number in range(1, 9):
            make_prompt(tx, registry.actor, name=f"z{number}", prompt=pin(f"z{number - 1}"))
        make_leaves(tx, registry, 450)
        for number in range(23):
            make_wide(tx, registry, f"middle-{number}", 19 * number, 19)
        make_prompt(tx, registry.actor, name="a-huge", prompt="".join(pin(f"middle-{number}") for number in range(23)))
    with registry.database.read() as tx:
        for is_descending in (False, True):
            listing = Listing(limit=1000, order_by="name", is_descending=is_descending)
            page = assemble_all(tx, registry.actor, lists.list_prompts(tx, registry.actor, listing).items)
            problems = {version.name: str(problem) for version, problem in page.unresolved}
            assert sorted(problems) == ["a-huge", "z6", "z7", "z8"]
            assert "400 other prompts" in problems["a-huge"]
            assert all("contains references of its own" in problems[name] for name in ("z6", "z7", "z8"))
        found = [(each.name, each.code) for each in list_unresolved(tx, registry.project.id)]
        assert found == [("z6", "nested_reference"), ("z7", "nested_reference"), ("z8", "nested_reference")]
        huge = prompts.fetch_prompt(tx, registry.actor, "a-huge")
        assert {state.problem for state in dependents.list_references(tx, registry.actor, huge)} == {"too_many_references"}
