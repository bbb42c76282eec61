"""Prompts that a text can refer to, each with the labels and the version that a reference can select."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.assembly import Target, Targets
from promptuary.model.listing import RELEVANCE, Listing
from promptuary.model.prompts import Version
from promptuary.model.reference_checks import Ancestry, find_problem
from promptuary.model.reference_errors import InvalidReference, self_reference
from promptuary.model.references import Reference, tag_of
from promptuary.registry.references import load_dependents, load_targets
from promptuary.store import prompts
from promptuary.store.engine.database import Transaction
from promptuary.store.lists import pages

MAX_CHOICES = 10
"""Maximum prompts in an answer; a search finds the others."""

_MAX_LABELS = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to refer to a prompt, the version that it means now, and the reason why it is not allowed, empty if it is."""

    reference: Reference
    version: int
    problem: str

    @property
    def tag(self) -> str:
        """The tag that refers in this way."""
        return tag_of(self.reference)


@dataclass(frozen=True, slots=True)
class Referable:
    """A prompt and the ways to refer to it."""

    name: str
    choices: tuple[Choice, ...]

    @property
    def problem(self) -> str:
        """The reason why none of the ways is allowed, if it is the same for all."""
        problems = {choice.problem for choice in self.choices}
        return problems.pop() if len(problems) == 1 else ""


def list_choices(tx: Transaction, actor: Actor, *, search: str = "", parent: str = "") -> list[Referable]:
    """List prompts to which ``parent`` can refer, the best matches of a search first, else by name; it need not exist yet."""
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return []
    listing = Listing(
        limit=MAX_CHOICES + 1,
        search=search,
        order_by=RELEVANCE if search else "name",
        is_descending=False,
        with_content=False,
        in_any_order=True,
    )
    found = [version for version in pages.list_page(tx, actor.project_id, listing).items if version.name != parent][:MAX_CHOICES]
    ancestry = _ancestry(tx, actor, parent)
    return [Referable(version.name, tuple(_choices(tx, actor, version, ancestry))) for version in found]


def find_problems(tx: Transaction, actor: Actor, wanted: Sequence[Reference], *, parent: str = "") -> dict[Reference, str]:
    """Return why ``parent`` cannot refer to something as of now, by reference; empty texts if it can. It need not exist yet."""
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return dict.fromkeys(wanted, "")
    try:
        targets = load_targets(tx, actor.project_id, wanted)
    except InvalidReference as problem:
        return dict.fromkeys(wanted, str(problem))
    ancestry = _ancestry(tx, actor, parent)
    return {reference: _problem(reference, targets, ancestry, tx.reference_depth) for reference in wanted}


def _problem(reference: Reference, targets: Targets, ancestry: Ancestry, depth: int) -> str:
    if reference.name == ancestry.name:
        return str(self_reference(reference.name))
    found = find_problem(reference, targets, ancestry, depth=depth)
    return "" if found is None else str(found)


def _ancestry(tx: Transaction, actor: Actor, name: str) -> Ancestry:
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=name) if name and tx.reference_depth > 1 else None
    return Ancestry(name, {}) if prompt is None else load_dependents(tx, prompt).ancestry(name)


def _choices(tx: Transaction, actor: Actor, version: Version, ancestry: Ancestry) -> Iterator[Choice]:
    ways = {Reference(version.name, label=label.name): label.version for label in version.prompt_labels[:_MAX_LABELS]}
    ways[Reference(version.name, version=version.version)] = version.version
    try:
        targets: dict[Reference, Target] = load_targets(tx, actor.project_id, ways)
    except InvalidReference as problem:
        yield from (Choice(reference, number, str(problem)) for reference, number in ways.items())
        return
    for reference, number in ways.items():
        yield Choice(reference, number, _problem(reference, targets, ancestry, tx.reference_depth))
