"""Random writes of prompts that refer to each other: the registry and plain dictionaries allow and assemble the same."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random

import pytest
from builders import make_registry

from promptuary.model.errors import RegistryError
from promptuary.model.references import Reference, find_tags, tag_of
from promptuary.registry import archived, dependents, labels, prompts
from promptuary.registry.assembling import assemble_version
from promptuary.registry.unresolved import list_unresolved
from promptuary.store import changes, integrity_checks
from promptuary.store.engine.database import Database

NAMES = ("a", "b", "c", "d")
LABELS = ("production", "production", "beta")
NUMBERS = (1, 1, 2, 3)
STEPS = 250

Place = tuple[str, int]
"""The name of a prompt and the number of a version."""


@dataclass
class PlainPrompt:
    versions: list[object]
    labels: dict[str, int] = field(default_factory=dict)


@dataclass
class PlainPrompts:
    """Active prompts by name; everything is found out by looking at all of them."""

    active: dict[str, PlainPrompt] = field(default_factory=dict)
    archived: dict[str, PlainPrompt] = field(default_factory=dict)

    def content(self, place: Place) -> object:
        return self.active[place[0]].versions[place[1] - 1]

    def meant(self, reference: Reference) -> Place | None:
        prompt = self.active.get(reference.name)
        number = 0 if prompt is None else reference.version or prompt.labels.get(reference.label or "", 0)
        return (reference.name, number) if prompt and 1 <= number <= len(prompt.versions) else None

    def served(self) -> set[Place]:
        found = {(name, len(prompt.versions)) for name, prompt in self.active.items()}
        found |= {(name, number) for name, prompt in self.active.items() for number in prompt.labels.values()}
        while True:
            references = [each for place in found for each in references_of(self.content(place))]
            more = {place for each in references if each.version and (place := self.meant(each))} - found
            if not more:
                return found
            found |= more

    def parents(self, name: str, label: str | None = None) -> set[Place]:
        return {
            place
            for place in self.served()
            for each in references_of(self.content(place))
            if each.name == name != place[0] and label in {None, each.label}
        }

    def ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        pending = [name]
        for each in pending:
            new = {place[0] for place in self.parents(each)} - found
            found |= new
            pending += sorted(new)
        return found

    def affected(self, name: str, label: str) -> set[str]:
        """The prompts with a served version whose text follows a label, directly or not."""
        found = self.parents(name, label)
        while True:
            more = {
                place for place in self.served() for each in references_of(self.content(place)) if self.meant(each) in found
            } - found
            if not more:
                return {place[0] for place in found} - {name}
            found |= more

    def refuses(self, name: str, content: object) -> bool:
        above = self.ancestors(name) | {name}
        return any(not self.is_sound(reference, (name,), above) for reference in references_of(content))

    def is_sound(self, reference: Reference, path: tuple[str, ...], above: set[str]) -> bool:
        place = self.meant(reference)
        if place is None or reference.name in above or reference.name in path or not isinstance(self.content(place), str):
            return False
        return all(self.is_sound(each, (*path, reference.name), above) for each in references_of(self.content(place)))

    def assembled(self, content: object) -> str:
        if not isinstance(content, str):
            return json.dumps([self.assembled(each) for each in content], ensure_ascii=False)  # type: ignore[attr-defined]
        for reference in references_of(content):
            place = self.meant(reference)
            assert place is not None
            content = content.replace(tag_of(reference), self.assembled(self.content(place)))
        return content


def references_of(content: object) -> Iterator[Reference]:
    for text in [content] if isinstance(content, str) else content:  # type: ignore[attr-defined]
        yield from (tag.reference for tag in find_tags(text))


class Machine:
    """Writes to a registry and to plain dictionaries, and compares them after each write."""

    def __init__(self, database: Database, random: Random) -> None:
        self.registry = make_registry(database)
        self.plain = PlainPrompts()
        self.random = random
        self.compared = 0
        self.outcomes: Counter[tuple[str, bool]] = Counter()
        for name in ("a", "b", "c", "d"):
            self.create(name, name.upper())
            self.move(name, "production", 1)

    def step(self) -> None:
        """Do one of the writes, those more often that make something to refer to."""
        choose = self.random.choice
        name, label, number = choose(NAMES), choose(LABELS), choose(NUMBERS)
        writes: list[Callable[[], None]] = [
            *[partial(self.publish, name, self.content())] * 5,
            *[partial(self.move, name, label, number)] * 5,
            *[partial(self.restore, name)] * 2,
            partial(self.create, name, self.content()),
            partial(self.remove, name, label),
            partial(self.archive, name),
        ]
        choose(writes)()

    def content(self) -> object:
        """Make a content: mostly a text with one or two references."""
        choose = self.random.choice
        names = self.random.sample(NAMES, 2)
        references = [choose([Reference(name, label=choose(LABELS)), Reference(name, choose(NUMBERS))]) for name in names]
        first, second = map(tag_of, references)
        return choose([first, first, f'{first}"\n{second}', "plain", "plain", [first, "x"]])

    def note(self, write: str, *, is_allowed: bool) -> None:
        self.outcomes[write, is_allowed] += 1

    def write(self, verb: Callable[..., object], **arguments: object) -> object:
        """Return what a verb returns, `None` if it refuses."""
        try:
            with self.registry.database.write() as tx:
                return verb(tx, self.registry.actor, **arguments) or True
        except RegistryError:
            return None

    def create(self, name: str, content: object) -> None:
        is_allowed = name not in self.plain.active and not self.plain.refuses(name, content)
        assert bool(self.write(prompts.create_prompt, name=name, prompt=content)) is is_allowed
        if is_allowed:
            self.plain.active[name] = PlainPrompt([content])
        self.compare()

    def publish(self, name: str, content: object) -> None:
        prompt = self.plain.active.get(name)
        base = len(prompt.versions) if prompt else 1
        is_allowed = prompt is not None and not self.plain.refuses(name, content)
        answer = self.write(prompts.publish_version, name=name, base_version=base, prompt=content)
        assert bool(answer) is is_allowed
        if prompt and any(references_of(content)):
            self.note("publish", is_allowed=is_allowed)
        if prompt and is_allowed:
            prompt.versions.append(content)
        self.compare()

    def move(self, name: str, label: str, number: int) -> None:
        prompt = self.plain.active.get(name)
        is_there = prompt is not None and number <= len(prompt.versions)
        answer = self.write(labels.move_label, name=name, label=label, version=number)
        if prompt is None or not is_there:
            assert answer is None
            return
        content = prompt.versions[number - 1]
        is_same = prompt.labels.get(label) == number
        is_no_part = bool(self.plain.parents(name, label)) and not isinstance(content, str)
        is_allowed = is_same or not (is_no_part or self.plain.refuses(name, content))
        self.note("move", is_allowed=is_allowed)
        if not is_allowed:
            assert answer is None
            return
        assert isinstance(answer, labels.PlacedLabel)
        affected = set() if is_same else self.plain.affected(name, label)
        assert set(answer.affected_prompts) == affected
        prompt.labels[label] = number
        self.compare()

    def remove(self, name: str, label: str) -> None:
        prompt = self.plain.active.get(name)
        is_allowed = prompt is not None and label in prompt.labels and not self.plain.parents(name, label)
        if prompt and label in prompt.labels:
            self.note("remove", is_allowed=is_allowed)
        assert bool(self.write(labels.remove_label, name=name, label=label)) is is_allowed
        if prompt and is_allowed:
            del prompt.labels[label]
        self.compare()

    def archive(self, name: str) -> None:
        is_allowed = name in self.plain.active and not self.plain.parents(name)
        if name in self.plain.active:
            self.note("archive", is_allowed=is_allowed)
        assert bool(self.write(prompts.archive_prompt, name=name)) is is_allowed
        if is_allowed:
            self.plain.archived[name] = self.plain.active.pop(name)
            self.plain.archived[name].labels.clear()
        self.compare()

    def restore(self, name: str) -> None:
        prompt = self.plain.archived.get(name)
        is_allowed = prompt is not None and name not in self.plain.active and not self.plain.refuses(name, prompt.versions[-1])
        assert bool(self.write(archived.restore_prompt, name=name)) is is_allowed
        if prompt and is_allowed:
            self.plain.active[name] = self.plain.archived.pop(name)
        self.compare()

    def compare(self) -> None:
        """Compare what programs get, and who depends on whom, if anything has changed."""
        with self.registry.database.read() as tx:
            if self.compared == (last := changes.last_sequence(tx)):
                return
            self.compared = last
            assert list_unresolved(tx, self.registry.project.id) == []
            for name, prompt in self.plain.active.items():
                for label in (None, *prompt.labels):
                    found = prompts.fetch_prompt(tx, self.registry.actor, name, label=label)
                    number = prompt.labels[label] if label else len(prompt.versions)
                    text = assemble_version(tx, self.registry.actor, found).version.text
                    assert text == self.plain.assembled(prompt.versions[number - 1])
                parents = dependents.list_parents(tx, self.registry.actor, name=name)
                assert {parent.name for parent in parents} == {place[0] for place in self.plain.parents(name)}


@pytest.mark.parametrize("seed", range(2))
def test_random_references_do_the_same_as_in_plain_dictionaries(database: Database, seed: int) -> None:
    machine = Machine(database, Random(seed))  # noqa: S311 - no secrets
    for _ in range(STEPS):
        machine.step()
    # Each of them was allowed and refused.
    assert {write for write, _ in machine.outcomes} == {"publish", "move", "remove", "archive"}
    assert len(machine.outcomes) == 8
    with database.read() as tx:
        assert integrity_checks.list_problems(tx) == []
