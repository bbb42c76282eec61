"""Assembled prompts of a folder: the texts of files with those of their parts, without a server.

A file that is what was pulled has the parts that the lock says. In one that was edited, a label means what the lock knows of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptuary.files import Document, Folder, FoundFile, InvalidFile, LockedReference
from promptuary.model.assembled_contracts import (
    DeclarationConflict,
    DeclaringText,
    assembled_contract,
    declaring_texts,
    list_conflicts,
)
from promptuary.model.assembly import Absence, Assembly, Part, ServedReference, Target, Targets
from promptuary.model.contracts import encode_contract
from promptuary.model.json_text import dump, parse
from promptuary.model.reference_checks import Ancestry, check_number, check_served
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.model.references import MAX_DEPTH, Reference, count_references
from promptuary.sync.parts import part_of


@dataclass(frozen=True, slots=True)
class AssembledFile:
    """A content and a contract with all parts. ``references`` are as a fetch lists them."""

    content: object
    contract: dict[str, Any] | None
    references: tuple[ServedReference, ...] = ()
    conflicts: tuple[DeclarationConflict, ...] = ()


def is_resolved(folder: Folder, found: FoundFile) -> bool:
    """Return `True` if tags of a file are references. In a version of a server without references they are text."""
    if not count_references(dump(found.document.content)):
        return False
    entry = folder.entries.get(found.document.name)
    return entry is None or bool(entry.references) or not found.is_like(entry)


def assemble_file(folder: Folder, found: FoundFile) -> AssembledFile:
    """Return a file with all parts. Raises `InvalidFile` if a reference stands in the way."""
    document = found.document
    if not is_resolved(folder, found):
        return AssembledFile(document.content, document.contract)
    try:
        return assemble(document, find_targets(folder, found))
    except UnresolvedReference as error:
        raise InvalidFile(f"{folder.path / found.file}: {error} Run promptuary verify.") from None


def assemble(document: Document, targets: Targets) -> AssembledFile:
    """Return a document with its parts. Raises `UnresolvedReference`."""
    stored = dump(document.content)
    assembled = Assembly(stored, targets).assemble(document.name)
    texts = declaring_texts(DeclaringText(document.name, stored, encode_contract(document.contract)), assembled.served)
    contract = assembled_contract(texts)
    declared = None if contract is None else json.loads(contract)
    return AssembledFile(parse(assembled.content), declared, assembled.served, tuple(list_conflicts(texts)))


def check_references(folder: Folder, found: FoundFile) -> None:
    """Raise `InvalidReference` for the first reference of a file that cannot be served with it."""
    stored = dump(found.document.content)
    check_number(stored)
    check_served(stored, find_targets(folder, found), Ancestry(found.document.name, {}), depth=MAX_DEPTH)


def find_targets(folder: Folder, found: FoundFile) -> Targets:
    """Return the meaning of the references of a file, and of those of its parts."""
    entry = folder.entries.get(found.document.name)
    own = {each.reference: each for each in entry.references} if entry else {}
    others = {each.reference: each for known in folder.entries.values() for each in known.references}
    targets: dict[Reference, Target] = {}
    pending = list(count_references(dump(found.document.content)))
    for reference in pending:
        if reference not in targets:
            targets[reference] = target = _target(folder, reference, own, others)
            pending += target.references if isinstance(target, Part) else ()
    return targets


def _target(
    folder: Folder,
    reference: Reference,
    own: Mapping[Reference, LockedReference],
    others: Mapping[Reference, LockedReference],
) -> Target:
    if reference in own:
        version = own[reference].resolved_version
        return Absence.VERSION if version is None else _exact(folder, reference.name, version) or Absence.VERSION
    version = _version_of(folder, reference, others)
    part = None if version is None else _exact(folder, reference.name, version)
    if part is not None:
        return part
    is_known = reference.name in folder.found or any(name == reference.name for name, _ in folder.parts)
    # Another version of a prompt that is known: the server decides about it.
    return Part(reference.name, version or 1, f"{reference}", dump("")) if is_known else Absence.PROMPT


def _version_of(folder: Folder, reference: Reference, others: Mapping[Reference, LockedReference]) -> int | None:
    entry = folder.entries.get(reference.name)
    if reference.label is None:
        return reference.version
    if entry is not None and reference.label in entry.labels:
        return entry.version
    return others[reference].resolved_version if reference in others else None


def _exact(folder: Folder, name: str, version: int) -> Part | None:
    entry, found = folder.entries.get(name), folder.found.get(name)
    if found is not None and version == (entry.version if entry else 1):
        return part_of(found.document)
    document = folder.parts.get((name, version))
    return None if document is None else part_of(document)
