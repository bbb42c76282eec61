"""Labels, rules and change requests do what a plain model of them says, whatever is done in whichever order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from builders import Registry, make_actor, make_member, make_prompt

from promptuary.model.access import Actor, Role
from promptuary.model.errors import RegistryError
from promptuary.registry import change_requests, label_rules, labels, prompts, releases
from promptuary.registry.request_merging import WantedPosition
from promptuary.store import integrity_checks

NAMES = ("a", "b")
LABELS = ("production", "staging")
VERSIONS = 3
Place = tuple[str, str]


@dataclass
class PlainRequest:
    """A request: its moves by label, from where to where, and who approves them."""

    author: int
    merges_itself: bool
    moves: dict[Place, tuple[int | None, int | None]]
    approvals: set[int] = field(default_factory=set)
    revision: int = 1
    state: str = "open"
    reviser: int | None = None


@dataclass
class PlainRule:
    """What it takes to move production."""

    role: Role
    approvals: int
    own: bool


class Machine:
    """The registry beside the model. Users 0 and 1 are editors, 2 and 3 admins; all texts are user 0's."""

    def __init__(self, registry: Registry, seed: int) -> None:
        self.choose = random.Random(seed)  # noqa: S311 - the same steps in every run
        self.registry = registry
        self.positions: dict[Place, int | None] = {(name, label): None for name in NAMES for label in LABELS}
        self.histories: dict[Place, list[int | None]] = {place: [None] for place in self.positions}
        self.requests: dict[int, PlainRequest] = {}
        self.rule: tuple[int, PlainRule] | None = None
        self.actors = [registry.actor]
        self.merged = self.refused = 0
        with registry.database.write() as tx:
            for role in (Role.EDITOR, Role.ADMIN, Role.ADMIN):
                self.actors.append(make_actor(registry.project, make_member(tx, registry.project, role=role), role=role))
            for name in NAMES:
                make_prompt(tx, registry.actor, name=name, versions=VERSIONS)

    def write(self, verb: Callable[..., object], actor: Actor, **arguments: object) -> tuple[object, bool]:
        """Do something; return its result and whether it was allowed."""
        try:
            with self.registry.database.write() as tx:
                return verb(tx, actor, **arguments), True
        except RegistryError:
            self.refused += 1
            return None, False

    def may_move(self, place: Place, user: int) -> bool:
        if self.rule is None or place[1] != "production":
            return True
        rule = self.rule[1]
        return rule.approvals == 0 and (rule.role is Role.EDITOR or user >= 2)

    def moved(self, place: Place, version: int | None) -> None:
        if self.positions[place] != version:
            self.positions[place] = version
            self.histories[place].append(version)

    def step(self) -> None:
        steps = (self.move, self.undo, self.remove, self.promote, self.set_rule, self.open, self.open, self.refresh)
        self.choose.choice((*steps, self.approve, self.approve, self.approve, self.merge, self.merge, self.close, self.change))()

    def move(self) -> None:
        place, user, version = self.place(), self.user(), self.choose.randint(1, VERSIONS + 1)
        _, done = self.write(labels.move_label, self.actors[user], name=place[0], label=place[1], version=version)
        is_there = self.positions[place] == version
        assert done is (version <= VERSIONS and (is_there or self.may_move(place, user)))
        if done:
            self.moved(place, version)

    def remove(self) -> None:
        place, user = self.place(), self.user()
        _, done = self.write(labels.remove_label, self.actors[user], name=place[0], label=place[1])
        assert done is (self.positions[place] is not None and self.may_move(place, user))
        if done:
            self.moved(place, None)

    def undo(self) -> None:
        place, user = self.place(), self.user()
        expected = self.positions[place] if self.choose.random() < 0.8 else 9
        _, done = self.write(labels.undo_move, self.actors[user], name=place[0], label=place[1], expected_version=expected)
        history = self.histories[place]
        has_past = len(history) > 2
        assert done is (has_past and expected == self.positions[place] and self.may_move(place, user))
        if done:
            self.moved(place, history[-2])

    def promote(self) -> None:
        user = self.user()
        moves = {
            (name, "production"): self.positions[name, "staging"]
            for name in NAMES
            if self.positions[name, "staging"] not in {None, self.positions[name, "production"]}
        }
        _, done = self.write(releases.promote, self.actors[user], source="staging", target="production")
        assert done is all(self.may_move(place, user) for place in moves)
        for place, version in moves.items() if done else ():
            self.moved(place, version)

    def set_rule(self) -> None:
        if self.rule is not None:
            _, done = self.write(label_rules.remove_rule, self.actors[2], rule_id=self.rule[0])
            assert done
            self.rule = None
            return
        rule = PlainRule(self.choose.choice((Role.EDITOR, Role.ADMIN)), self.choose.randint(0, 2), self.choose.random() < 0.3)
        added, done = self.write(
            label_rules.add_rule,
            self.actors[2],
            pattern=self.choose.choice(("production", "prod*")),
            role=rule.role,
            approvals=rule.approvals,
            allows_own_approval=rule.own,
        )
        assert done
        self.rule = added.id, rule  # type: ignore[attr-defined]

    def wanted(self) -> dict[Place, int | None]:
        places = self.choose.sample(list(self.positions), self.choose.randint(1, 2))
        return {place: self.choose.choice((1, 2, 3, None)) for place in places}

    def open(self) -> None:
        user, wanted, merges = self.user(), self.wanted(), self.choose.random() < 0.5
        positions = [WantedPosition(*place, version) for place, version in wanted.items()]
        opened, done = self.write(
            change_requests.open_request, self.actors[user], title="x", positions=positions, merges_itself=merges
        )
        assert done is all(self.positions[place] != version for place, version in wanted.items())
        if done:
            moves = {place: (self.positions[place], version) for place, version in wanted.items()}
            self.requests[opened.id] = PlainRequest(user, merges, moves)  # type: ignore[attr-defined]

    def change(self) -> None:
        found = self.request()
        if found is None:
            return
        number, request = found
        user, wanted = self.user(), self.wanted()
        positions = [WantedPosition(*place, version) for place, version in wanted.items()]
        _, done = self.write(change_requests.change_request, self.actors[user], request_id=number, positions=positions)
        is_possible = all(self.positions[place] != version for place, version in wanted.items())
        assert done is (request.state == "open" and (user == request.author or user >= 2) and is_possible)
        if done:
            request.moves = {place: (self.positions[place], version) for place, version in wanted.items()}
            request.revision += 1
            request.reviser = user
            request.approvals = set()

    def refresh(self) -> None:
        found = self.request()
        if found is None:
            return
        number, request = found
        _, done = self.write(change_requests.refresh_request, self.actors[self.user()], request_id=number)
        assert done is (request.state == "open")
        if done and self.is_outdated(request):
            request.moves = {
                place: (self.positions[place], to) for place, (_, to) in request.moves.items() if self.positions[place] != to
            }
            request.revision += 1
            request.approvals = set()

    def approve(self) -> None:
        found = self.request()
        if found is None:
            return
        number, request = found
        user, revision = self.user(), request.revision - (self.choose.random() < 0.1)
        _, done = self.write(change_requests.approve_request, self.actors[user], request_id=number, revision=revision)
        is_current = request.state == "open" and revision == request.revision and not self.is_outdated(request)
        assert done is (is_current and self.counts(request, user))
        if done:
            request.approvals.add(user)
            if request.merges_itself and self.needed(request) and self.given(request) >= self.needed(request):
                self.carry_out(request)

    def merge(self) -> None:
        found = self.request()
        if found is None:
            return
        number, request = found
        user = self.user()
        _, done = self.write(change_requests.merge_request, self.actors[user], request_id=number, revision=request.revision)
        has_approvals = self.given(request) >= self.needed(request)
        may = not self.is_protected(request) or self.rule is None or self.rule[1].role is Role.EDITOR or user >= 2
        assert done is (request.state == "open" and not self.is_outdated(request) and has_approvals and may)
        if done:
            self.carry_out(request)

    def close(self) -> None:
        found = self.request()
        if found is None or self.choose.random() < 0.7:
            return
        number, request = found
        user = self.user()
        _, done = self.write(change_requests.close_request, self.actors[user], request_id=number)
        assert done is (request.state == "open" and (user == request.author or user >= 2))
        if done:
            request.state = "closed"

    def carry_out(self, request: PlainRequest) -> None:
        for place, (_, version) in request.moves.items():
            self.moved(place, version)
        request.state = "merged"
        self.merged += 1

    def is_protected(self, request: PlainRequest) -> bool:
        return self.rule is not None and any(place[1] == "production" for place in request.moves)

    def is_outdated(self, request: PlainRequest) -> bool:
        return any(self.positions[place] != before for place, (before, _) in request.moves.items())

    def counts(self, request: PlainRequest, user: int) -> bool:
        """Return whether an approval by a user counts now."""
        if self.rule is None or not self.is_protected(request):
            # Without a rule there is nothing to be approved, but everybody may say so.
            return True
        rule = self.rule[1]
        # All texts are user 0's.
        writes = user == 0 and any(version is not None for _, version in request.moves.values())
        return (rule.role is Role.EDITOR or user >= 2) and (
            rule.own or (user not in {request.author, request.reviser} and not writes)
        )

    def needed(self, request: PlainRequest) -> int:
        return self.rule[1].approvals if self.rule is not None and self.is_protected(request) else 0

    def given(self, request: PlainRequest) -> int:
        return sum(self.counts(request, user) for user in request.approvals)

    def place(self) -> Place:
        return self.choose.choice(NAMES), self.choose.choice(LABELS)

    def user(self) -> int:
        return self.choose.randrange(4)

    def request(self) -> tuple[int, PlainRequest] | None:
        return self.choose.choice(list(self.requests.items())[-4:]) if self.requests else None

    def compare(self, *, with_ended: bool = False) -> None:
        """Compare all that can be read; requests that have ended stay as they are."""
        actor = self.actors[2]
        with self.registry.database.read() as tx:
            for (name, label), version in self.positions.items():
                found = prompts.fetch_prompt(tx, actor, name).prompt_labels
                assert {each.name: each.version for each in found}.get(label) == version
                if len(self.histories[name, label]) > 1:
                    history = labels.list_history(tx, actor, name=name, label=label, limit=1000)
                    moves = [(move.from_version, move.to_version) for move in reversed(history.moves)]
                    expected = self.histories[name, label]
                    assert moves == [*pairwise(expected)]
            compared = {number: each for number, each in self.requests.items() if with_ended or each.state == "open"}
            for number, request in compared.items():
                seen = change_requests.get_request(tx, actor, request_id=number)
                is_approved = request.state == "open" and 0 < self.needed(request) <= self.given(request)
                assert seen.state == ("approved" if is_approved else request.state)
                assert (seen.revision, seen.approvals_given, seen.approvals_needed) == (
                    request.revision,
                    self.given(request),
                    self.needed(request),
                )
                assert seen.is_outdated is (request.state == "open" and self.is_outdated(request))
            assert integrity_checks.list_problems(tx) == []


@pytest.mark.parametrize("seed", range(2))
def test_random_releases_do_the_same_as_in_a_plain_model(registry: Registry, seed: int) -> None:
    machine = Machine(registry, seed)
    for number in range(200):
        machine.step()
        if number % 10 == 0:
            machine.compare()
    machine.compare(with_ended=True)
    assert machine.merged > 3
    assert machine.refused > 30
