"""References that cannot be resolved as of now, in versions that are in use. Imports and upgrades may leave some."""

from collections.abc import Iterator
from dataclasses import dataclass

from promptuary.model.assembly import Target
from promptuary.model.reference_checks import Ancestry, find_problem
from promptuary.model.reference_errors import InvalidReference
from promptuary.model.references import MAX_DEPTH, Reference, tag_of
from promptuary.registry.references import batches_of, load_targets
from promptuary.store import projects, references
from promptuary.store.engine.database import Transaction

MAX_UNRESOLVED = 100


@dataclass(frozen=True, slots=True)
class UnresolvedTag:
    """A version of an active prompt, its tag that cannot be resolved, and the code and the sentence that say why."""

    name: str
    version: int
    reference: Reference
    code: str
    detail: str

    @property
    def tag(self) -> str:
        """The tag as it is written."""
        return tag_of(self.reference)


def list_unresolved(tx: Transaction, project_id: int, *, limit: int = MAX_UNRESOLVED) -> list[UnresolvedTag]:
    """List the references of a project that cannot be resolved, in versions that are the latest or have a label.

    They are ordered by name, version and reference. Nothing is checked for permission: callers show what they may read.
    """
    if not tx.reference_depth:
        return []
    problems = dict(_problems(tx, project_id))
    found = [
        UnresolvedTag(row.name, row.version, row.reference, problems[row.reference].code, str(problems[row.reference]))
        for batch in batches_of(sorted({reference.name for reference in problems}))
        for row in references.list_dependents(tx, project_id, batch)
        if row.reference in problems and (row.is_latest or row.labels)
    ]
    return sorted(found, key=lambda each: (each.name, each.version, each.reference.order))[:limit]


def list_unresolved_of_all(tx: Transaction) -> list[tuple[int, UnresolvedTag]]:
    """Do what `list_unresolved` does for all projects, each with its id; at most `MAX_UNRESOLVED`."""
    found: list[tuple[int, UnresolvedTag]] = []
    for project in projects.list_projects(tx, limit=_MAX_PROJECTS):
        found += [(project.id, each) for each in list_unresolved(tx, project.id, limit=MAX_UNRESOLVED - len(found))]
        if len(found) >= MAX_UNRESOLVED:
            break
    return found


_MAX_PROJECTS = 10_000


def _problems(tx: Transaction, project_id: int) -> Iterator[tuple[Reference, InvalidReference]]:
    for batch in batches_of(references.list_referenced(tx, project_id)):
        # What some references have in common is read once, and not all contents are in memory.
        known: dict[Reference, Target] = {}
        for reference in batch:
            problem = _problem(tx, project_id, reference, known)
            if problem is not None:
                yield reference, problem


def _problem(tx: Transaction, project_id: int, reference: Reference, known: dict[Reference, Target]) -> InvalidReference | None:
    try:
        targets = load_targets(tx, project_id, [reference], known)
    except InvalidReference as problem:
        return problem
    return find_problem(reference, targets, Ancestry("", {}), depth=MAX_DEPTH)
