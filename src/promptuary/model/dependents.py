"""Dependents: the versions that refer to a prompt, directly or through others, and are served.

A version is served while its prompt is active and it is the latest one, has a label, or is pinned by a version that is served.
Other versions protect nothing and are affected by nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from promptuary.model.reference_checks import Ancestry
from promptuary.model.reference_errors import listed
from promptuary.model.references import MAX_DEPTH, Reference

MAX_AFFECTED = 1000
"""Maximum names of affected prompts that a change tells of."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """A version of an active prompt, the parent, with one of its references. ``labels`` are those that point at the version."""

    prompt_id: str
    name: str
    version_id: str
    version: int
    is_latest: bool
    labels: tuple[str, ...]
    reference: Reference
    occurrences: int

    def is_meant_by(self, reference: Reference) -> bool:
        """Return `True` if a reference means this version."""
        if reference.name != self.name:
            return False
        return reference.version == self.version if reference.label is None else reference.label in self.labels


@dataclass(frozen=True)
class Dependents:
    """Rows of versions that refer to a prompt, of versions that refer to these, and so on, as far as they may be served."""

    rows: Sequence[Dependent]

    def direct(self, name: str, *, label: str | None = None) -> list[Dependent]:
        """List the served versions that refer to a prompt, or that follow one of its labels. A prompt does not depend on itself."""
        return [
            row
            for row in self._by_name[name]
            if row.name != name and row.version_id in self._served and label in {None, row.reference.label}
        ]

    def all(self, name: str, *, label: str | None = None) -> list[Dependent]:
        """List what `direct` does, and all served versions above."""
        found = {row.version_id: row for row in self.direct(name, label=label)}
        pending = list(found.values())
        for row in pending:
            for above in self._above(row):
                if above.version_id in self._served and above.version_id not in found and above.name != name:
                    found[above.version_id] = above
                    pending.append(above)
        return list(found.values())

    def ancestry(self, name: str) -> Ancestry:
        """Return by name which prompts refer to a prompt, through whichever of their versions."""
        parents: defaultdict[str, set[str]] = defaultdict(set)
        pending, seen = [name], {name}
        for each in pending:
            above = {row.name for row in self.direct(each)}
            parents[each] |= above
            pending += sorted(above - seen)
            seen |= above
        return Ancestry(name, {each: frozenset(names) for each, names in parents.items()})

    @cached_property
    def _by_name(self) -> defaultdict[str, list[Dependent]]:
        by_name: defaultdict[str, list[Dependent]] = defaultdict(list)
        for row in self.rows:
            by_name[row.reference.name].append(row)
        return by_name

    @cached_property
    def _served(self) -> frozenset[str]:
        """Ids of versions."""
        served = {row.version_id for row in self.rows if row.is_latest or row.labels}
        # What is pinned only is served if what pins it is, which may be pinned, too.
        for _ in range(MAX_DEPTH):
            pinned = {
                row.version_id
                for row in self.rows
                if row.version_id not in served and any(above.version_id in served for above in self._above(row))
            }
            served |= pinned
        return frozenset(served)

    def _above(self, row: Dependent) -> Iterable[Dependent]:
        return (above for above in self._by_name[row.name] if row.is_meant_by(above.reference))


def names_of(dependents: Iterable[Dependent]) -> tuple[str, ...]:
    """Return the names of prompts, different and sorted, as many as an error lists."""
    return listed(dependent.name for dependent in dependents)


def affected_by(dependents: Iterable[Dependent]) -> tuple[str, ...]:
    """Return the names of prompts, different and sorted, as many as a change tells of."""
    return tuple(sorted({dependent.name for dependent in dependents})[:MAX_AFFECTED])
