"""How each prompt of a folder stands: to what was pulled, and to what the server has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptuary.files import Document, Folder, FoundFile, InvalidFile, Lock, LockEntry, config_sha256, content_sha256
from promptuary.remote import Profile, Row


@dataclass(frozen=True, slots=True)
class State:
    """``here`` is unchanged, edited, new, deleted or invalid; ``there`` says what the server has that was not pulled."""

    name: str
    file: str
    version: int | None
    here: str
    there: str = ""


def require_same_server(folder: Folder, profile: Profile) -> Lock:
    """Return the folder's lock, or a new one. Raises `InvalidFile` when it was pulled from elsewhere."""
    lock = folder.lock
    if lock is None:
        return Lock(profile.host, profile.project)
    if (lock.server, lock.project) != (profile.host, profile.project):
        raise InvalidFile(
            f"{folder.path} was pulled from project {lock.project} of {lock.server}, "
            f"and the profile is of project {profile.project} of {profile.host}."
        )
    return lock


def list_states(folder: Folder, rows: Mapping[str, Mapping[str, Any]] | None) -> list[State]:
    """Return the states of all prompts by name; ``rows`` are the server's, `None` when it was not asked."""
    names = sorted({*folder.entries, *folder.found, *(rows or ())})
    states = [_state(folder, name, rows) for name in names if here(folder, name) != "invalid"]
    return [*states, *(State("", file, None, "invalid", problem) for file, problem in sorted(folder.problems.items()))]


def here(folder: Folder, name: str) -> str:
    """Say how a prompt's file stands to what was pulled."""
    entry, found = folder.entries.get(name), folder.found.get(name)
    if found is None:
        return "" if entry is None else "invalid" if entry.file in folder.problems else "deleted"
    if entry is None:
        return "new"
    return "unchanged" if found.is_like(entry) else "edited"


def entry_of(row: Row, file: str) -> LockEntry:
    """Return what the lock keeps of a version."""
    labels, hashes = tuple(row.own_labels), (content_sha256(row.content), config_sha256(row.config))
    return LockEntry(row.name, file, row.version, labels, row.description, *hashes)


def document_of(row: Row, found: FoundFile | None) -> Document:
    """Return the file's document of a version; what is declared in the file stays."""
    document = Document(row.name, row.content, row.config, row.version, tuple(row.own_labels), row.description)
    return document if found is None else replace(document, variables=found.document.variables)


def _state(folder: Folder, name: str, rows: Mapping[str, Mapping[str, Any]] | None) -> State:
    entry, found = folder.entries.get(name), folder.found.get(name)
    file = found.file if found else entry.file if entry else ""
    version = entry.version if entry else None
    if rows is None:
        return State(name, file, version, here(folder, name))
    row = rows.get(name)
    if row is None:
        there = "" if entry is None else "no longer there"
    elif entry is None or row["version"] != entry.version:
        there = f"version {row['version']}"
    else:
        there = ""
    return State(name, file, version, here(folder, name), there)
