"""Comparison of files with the versions that were pulled."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from promptuary.files import Document, Folder, FoundFile, LockEntry
from promptuary.model.assembly import Part, Targets
from promptuary.model.json_text import dump_indented
from promptuary.model.reference_errors import UnresolvedReference
from promptuary.remote import RemoteError, RemotePrompts
from promptuary.sync.assembling import assemble, is_resolved
from promptuary.sync.merging import Draft, Unmergeable, value_of
from promptuary.sync.parts import ServerParts


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt's version that was pulled and its file; either may be `None`."""

    name: str
    version: int | None
    old: Draft | None
    new: Draft | None


def list_differences(folder: Folder, prompts: RemotePrompts, names: Collection[str]) -> Iterator[Difference]:
    """Go through the prompts that were edited, made or deleted; with ``names``, only those."""
    for name in sorted({*folder.entries, *folder.found}):
        entry, found = folder.entries.get(name), folder.found.get(name)
        is_unread = entry is not None and found is None and entry.file in folder.problems
        if (names and name not in names) or is_unread or (entry and found and found.is_like(entry)):
            continue
        old = None
        if entry is not None:
            answer = prompts.resolve(name, version=entry.version)["prompt"]
            try:
                old = Draft(value_of(answer["prompt"], entry.sha256), answer["config"], answer.get("variables"))
            except Unmergeable as reason:
                raise RemoteError(f"{name}: {reason}.") from None
        yield Difference(name, entry.version if entry else None, old, _draft_of(found))


@dataclass(frozen=True, slots=True)
class AssembledDifference:
    """A prompt's assembled text as it was pulled, and that of its file with what its references mean now.

    ``moves`` has a phrase for each part that is another version now, such as ``tone moved from v2 to v3``.
    """

    difference: Difference
    is_edited: bool
    moves: tuple[str, ...]


def list_assembled_differences(
    folder: Folder, prompts: RemotePrompts, server: ServerParts, names: Collection[str]
) -> Iterator[AssembledDifference]:
    """Go through the prompts whose assembled text differs from that which was pulled."""
    edited = {each.name: each for each in list_differences(folder, prompts, names)}
    for name in sorted({*folder.entries, *folder.found}):
        entry, found = folder.entries.get(name), folder.found.get(name)
        raw = edited.get(name)
        if raw is None and (entry is None or found is None or not entry.references or (names and name not in names)):
            continue
        before = raw.old if raw else _draft_of(found)
        after = _draft_of(found)
        old_targets = server.pulled_targets(entry) if entry else {}
        new_targets = server.current_targets(after.content) if after and found and is_resolved(folder, found) else {}
        old, new = _assembled(name, before, old_targets), _assembled(name, after, new_targets)
        moves = tuple(_moves(entry, new_targets)) if entry and after else ()
        if raw is not None or old != new or moves:
            version = entry.version if entry else None
            yield AssembledDifference(Difference(name, version, old, new), raw is not None, moves)


def _draft_of(found: FoundFile | None) -> Draft | None:
    document = found.document if found else None
    return None if document is None else Draft(document.content, document.config, document.contract)


def _assembled(name: str, draft: Draft | None, targets: Targets) -> Draft | None:
    if draft is None or not targets:
        return draft
    try:
        whole = assemble(Document(name, draft.content, contract=draft.contract), targets)
    except UnresolvedReference as error:
        raise RemoteError(f"{name}: {error}") from None
    return Draft(whole.content, draft.config, whole.contract)


def _moves(entry: LockEntry, targets: Targets) -> Iterator[str]:
    phrases: dict[str, None] = {}
    for each in entry.references:
        target = targets.get(each.reference)
        now = target.version if isinstance(target, Part) else None
        if each.reference in targets and now != each.resolved_version:
            was = "nothing" if each.resolved_version is None else f"v{each.resolved_version}"
            phrases[f"{each.name} moved from {was} to v{now}"] = None
    yield from phrases


def readable(content: object) -> str:
    """Return a content as people compare it: JSON with a value a line."""
    return content if isinstance(content, str) else dump_indented(content)
