"""The rules for references of a version that is about to be served: what it refers to, and who refers to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from promptuary.model import reference_errors as errors
from promptuary.model.assembly import Absence, Assembly, Part, Targets
from promptuary.model.content import MAX_BYTES
from promptuary.model.references import MAX_ALL_REFERENCES, MAX_DEPTH, MAX_REFERENCES, Reference, count_references, is_text

_ABSENCES = {
    Absence.PROMPT: errors.reference_not_found,
    Absence.VERSION: errors.reference_version_not_found,
    Absence.LABEL: errors.reference_label_not_found,
}


@dataclass(frozen=True)
class Ancestry:
    """The active prompts that refer to a prompt, directly or through others: by each name, the names that refer to it."""

    name: str
    parents: Mapping[str, frozenset[str]]

    @cached_property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset().union(*self.parents.values())

    @cached_property
    def longest(self) -> tuple[str, ...]:
        """Names of the longest chain that ends with the prompt, from its beginning on.

        It has at most one more name than a chain that is served; an import may have brought a longer one, or a circle.
        """
        # By the names on a level the name below, through which they refer to the prompt.
        levels: list[dict[str, str]] = [{self.name: ""}]
        while levels[-1] and len(levels) <= MAX_DEPTH + 1:
            levels.append({parent: name for name in sorted(levels[-1], reverse=True) for parent in self.parents.get(name, ())})
        names = [min(levels[-1] or levels[-2])]
        for level in reversed(levels[1 : len(levels) if levels[-1] else -1]):
            names.append(level[names[-1]])
        return tuple(names)

    def way_from(self, ancestor: str) -> tuple[str, ...]:
        """Return the names of a chain from an ancestor to the prompt, both included."""
        chains: dict[str, tuple[str, ...]] = {self.name: (self.name,)}
        pending = [self.name]
        for name in pending:
            for parent in sorted(self.parents.get(name, ())):
                if parent not in chains:
                    chains[parent] = (parent, *chains[name])
                    pending.append(parent)
        return chains[ancestor]


def check_number(content: str) -> None:
    """Raise `InvalidReference` if a content has more references than a version may have."""
    if len(count_references(content)) > MAX_REFERENCES:
        raise errors.too_many_references()


def check_written(content: str, targets: Targets, ancestry: Ancestry, *, depth: int) -> None:
    """Check the references of a content that a version of prompt ``ancestry.name`` is to have. Raises `InvalidReference`."""
    if count_references(content) and depth == 1 and ancestry.names:
        raise errors.referenced_cannot_reference(errors.listed(ancestry.names))
    check_served(content, targets, ancestry, depth=depth)


def check_served(content: str, targets: Targets, ancestry: Ancestry, *, depth: int) -> None:
    """Check that a content can be served with all that it refers to, as a version of prompt ``ancestry.name``.

    Raises `InvalidReference` for the first reference, in their order, that stands in the way.
    """
    references = count_references(content)
    for reference in sorted(references, key=lambda each: each.order):
        if reference.name == ancestry.name:
            raise errors.self_reference(reference.name)
        _check_target(reference, targets)
        _check_chains(reference, targets, ancestry, depth)
    if references:
        check_whole(Assembly(content, targets))


def find_problem(reference: Reference, targets: Targets, ancestry: Ancestry, *, depth: int) -> errors.InvalidReference | None:
    """Return why a reference of prompt ``ancestry.name`` cannot be resolved as of now, `None` if it can."""
    try:
        _check_target(reference, targets)
        _check_chains(reference, targets, ancestry, depth)
    except errors.InvalidReference as problem:
        return problem
    return None


def _check_target(reference: Reference, targets: Targets) -> Part:
    target = targets[reference]
    if isinstance(target, Absence):
        raise _ABSENCES[target](reference)
    if not is_text(target.content):
        raise errors.reference_not_text(reference)
    return target


def _check_chains(reference: Reference, targets: Targets, ancestry: Ancestry, depth: int) -> None:
    chains = list(_chains(reference, targets, (ancestry.name,)))
    for chain in chains:
        if chain[-1] in chain[:-1]:
            raise errors.reference_cycle(chain[chain.index(chain[-1]) :])
        if chain[-1] in ancestry.names:
            raise errors.reference_cycle((*chain, *ancestry.way_from(chain[-1])[1:]))
    longest = max(map(len, chains))
    if len(ancestry.longest) + longest - 2 > depth:
        raise errors.nested_reference(reference.name if longest > 2 else ancestry.longest[0], depth)  # noqa: PLR2004 - a chain of one


def _chains(
    reference: Reference, targets: Targets, above: tuple[str, ...], met: dict[Reference, int] | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield the names on the way to each part below a reference; to each once, or again where it is deeper."""
    met = {} if met is None else met
    chain = (*above, reference.name)
    if met.get(reference, 0) >= len(chain):
        return
    met[reference] = len(chain)
    yield chain
    if reference.name in above or len(chain) > MAX_DEPTH + 1:
        return
    for below in _check_target(reference, targets).references:
        yield from _chains(below, targets, chain, met)


def check_whole(assembly: Assembly) -> None:
    """Raise `InvalidReference` if a text with all its parts has too many references or is too large. All can be resolved."""
    if assembly.count > MAX_ALL_REFERENCES:
        raise errors.too_many_in_all()
    if assembly.size > MAX_BYTES:
        raise errors.assembled_too_large()
