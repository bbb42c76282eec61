"""State of each prompt of a folder, compared with the pulled version and with the server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptuary.files import Document, Folder, FoundFile, InvalidFile, Lock, LockedReference, LockEntry, hashes_of
from promptuary.remote import CURRENT, RemoteProject, Row
from promptuary.sync.merging import is_same
from promptuary.sync.origins import without_origin


@dataclass(frozen=True, slots=True)
class State:
    """``here`` is unchanged, edited, new, deleted or invalid; ``there`` says what the server has that was not pulled."""

    name: str
    file: str
    version: int | None
    here: str
    there: str = ""


def require_same_project(folder: Folder, project: RemoteProject) -> Lock:
    """Return the folder's lock, or a new one. Raises `InvalidFile` when it was pulled from another project.

    The project's uuid decides, if the server can be reached; without one, the address and the number do.
    """
    lock = folder.lock
    if lock is None:
        return new_lock(project)
    if not is_of(lock, project):
        raise InvalidFile(_other_project(folder, lock, project))
    return replace(lock, project_uuid=lock.project_uuid or project.uuid)


def new_lock(project: RemoteProject) -> Lock:
    """Return a lock of a project from which nothing was pulled."""
    return Lock(project.host, project.number, project_uuid=project.uuid)


def is_of(lock: Lock, project: RemoteProject) -> bool:
    """Return `True` if a lock is known to be of a project."""
    if lock.project_uuid is not None and project.uuid is not None:
        return lock.project_uuid == project.uuid
    return (lock.server, lock.project) == (project.host, project.number)


def _other_project(folder: Folder, lock: Lock, project: RemoteProject) -> str:
    yours = f"project {project.number} of {project.host}"
    if lock.project == CURRENT:
        return (
            f"The lock of {folder.path} names project {CURRENT}, which is another one for each account. The profile is of {yours}. "
            "If the files are of that project, run promptuary pull --rebind."
        )
    message = f"{folder.path} was pulled from project {lock.project} of {lock.server}, and the profile is of {yours}."
    if lock.project_uuid is None and lock.project == project.number:
        message = f"{message} If that is the same server at another address, run promptuary pull --rebind."
    return message


def list_states(folder: Folder, rows: Mapping[str, Mapping[str, Any]] | None, *, unlabelled: Collection[str] = ()) -> list[State]:
    """Return the states of all prompts by name; ``rows`` are the server's, `None` when it was not asked.

    Prompts that are ``unlabelled`` are on the server without the label that was pulled by.
    """
    names = sorted({*folder.entries, *folder.found, *(rows or ())})
    states = [_state(folder, name, rows, unlabelled) for name in names if here(folder, name) != "invalid"]
    return [*states, *(State("", file, None, "invalid", problem) for file, problem in sorted(folder.problems.items()))]


def here(folder: Folder, name: str) -> str:
    """Return the state of a prompt's file, compared with the pulled version."""
    entry, found = folder.entries.get(name), folder.found.get(name)
    if found is None:
        return "" if entry is None else "invalid" if entry.file in folder.problems else "deleted"
    if entry is None:
        return "new"
    return "unchanged" if found.is_like(entry) else "edited"


def entry_of(row: Row, file: str, references: tuple[LockedReference, ...]) -> LockEntry:
    """Return what the lock keeps of a version."""
    hashes = hashes_of(row.content, row.config, row.contract)
    return LockEntry(row.name, file, row.version, tuple(row.own_labels), without_origin(row.description), *hashes, references)


def document_of(row: Row, found: FoundFile | None, *, is_shared: bool = False) -> Document:
    """Return the file's document of a version; names that are declared in the file only stay.

    A file that environments share has no version and no labels, and keeps its description as long as its contents.
    """
    own = found.document if found else None
    variables = None if own is None or row.contract is not None else own.variables
    version: int | None = row.version
    labels, description = tuple(row.own_labels), without_origin(row.description)
    if is_shared:
        version, labels = None, ()
        if own is not None and is_same(own.parts, [row.content, row.config, row.contract]):
            description = own.description
    return Document(row.name, row.content, row.config, version, labels, description, variables, row.contract)


def _state(folder: Folder, name: str, rows: Mapping[str, Mapping[str, Any]] | None, unlabelled: Collection[str]) -> State:
    entry, found = folder.entries.get(name), folder.found.get(name)
    file = found.file if found else entry.file if entry else ""
    version = entry.version if entry else None
    if rows is None:
        return State(name, file, version, here(folder, name))
    row = rows.get(name)
    if row is None:
        there = "" if entry is None else "without the label" if name in unlabelled else "no longer there"
    elif entry is None or row["version"] != entry.version:
        there = f"version {row['version']}"
    else:
        there = ""
    return State(name, file, version, here(folder, name), there)
