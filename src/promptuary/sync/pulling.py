"""Taking prompts from a server into files. What was edited in a file is not lost, unless that is asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from promptuary.files import (
    Folder,
    FoundFile,
    Lock,
    LockEntry,
    choose_file_name,
    remove_prompt_file,
    render_document,
    write_lock,
    write_prompt_file,
)
from promptuary.remote import Row
from promptuary.sync.merging import is_same
from promptuary.sync.states import document_of, entry_of


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of a prompt. ``action`` is new, updated, unchanged, removed, kept, restored or conflict."""

    name: str
    file: str
    version: int
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    pulled: Pulled
    entry: LockEntry | None
    data: bytes | None = None
    """What to write, if anything."""


def pull(folder: Folder, rows: Iterable[Row], lock: Lock, *, is_forced: bool, keeps_mine: bool) -> list[Pulled]:
    """Write files and the lock, and return what became of each prompt.

    Files come first: after an interruption, those that are ahead of the lock are found to be what the server has.
    ``is_forced`` overwrites what was edited; ``keeps_mine`` keeps it and takes what the server has as seen.
    """
    by_name = {row.name: row for row in rows}
    taken = {*(entry.file for entry in folder.entries.values()), *folder.files}
    steps: list[_Step] = []
    for name in sorted(by_name):
        step = _taken(folder, by_name[name], taken, is_forced=is_forced, keeps_mine=keeps_mine)
        taken.add(step.pulled.file)
        steps.append(step)
    steps += _gone(folder, by_name.keys(), is_forced=is_forced, keeps_mine=keeps_mine)
    for step in steps:
        if step.data is not None:
            write_prompt_file(folder.path, step.pulled.file, step.data)
        elif step.pulled.action == "removed":
            remove_prompt_file(folder.path, step.pulled.file)
    entries = {step.entry.name: step.entry for step in steps if step.entry is not None}
    write_lock(folder.path, replace(lock, entries=entries))
    return [step.pulled for step in steps]


def _taken(folder: Folder, row: Row, taken: set[str], *, is_forced: bool, keeps_mine: bool) -> _Step:
    entry, found = folder.entries.get(row.name), folder.found.get(row.name)
    file = found.file if found else entry.file if entry else choose_file_name(row.name, taken)
    document = document_of(row, found)
    new = entry_of(row, file)

    def step(action: str, detail: str = "", *, kept: LockEntry | None = new, writes: bool = False) -> _Step:
        return _Step(Pulled(row.name, file, row.version, action, detail), kept, render_document(document) if writes else None)

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
    return (entry.version, entry.sha256, entry.config_sha256)


def _is_row(found: FoundFile, row: Row) -> bool:
    return is_same([found.document.content, found.document.config], [row.content, row.config])


def _state(folder: Folder, file: str, found: FoundFile | None) -> str:
    if found is not None:
        return "edited here"
    return "not readable" if file in folder.problems else "deleted here"


def _gone(folder: Folder, present: Iterable[str], *, is_forced: bool, keeps_mine: bool) -> Iterator[_Step]:
    """Return the steps of prompts that were pulled and that the server does not have any more."""
    for name, entry in sorted(folder.entries.items()):
        if name in set(present):
            continue
        found = folder.found.get(name)
        file = found.file if found else entry.file
        is_there = found is not None or file in folder.problems
        is_edited = file in folder.problems or (found is not None and not found.is_like(entry))
        if keeps_mine and is_edited:
            yield _Step(Pulled(name, file, entry.version, "kept", "no longer on the server; a push creates it"), None)
        elif is_edited and not is_forced:
            yield _Step(Pulled(name, file, entry.version, "conflict", "edited here and no longer on the server"), entry)
        elif is_there:
            yield _Step(Pulled(name, file, entry.version, "removed", "no longer on the server"), None)
