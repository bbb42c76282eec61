"""Taking prompts from a server into files. What was edited in a file is not lost, unless that is asked for.

A pull is planned first, and then performed. Steps that remove what only the folder has, or what the server still has, are marked:
people are asked before they are performed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from promptuary.files import (
    Document,
    Folder,
    FoundFile,
    Lock,
    LockEntry,
    PartKey,
    choose_file_name,
    remove_prompt_file,
    render_document,
    write_lock,
    write_parts,
    write_prompt_file,
)
from promptuary.remote import Row
from promptuary.sync.merging import is_same
from promptuary.sync.parts import ServerParts, keep_parts, needed_parts
from promptuary.sync.sources import Source
from promptuary.sync.states import document_of, entry_of


@dataclass(frozen=True, slots=True)
class Pulled:
    """Result for a prompt. ``action`` is new, updated, unchanged, removed, kept, left, restored or conflict."""

    name: str
    file: str
    version: int
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PullStep:
    """Planned step for a prompt, and its entry in the lock file afterwards."""

    pulled: Pulled
    entry: LockEntry | None
    data: bytes | None = None
    """Text to write, if any."""
    kept: LockEntry | None = None
    """Entry of the lock file if a step that needs consent does not get it."""

    @property
    def needs_consent(self) -> bool:
        """`True` if the user has to confirm."""
        return self.kept is not None

    @property
    def declined(self) -> "PullStep":
        """The step that leaves everything as it is."""
        return PullStep(replace(self.pulled, action="left"), self.kept)


def plan_pull(folder: Folder, source: Source, *, is_forced: bool, keeps_mine: bool, is_elsewhere: bool = False) -> list[PullStep]:
    """Return what there is to do with each prompt. Nothing is written.

    ``is_forced`` overwrites what was edited; ``keeps_mine`` keeps it and takes what the server has as seen; ``is_elsewhere`` says
    that the folder was pulled from another project.
    """
    taken = {*(entry.file for entry in folder.entries.values()), *folder.files}
    steps: list[PullStep] = []
    for name in sorted(source.rows):
        step = _taken(folder, source, name, taken, is_forced=is_forced, keeps_mine=keeps_mine)
        taken.add(step.pulled.file)
        steps.append(step)
    for name, entry in sorted(folder.entries.items()):
        if name in source.unlabelled:
            steps += _unlabelled(folder, entry, source.label or "", is_forced=is_forced)
        elif name not in source.rows:
            steps += _gone(folder, entry, is_forced=is_forced, keeps_mine=keeps_mine, is_elsewhere=is_elsewhere)
    return steps


def read_kept_parts(folder: Folder, steps: Sequence[PullStep], server: ServerParts) -> dict[PartKey, Document]:
    """Return the versions that belong beside the files, also if steps that need consent do not get it."""
    outcomes = (steps, [step.declined if step.needs_consent else step for step in steps])
    kept: dict[PartKey, Document] = {}
    for outcome in outcomes:
        kept |= keep_parts(folder, [step.entry for step in outcome if step.entry is not None], server)
    return kept


def perform_pull(folder: Folder, steps: Sequence[PullStep], lock: Lock, parts: Mapping[PartKey, Document]) -> list[Pulled]:
    """Write files and the lock, and return what became of each prompt. ``parts`` are those of `read_kept_parts`.

    Files come first: after an interruption, those that are ahead of the lock are found to be what the server has.
    """
    for step in steps:
        if step.data is not None:
            write_prompt_file(folder.path, step.pulled.file, step.data)
        elif step.pulled.action == "removed":
            remove_prompt_file(folder.path, step.pulled.file)
    entries = {step.entry.name: step.entry for step in steps if step.entry is not None}
    needed = [(each.name, each.resolved_version or 0) for each in needed_parts(entries.values())]
    write_parts(folder.path, [parts[key] for key in needed if key in parts])
    write_lock(folder, replace(lock, entries=entries))
    return [step.pulled for step in steps]


def _taken(folder: Folder, source: Source, name: str, taken: set[str], *, is_forced: bool, keeps_mine: bool) -> PullStep:
    row = source.rows[name]
    entry, found = folder.entries.get(row.name), folder.found.get(row.name)
    file = found.file if found else entry.file if entry else choose_file_name(row.name, taken)
    document = document_of(row, found, is_shared=folder.is_shared)
    new = entry_of(row, file, source.references.get(name, ()))

    def step(action: str, detail: str = "", *, kept: LockEntry | None = new, writes: bool = False) -> PullStep:
        return PullStep(Pulled(row.name, file, row.version, action, detail), kept, render_document(document) if writes else None)

    if found is None and entry is None:
        return step("new", writes=True)
    is_server_ahead = entry is None or _facts(entry) != _facts(new)
    if found is None or (not _is_row(found, row) and (entry is None or not found.is_like(entry))):
        if is_forced:
            return step("restored", writes=True)
        if keeps_mine:
            return step("kept", _state(folder, file, found))
        action = "conflict" if is_server_ahead else "kept"
        return step(action, _state(folder, file, found), kept=entry)
    if found.document == document:
        return step("unchanged")
    return step("updated" if is_server_ahead else "unchanged", writes=True)


def _facts(entry: LockEntry) -> tuple[object, ...]:
    return (entry.version, *entry.hashes)


def _is_row(found: FoundFile, row: Row) -> bool:
    document = found.document
    return is_same([document.content, document.config, document.contract], [row.content, row.config, row.contract])


def _state(folder: Folder, file: str, found: FoundFile | None) -> str:
    if found is not None:
        return "edited here"
    return "not readable" if file in folder.problems else "deleted here"


def _unlabelled(folder: Folder, entry: LockEntry, label: str, *, is_forced: bool) -> Iterator[PullStep]:
    """Return the step of a prompt that was pulled, is on the server, and does not have the label."""
    found = folder.found.get(entry.name)
    file = found.file if found else entry.file
    detail = f"does not have the label '{label}'"
    if _is_edited(folder, entry) and not is_forced:
        yield PullStep(Pulled(entry.name, file, entry.version, "kept", f"edited here, and {detail}"), entry)
    elif found is not None or file in folder.problems:
        yield PullStep(Pulled(entry.name, file, entry.version, "removed", detail), None, kept=entry)


def _gone(folder: Folder, entry: LockEntry, *, is_forced: bool, keeps_mine: bool, is_elsewhere: bool) -> Iterator[PullStep]:
    """Return the step of a prompt that was pulled and that the server does not have any more."""
    found = folder.found.get(entry.name)
    file = found.file if found else entry.file
    is_edited = _is_edited(folder, entry)
    detail = "not in this project" if is_elsewhere else "no longer on the server"
    if keeps_mine and is_edited:
        yield PullStep(Pulled(entry.name, file, entry.version, "kept", f"{detail}; a push creates it"), None)
    elif is_edited and not is_forced:
        yield PullStep(Pulled(entry.name, file, entry.version, "conflict", f"edited here and {detail}"), entry)
    elif found is not None or file in folder.problems:
        # The server cannot bring back what a file declares, nor what is in another project.
        has_more = found is not None and found.document.variables is not None
        if has_more:
            detail = f"{detail}; the file declares variables"
        kept = entry if is_elsewhere or (has_more and not is_forced) else None
        yield PullStep(Pulled(entry.name, file, entry.version, "removed", detail), None, kept=kept)


def _is_edited(folder: Folder, entry: LockEntry) -> bool:
    found = folder.found.get(entry.name)
    return entry.file in folder.problems or (found is not None and not found.is_like(entry))
