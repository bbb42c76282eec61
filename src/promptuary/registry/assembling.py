"""Assembling versions that are read: each reference gives way to the text of the version that it means at that moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from promptuary.model import reference_errors as errors
from promptuary.model.access import Actor, Permission
from promptuary.model.assembled_contracts import (
    DeclarationConflict,
    DeclaringText,
    assembled_contract,
    declaring_texts,
    list_conflicts,
)
from promptuary.model.assembly import Assembly, ServedReference, Target
from promptuary.model.content import text_of
from promptuary.model.outline import outline_of
from promptuary.model.prompts import Version
from promptuary.model.references import Reference, count_references
from promptuary.registry.references import load_targets
from promptuary.store import past, references
from promptuary.store.engine.database import Transaction


@dataclass(frozen=True, slots=True)
class AssembledVersion:
    """A version with the content, outline and contract that it has with all parts, and the parts in the order of their tags.

    ``served`` is `None` for a version that is shown with its tags.
    """

    version: Version
    served: tuple[ServedReference, ...] | None = None
    conflicts: tuple[DeclarationConflict, ...] = ()
    texts: Mapping[Reference, str] = field(default_factory=dict)
    """The assembled text of each reference of the version itself."""

    @property
    def names(self) -> frozenset[str]:
        """The names of all prompts whose changes may change the content."""
        return frozenset({self.version.name, *(each.part.name for each in self.served or ())})

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The ids of the versions that are parts, each once."""
        return tuple(dict.fromkeys(each.part.version_id for each in self.served or ()))


@dataclass(frozen=True, slots=True)
class AssembledPage:
    """The versions of a page, and those that could not be assembled."""

    versions: list[AssembledVersion]
    unresolved: list[tuple[Version, errors.UnresolvedReference]]


def unassembled(versions: Iterable[Version]) -> list[AssembledVersion]:
    """Return versions with their tags."""
    return [AssembledVersion(version) for version in versions]


def assemble_all(tx: Transaction, actor: Actor, versions: Iterable[Version], *, at: datetime | None = None) -> AssembledPage:
    """Assemble versions that were read in the same transaction; with ``at``, as of that moment."""
    page = AssembledPage([], [])
    known: dict[Reference, Target] = {}
    for version in versions:
        try:
            page.versions.append(assemble_version(tx, actor, version, known, at=at))
        except errors.UnresolvedReference as problem:
            page.unresolved.append((version, problem))
    return page


def assemble_version(
    tx: Transaction,
    actor: Actor,
    version: Version,
    known: dict[Reference, Target] | None = None,
    *,
    at: datetime | None = None,
) -> AssembledVersion:
    """Assemble a version that was read in the same transaction. Raises `UnresolvedReference`.

    ``known`` keeps the meaning of references from one version to the next. With ``at`` they mean what they meant at that moment.
    """
    actor.require(Permission.READ)
    if not tx.reference_depth:
        return AssembledVersion(version)
    counted = count_references(version.content)
    if not counted:
        return AssembledVersion(version, ())
    try:
        find_targets = references.find_targets if at is None else partial(past.find_targets, at=at)
        targets = load_targets(tx, actor.project_id, counted, known, find_targets=find_targets)
    except errors.InvalidReference as refusal:
        raise errors.UnusableReference(str(refusal), name=version.name) from None
    assembled = Assembly(version.content, targets).assemble(version.name)
    texts = declaring_texts(DeclaringText(version.name, version.content, version.variables_json), assembled.served)
    whole = replace(
        version,
        content=assembled.content,
        outline=outline_of(text_of(assembled.content)),
        variables_json=assembled_contract(texts),
    )
    return AssembledVersion(whole, assembled.served, tuple(list_conflicts(texts)), assembled.texts)
