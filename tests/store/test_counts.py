"""How many items a list has: counted once while nothing changes, and right after every change."""

from collections.abc import Callable

import pytest
from builders import Registry, make_actor, make_member, make_prompt
from sqlalchemy import event

from promptuary.model.access import Actor
from promptuary.model.listing import Listing
from promptuary.registry import archived, labels, prompts
from promptuary.store.engine.count_cache import Counts
from promptuary.store.engine.database import Transaction
from promptuary.store.lists.pages import list_page

_COUNTING = "SELECT count(*) AS count_1 FROM list_entries WHERE"

Change = Callable[[Transaction, Actor], object]

LISTS = {
    "all": Listing(limit=1),
    "labelled": Listing(limit=1, label="production"),
    "by fetches": Listing(limit=1, order_by="recent_fetches"),
}


def counts_of(registry: Registry) -> dict[str, int]:
    with registry.database.read() as tx:
        return {name: list_page(tx, registry.project.id, listing).count for name, listing in LISTS.items()}


def counting_of(registry: Registry) -> list[str]:
    """Read all lists, and return the statements that counted all entries of one; the list by fetches counts its parts, too."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    counts_of(registry)
    event.remove(registry.database.engine, "before_cursor_execute", note)
    assert seen
    return [statement for statement in seen if " ".join(statement.split()).startswith(_COUNTING)]


def test_lists_are_counted_anew_only_when_something_has_changed(registry: Registry) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="first")
    # The list by fetches has the same items as the list of all.
    assert len(counting_of(registry)) == len(LISTS) - 1
    assert counting_of(registry) == []
    with registry.database.write() as tx:
        prompts.publish_version(tx, registry.actor, name="first", base_version=1, prompt="more")
    assert len(counting_of(registry)) == len(LISTS) - 1


@pytest.mark.parametrize(
    ("change", "every", "labelled"),
    [
        (lambda tx, actor: prompts.create_prompt(tx, actor, name="third", prompt="x"), 3, 1),
        (lambda tx, actor: prompts.duplicate_prompt(tx, actor, name="first", new_name="third"), 3, 1),
        (lambda tx, actor: prompts.archive_prompt(tx, actor, name="first"), 1, 0),
        (lambda tx, actor: archived.restore_prompt(tx, actor, name="gone"), 3, 1),
        (lambda tx, actor: labels.move_label(tx, actor, name="second", label="production", version=1), 2, 2),
        (lambda tx, actor: labels.remove_label(tx, actor, name="first", label="production"), 2, 0),
    ],
    ids=["create", "duplicate", "archive", "restore", "label", "unlabel"],
)
def test_a_count_is_right_after_every_change(registry: Registry, change: Change, every: int, labelled: int) -> None:
    with registry.database.write() as tx:
        for name in ("first", "second", "gone"):
            make_prompt(tx, registry.actor, name=name)
        labels.move_label(tx, registry.actor, name="first", label="production", version=1)
        prompts.archive_prompt(tx, registry.actor, name="gone")
    assert counts_of(registry) == {"all": 2, "labelled": 1, "by fetches": 2}
    with registry.database.write() as tx:
        change(tx, registry.actor)
    assert counts_of(registry) == {"all": every, "labelled": labelled, "by fetches": every}


def test_authors_are_counted_each_for_themselves(registry: Registry) -> None:
    with registry.database.write() as tx:
        other = make_member(tx, registry.project)
        make_prompt(tx, registry.actor, name="first")
        make_prompt(tx, make_actor(registry.project, other), name="second")
        make_prompt(tx, make_actor(registry.project, other), name="third")
    with registry.database.read() as tx:
        counted = [
            list_page(tx, registry.project.id, Listing(limit=1, created_by_id=author)).count
            for author in (None, registry.user.id, other.id, other.id)
        ]
    assert counted == [3, 1, 2, 2]


def test_what_a_writer_saw_and_took_back_is_not_remembered(registry: Registry) -> None:
    class Regret(Exception):
        pass

    def regret() -> None:
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name="regretted")
            assert list_page(tx, registry.project.id, Listing(limit=1)).count == 1
            raise Regret

    with pytest.raises(Regret):
        regret()
    assert counts_of(registry)["all"] == 0
    # On SQLite this takes the place in the log of what was taken back.
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="first")
        make_prompt(tx, registry.actor, name="second")
    assert counts_of(registry)["all"] == 2


def test_counts_of_different_moments_are_never_mixed() -> None:
    counts = Counts()
    assert counts.of("list", log_end=1, count=lambda: 10) == 10
    assert counts.of("list", log_end=2, count=lambda: 20) == 20
    # Somebody whose transaction began before comes last.
    assert counts.of("list", log_end=1, count=lambda: 10) == 10
    assert counts.of("list", log_end=2, count=lambda: 20) == 20
    assert counts.of("list", log_end=2, count=lambda: 99) == 20
