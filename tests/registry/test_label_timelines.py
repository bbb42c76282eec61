"""What lists of labels tell of their last moves, and looks at what taking the last move back would change."""

import pytest
from builders import Registry, make_prompt
from sqlalchemy import update

from promptuary.model.contract_changes import ChangeLevel
from promptuary.model.errors import InvalidValue, LabelNotFound
from promptuary.registry import labels, move_previews, prompts
from promptuary.store import tables
from promptuary.store.engine.database import Transaction


def _place(tx: Transaction, registry: Registry, *versions: int, label: str = "production") -> None:
    for version in versions:
        labels.move_label(tx, registry.actor, name="greeting", label=label, version=version)


def _timelines(tx: Transaction, registry: Registry) -> dict[str, labels.Timeline]:
    prompt = prompts.get_prompt(tx, registry.actor, "greeting")
    return {timeline.label: timeline for timeline in labels.list_timelines(tx, registry.actor, prompt_id=prompt.id)}


def test_of_each_label_the_last_moves_are_listed_newest_first_also_if_it_is_gone(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=3)
        _place(tx, registry, 1, 2, 3, 1, 2)
        _place(tx, registry, 3, label="beta")
        labels.remove_label(tx, registry.actor, name="greeting", label="beta")
        found = _timelines(tx, registry)
    assert list(found) == ["beta", "production"]
    assert [move.to_version for move in found["production"].moves] == [2, 1, 3, 2]
    assert (found["production"].has_more, found["beta"].has_more) == (True, False)
    assert (found["production"].version, found["beta"].version) == (2, None)


def test_a_timeline_says_if_its_last_move_can_be_undone(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, versions=2)
        _place(tx, registry, 1)
        assert not _timelines(tx, registry)["production"].can_undo
        labels.remove_label(tx, registry.actor, name="greeting", label="production")
        assert _timelines(tx, registry)["production"].can_undo
        _place(tx, registry, 2)
        assert _timelines(tx, registry)["production"].can_undo


def test_a_look_at_an_undo_tells_where_it_leads_and_leaves_everything_as_it_is(registry: Registry) -> None:
    with registry.database.write() as tx:
        prompts.create_prompt(tx, registry.actor, name="greeting", prompt="Hi {{name}}, {{title}}")
        prompts.publish_version(tx, registry.actor, name="greeting", base_version=1, prompt="Hi {{name}}")
        _place(tx, registry, 1, 2)
    with registry.database.write() as tx:
        (move,) = move_previews.preview_undo(tx, registry.actor, name="greeting", label="production").moves
        before = _timelines(tx, registry)
    assert (move.from_version, move.to_version, move.contract_change) == (2, 1, ChangeLevel.BREAKING)
    assert [change.phrase for change in move.contract_changes.changes] == ["adds required title"]
    with registry.database.write() as tx:
        assert _timelines(tx, registry) == before
        placed = labels.undo_move(tx, registry.actor, name="greeting", label="production", expected_version=2)
    assert placed is not None
    assert placed.label.version == 1


def test_a_look_at_an_undo_knows_of_a_move_that_an_older_server_made(registry: Registry) -> None:
    with registry.database.write() as tx:
        latest = make_prompt(tx, registry.actor, versions=2)
        _place(tx, registry, 1)
        tx.connection.execute(update(tables.labels).values(version_id=latest.id))
    with registry.database.write() as tx:
        (move,) = move_previews.preview_undo(tx, registry.actor, name="greeting", label="production").moves
        assert (move.from_version, move.to_version) == (2, 1)
        assert [each.to_version for each in _timelines(tx, registry)["production"].moves] == [1]


def test_a_look_at_an_undo_of_nothing_is_refused(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        _place(tx, registry, 1)
    for label, refusal in (("production", InvalidValue), ("beta", LabelNotFound)):
        with pytest.raises(refusal), registry.database.write() as tx:
            move_previews.preview_undo(tx, registry.actor, name="greeting", label=label)
    with pytest.raises(LabelNotFound), registry.database.write() as tx:
        move_previews.preview_undo(tx, registry.actor, name="none", label="production")
