"""What programs got in the past is what they got then, whatever has happened since."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from builders import Registry, make_registry
from sqlalchemy import select
from wire import Clock

from promptuary.model.errors import RegistryError
from promptuary.model.label_history import MoveKind
from promptuary.model.listing import Listing
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.registry import archived, labels, lists, past, prompts, releases
from promptuary.registry.assembling import assemble_version
from promptuary.store import changes, derived_history, label_moves
from promptuary.store.engine.database import Database, Transaction
from promptuary.store.tables import label_moves as rows

NAMES = ("a", "b", "c")
LABELS = ("production", "staging")


@pytest.fixture
def registry(database_url: str, clock: Clock) -> Iterator[Registry]:
    """A registry at a time that the test sets."""
    database = Database.open(database_url, clock=clock)
    yield make_registry(database)
    database.close()


def _write(registry: Registry, verb: Callable[..., object], **arguments: object) -> None:
    try:
        with registry.database.write() as tx:
            verb(tx, registry.actor, **arguments)
    except RegistryError:
        pass


def _step(registry: Registry, choose: random.Random) -> None:
    """Do something at random; much of it is refused."""
    name, label = choose.choice(NAMES), choose.choice(LABELS)
    match choose.randrange(9):
        case 0:
            _write(registry, prompts.create_prompt, name=name, prompt=f"{name} {choose.random()}", labelled=[label])
        case 1 | 2:
            with registry.database.read() as tx:
                try:
                    base = prompts.fetch_prompt(tx, registry.actor, name).version
                except RegistryError:
                    return
            other = choose.choice(NAMES)
            text = f"{name} {choose.random()}" + choose.choice(("", f" @@@prompt:name={other}|label={label}@@@"))
            labelled = choose.choice(((), (), LABELS))
            _write(registry, prompts.publish_version, name=name, base_version=base, prompt=text, labelled=labelled)
        case 3 | 4:
            _write(registry, labels.move_label, name=name, label=label, version=choose.randint(1, 3))
        case 5:
            _write(registry, labels.remove_label, name=name, label=label)
        case 6:
            with registry.database.read() as tx:
                try:
                    found = prompts.fetch_prompt(tx, registry.actor, name)
                except RegistryError:
                    return
            current = next((each.version for each in found.prompt_labels if each.name == label), None)
            _write(registry, labels.undo_move, name=name, label=label, expected_version=current)
        case 7:
            _write(registry, releases.promote, source="staging", target="production")
        case _:
            verb, new_name = choose.choice(((prompts.archive_prompt, None), (archived.restore_prompt, choose.choice(NAMES))))
            _write(registry, verb, name=name, **({} if new_name is None else {"new_name": new_name}))


def _answers(tx: Transaction, registry: Registry, clock: Clock, *, is_past: bool) -> dict[str, object]:
    """Return the answer to each fetch, now or as of the clock's time."""
    answers: dict[str, object] = {}
    for name in NAMES:
        for label in (None, *LABELS):
            try:
                if is_past:
                    version = past.fetch_prompt(tx, registry.actor, name, label=label, at=clock.now)
                    whole = assemble_version(tx, registry.actor, version, at=clock.now)
                else:
                    version = prompts.fetch_prompt(tx, registry.actor, name, label=label)
                    whole = assemble_version(tx, registry.actor, version)
            except (RegistryError, UnresolvedReference) as error:
                answers[f"{name} {label}"] = str(error)
            else:
                found = whole.version
                answers[f"{name} {label}"] = (found.id, found.content, found.latest_version, found.prompt_labels, found.name)
    for label in (None, *LABELS):
        listing = Listing(limit=10, label=label, order_by="name", is_descending=False)
        page = (
            past.list_prompts(tx, registry.actor, listing, at=clock.now)
            if is_past
            else lists.list_prompts(tx, registry.actor, listing)
        )
        answers[f"list {label}"] = (
            [(each.id, each.name, each.latest_version, each.prompt_labels) for each in page.items],
            page.count,
        )
    return answers


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_of_the_past_is_what_was_answered_then(registry: Registry, clock: Clock, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311 - the same steps in every run
    start = clock.now
    answered: dict[datetime, dict[str, object]] = {}
    last = 0
    for minute in range(100):
        clock.now = start + timedelta(minutes=minute)
        _step(registry, choose)
        with registry.database.read() as tx:
            if last != (last := changes.last_sequence(tx)):
                answered[clock.now] = _answers(tx, registry, clock, is_past=False)
    assert len(answered) > 20
    with registry.database.read() as tx:
        for moment, expected in answered.items():
            assert _answers(tx, registry, clock_at(moment), is_past=True) == expected, moment
    _compare_derived(registry)


def clock_at(moment: datetime) -> Clock:
    clock = Clock()
    clock.now = moment
    return clock


def _compare_derived(registry: Registry) -> None:
    """Histories are chains without gaps, and those derived from the change log are the same but for kinds and reasons."""
    columns = (rows.c.prompt_id, rows.c.label, rows.c.from_version, rows.c.to_version, rows.c.created_at, rows.c.created_by_id)
    with registry.database.write() as tx:
        kept = [tuple(row) for row in tx.connection.execute(select(*columns).order_by(rows.c.prompt_id, rows.c.label, rows.c.id))]
        positions: dict[tuple[str, str], int | None] = {}
        for prompt_id, label, before, since, *_ in kept:
            assert positions.get((prompt_id, label)) == before != since
            positions[prompt_id, label] = since
        derived_history.derive_all(tx)
        derived = [
            tuple(row) for row in tx.connection.execute(select(*columns).order_by(rows.c.prompt_id, rows.c.label, rows.c.id))
        ]
    assert derived == kept


def test_moves_by_a_server_that_kept_no_history_are_found_later(registry: Registry) -> None:
    with registry.database.write() as tx:
        prompts.create_prompt(tx, registry.actor, name="a", prompt="1", labelled=["production"])
        prompts.publish_version(tx, registry.actor, name="a", base_version=1, prompt="2")
        labels.move_label(tx, registry.actor, name="a", label="production", version=2)
        # An older server would have left only the row of the label.
        last = label_moves.find_last_move(tx, prompts.fetch_prompt(tx, registry.actor, "a").prompt_id, "production")
        assert last is not None
        tx.connection.execute(rows.delete().where(rows.c.id == last.id))
    with registry.database.write() as tx:
        placed = labels.undo_move(tx, registry.actor, name="a", label="production", expected_version=2)
        assert placed is not None
        history = labels.list_history(tx, registry.actor, name="a", label="production", limit=9)
    moves = [(move.from_version, move.to_version, move.cause.kind) for move in history.moves]
    assert moves == [(2, 1, MoveKind.UNDO), (1, 2, MoveKind.UNRECORDED), (None, 1, MoveKind.DIRECT)]


class RunningClock(Clock):
    """A clock that goes on with every look at it."""

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


def test_at_no_moment_was_half_of_what_was_done_at_once(database_url: str) -> None:
    clock = RunningClock()
    database = Database.open(database_url, clock=clock)
    registry = make_registry(database)
    for name in NAMES:
        _write(registry, prompts.create_prompt, name=name, prompt="x", labelled=["staging"])
        _write(registry, prompts.publish_version, name=name, base_version=1, prompt="y", labelled=["staging", "canary"])
    begun = clock.now
    _write(registry, releases.promote, source="staging", target="production")
    _write(registry, prompts.archive_prompt, name="a")
    actor, seen = registry.actor, []
    for microseconds in range((clock.now - begun) // timedelta(microseconds=1) + 1):
        at = begun + timedelta(microseconds=microseconds)
        with database.read() as tx:
            page = past.list_prompts(tx, actor, Listing(limit=10), at=at)
        seen.append([(version.name, [label.name for label in version.prompt_labels]) for version in page.items])
    states = [state for number, state in enumerate(seen) if number == 0 or state != seen[number - 1]]
    two, three = ["canary", "staging"], ["canary", "production", "staging"]
    assert states == [[(name, labels) for name in names] for names, labels in (("cba", two), ("cba", three), ("cb", three))]
    database.close()
