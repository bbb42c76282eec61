"""Receiving what was released in the pages, although the lock file is older than what was applied since.

A pull compares files with the lock. So the lock is brought up to date first: by the base of a file, it is known whether a text that
differs from the lock is an edit, or what the server got from the file itself. See `promptuary.sync.bases`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from promptuary.files import PARTS, Folder, FoundFile, Lock, LockEntry, hashes_of
from promptuary.remote import RemotePrompts, Row
from promptuary.sync.bases import Base, Known, ServerHistory, draft_of, find_base
from promptuary.sync.merging import Draft, Unmergeable, is_same, merge
from promptuary.sync.origins import digest_of, origin_of
from promptuary.sync.planning import find_archived, was_left
from promptuary.sync.pulling import PullStep
from promptuary.sync.sources import Source, is_there

_KEPT = "edited here, and not applied yet"


@dataclass(frozen=True, slots=True)
class Received:
    """A folder whose lock is up to date, and the names of files with edits that `apply` can merge with the server's version."""

    folder: Folder
    mergeable: frozenset[str] = field(default_factory=frozenset)

    def settled(self, steps: list[PullStep]) -> list[PullStep]:
        """Return the steps of a pull without questions: what would need consent is left, and edits that can be merged are kept."""
        return [self._settled(step.declined if step.needs_consent else step) for step in steps]

    def _settled(self, step: PullStep) -> PullStep:
        if step.pulled.action in {"conflict", "kept"} and step.pulled.name in self.mergeable:
            return replace(step, pulled=replace(step.pulled, action="kept", detail=_KEPT))
        return step


def receive(folder: Folder, lock: Lock, source: Source, prompts: RemotePrompts, known: Known) -> Received:
    """Bring the lock of a folder up to date with what was applied from its files. Writes nothing."""
    entries = dict(lock.entries)
    mergeable: set[str] = set()
    for name, found in folder.found.items():
        row, entry = source.rows.get(name), entries.get(name)
        if row is None or (entry is not None and found.is_like(entry)) or is_same(draft_of(found).parts, _draft(row).parts):
            continue
        history = ServerHistory(prompts, name, found.document.content)
        base = find_base(history, found, entry, known)
        if base is None:
            continue
        if _is_received(prompts, source, base, found, row):
            entries[name] = _entry(found, base.version, draft_of(found))
        elif is_same(draft_of(found).parts, base.draft.parts):
            # The file is ahead of the label.
            entries[name] = _entry(found, row.version, _draft(row))
            mergeable.add(name)
        else:
            entries[name] = _entry(found, base.version, base.draft)
            if _merged(base, found, row) is not None:
                mergeable.add(name)
    entries |= {entry.name: entry for entry in _archived(folder, source, prompts)}
    return Received(replace(folder, lock=replace(lock, entries=entries)), frozenset(mergeable))


def snapshot(path: Path) -> dict[str, str]:
    """Return the digests of all files that commands write in a folder, which show if something was written."""
    files = [*path.glob("*.md"), *path.glob("*.lock"), *(path / PARTS).glob("*.md")]
    return {str(file): sha256(file.read_bytes()).hexdigest() for file in files if file.is_file() and not file.is_symlink()}


def _is_received(prompts: RemotePrompts, source: Source, base: Base, found: FoundFile, row: Row) -> bool:
    """Return `True` if the version of the server has all that the file has, so that it can take the place of the file."""
    if not is_same(draft_of(found).parts, base.draft.parts):
        merged = _merged(base, found, row)
        return merged is not None and is_same(merged.parts, _draft(row).parts)
    if source.label is None or row.version > base.version:
        return True
    return was_left(prompts, row.name, source.label, base.version)


def _merged(base: Base, found: FoundFile, row: Row) -> Draft | None:
    if row.version < base.version:
        return None
    try:
        return merge(base.draft, _draft(row), draft_of(found))
    except Unmergeable:
        return None


def _archived(folder: Folder, source: Source, prompts: RemotePrompts) -> Iterator[LockEntry]:
    """Yield entries for files whose prompts were archived with the texts that they have."""
    absent = [name for name in folder.found if name not in source.rows and name not in source.unlabelled]
    archived = find_archived(prompts) if absent else {}
    for name in absent:
        found, row = folder.found[name], archived.get(name)
        origin = None if row is None else origin_of(row["version_description"])
        is_known = row is not None and origin is not None and origin.digest == digest_of(draft_of(found))
        if row is not None and is_known and not is_there(prompts, name):
            yield _entry(found, row["version"], draft_of(found))


def _entry(found: FoundFile, version: int, draft: Draft) -> LockEntry:
    hashes = hashes_of(draft.content, draft.config, draft.contract)
    return LockEntry(found.document.name, found.file, version, (), None, *hashes)


def _draft(row: Row) -> Draft:
    return Draft(row.content, row.config, row.contract)
