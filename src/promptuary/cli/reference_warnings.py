"""References in commands on prompts: which prompts a move of a label changes, and variables that are declared differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from promptuary.cli.output import say
from promptuary.files import Document
from promptuary.model.assembled_contracts import DeclarationConflict
from promptuary.model.json_text import dump
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.model.references import MAX_DEPTH, count_references
from promptuary.remote import Missing, RemotePrompts
from promptuary.sync import ServerParts
from promptuary.sync.assembling import AssembledFile, assemble

_MAX_CHECKED = 20
_MAX_NAMED = 20
_MAX_CONFLICTS = 20


@dataclass(frozen=True, slots=True)
class Served:
    """A version that programs can fetch by its labels, or as the latest one."""

    name: str
    version: int
    labels: tuple[str, ...] = ()


def find_affected(prompts: RemotePrompts, name: str, label: str) -> list[Served]:
    """Return the versions in use whose texts change if a label moves, at all levels, by name."""
    found: dict[tuple[str, int], Served] = {}
    pending = _referring(prompts, Served(name, 0, (label,)))
    for _ in range(MAX_DEPTH):
        new = [each for each in pending if (each.name, each.version) not in found]
        found |= {(each.name, each.version): each for each in new}
        pending = [parent for each in new for parent in _referring(prompts, each)]
    return [found[key] for key in sorted(found)]


def named(affected: Iterable[str]) -> str:
    """Return the names of prompts as a sentence lists them."""
    names = sorted(set(affected))
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more


def warn_of_conflicts(prompts: RemotePrompts, name: str, content: object, contract: Any) -> object:  # noqa: ANN401 - JSON
    """Warn of variables that a published version and its parts declare differently; return its content with all parts."""
    if not count_references(dump(content)):
        return content
    whole = _assembled(ServerParts(prompts), Document(name, content, contract=contract))
    _say_conflicts(whole.conflicts)
    return whole.content


def warn_of_move(prompts: RemotePrompts, name: str, label: str, version: int, affected: Iterable[Served]) -> None:
    """Warn of variables that are declared differently after a label has moved, in prompts that it changes."""
    server = ServerParts(prompts)
    server.assume(name, label, version)
    found: list[DeclarationConflict] = []
    for each in islice([Served(name, version), *affected], _MAX_CHECKED):
        document = server.document(each.name, each.version)
        conflicts = () if document is None else _assembled(server, document).conflicts
        found += [conflict for conflict in conflicts if name in {conflict.first, conflict.second}]
    _say_conflicts(found)


def _referring(prompts: RemotePrompts, part: Served) -> list[Served]:
    try:
        rows = prompts.list_dependents(part.name)
    except Missing:
        # A server without references.
        return []
    return [
        Served(row["name"], row["version"], tuple(row["labels"]))
        for row in rows
        if row["reference"]["label"] in part.labels or row["reference"]["version"] == part.version
    ]


def _assembled(server: ServerParts, document: Document) -> AssembledFile:
    try:
        return assemble(document, server.current_targets(document.content))
    except UnresolvedReference:
        # A server whose references are switched off accepts such a version.
        return AssembledFile(document.content, document.contract)


def _say_conflicts(conflicts: Iterable[DeclarationConflict]) -> None:
    for conflict in islice(dict.fromkeys(conflicts), _MAX_CONFLICTS):
        say(f"Warning: {conflict}", err=True)
