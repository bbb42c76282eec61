"""Reading references: what a version refers to, and which versions refer to a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptuary.model.access import Actor, Permission
from promptuary.model.assembly import Part
from promptuary.model.dependents import Dependent
from promptuary.model.prompts import Version
from promptuary.model.reference_checks import Ancestry, find_problem
from promptuary.model.reference_errors import InvalidReference
from promptuary.model.references import Reference, count_references
from promptuary.registry.prompts import get_prompt
from promptuary.registry.references import load_dependents, load_targets
from promptuary.store import prompts, references
from promptuary.store.engine.database import Transaction

MAX_REFERENCED_BY = 100


@dataclass(frozen=True, slots=True)
class Parent:
    """A prompt that refers to another one, and the selector that it uses."""

    name: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class ReferenceState:
    """A reference of a version: the version that it means now, or the code of the problem with it."""

    reference: Reference
    resolved_version: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class DependentsPage:
    """A page of versions that refer to a prompt, and how many there are."""

    items: Sequence[Dependent]
    count: int


def list_parents(tx: Transaction, actor: Actor, *, name: str) -> list[Parent]:
    """List the prompts that refer to an active prompt by a version that is served, each with each selector once.

    At most `MAX_REFERENCED_BY`, ordered by name, label and version, pins behind labels. Raises `PromptNotFound`.
    """
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return []
    prompt = get_prompt(tx, actor, name)
    found = {Parent(row.name, row.reference) for row in load_dependents(tx, prompt).direct(name)}
    return sorted(found, key=_parent_order)[:MAX_REFERENCED_BY]


def list_references(tx: Transaction, actor: Actor, version: Version) -> list[ReferenceState]:
    """List the references of a version, in the order of first appearance."""
    actor.require(Permission.READ)
    found = count_references(version.content) if tx.reference_depth else {}
    if not found:
        return []
    try:
        targets = load_targets(tx, actor.project_id, found)
    except InvalidReference as refusal:
        return [ReferenceState(reference, None, refusal.code) for reference in found]
    prompt = prompts.find_prompt(tx, project_id=actor.project_id, name=version.name)
    is_deep = prompt is not None and tx.reference_depth > 1
    ancestry = load_dependents(tx, prompt).ancestry(version.name) if prompt and is_deep else Ancestry(version.name, {})
    states: list[ReferenceState] = []
    for reference in found:
        problem = find_problem(reference, targets, ancestry, depth=tx.reference_depth)
        target = targets[reference]
        resolved = target.version if problem is None and isinstance(target, Part) else None
        states.append(ReferenceState(reference, resolved, None if problem is None else problem.code))
    return states


def list_dependents(
    tx: Transaction,
    actor: Actor,
    *,
    name: str,
    label: str | None = None,
    version: int | None = None,
    with_inactive: bool = False,
    limit: int,
    offset: int = 0,
) -> DependentsPage:
    """List the versions that refer to a prompt, by name, newest first: those that are served, or all of active prompts.

    With ``label`` or ``version`` those that follow the label or pin the version. Raises `PromptNotFound`.
    """
    actor.require(Permission.READ)
    prompt = get_prompt(tx, actor, name)
    if not tx.reference_depth:
        return DependentsPage((), 0)
    if with_inactive:
        return DependentsPage(
            *references.list_all_dependents(tx, actor.project_id, name, label=label, version=version, limit=limit, offset=offset)
        )
    rows = [
        row
        for row in load_dependents(tx, prompt).direct(name)
        if label in {None, row.reference.label} and version in {None, row.reference.version}
    ]
    return DependentsPage(sorted(rows, key=_dependent_order)[offset : offset + limit], len(rows))


def _selector_order(reference: Reference) -> tuple[bool, str, int]:
    return reference.label is None, reference.label or "", reference.version or 0


def _parent_order(parent: Parent) -> tuple[str, tuple[bool, str, int]]:
    return parent.name, _selector_order(parent.reference)


def _dependent_order(row: Dependent) -> tuple[str, int, tuple[bool, str, int]]:
    return row.name, -row.version, _selector_order(row.reference)
