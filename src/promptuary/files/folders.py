"""A folder of prompts: its files, its lock, and how a file is written so that it is whole or not there."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from promptuary.files.documents import Document, is_document, parse_document
from promptuary.files.errors import InvalidFile
from promptuary.files.hashes import config_sha256, content_sha256
from promptuary.files.locks import LOCK, Lock, LockEntry, parse_lock
from promptuary.files.naming import SUFFIX, is_safe_file_name


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a prompt."""

    file: str
    document: Document

    def is_like(self, entry: LockEntry) -> bool:
        """Tell whether content and config are those that were pulled."""
        return (content_sha256(self.document.content), config_sha256(self.document.config)) == (entry.sha256, entry.config_sha256)


@dataclass(frozen=True, slots=True)
class Folder:
    """What is in a folder. ``problems`` says by file what cannot be read; ``ignored`` are Markdown files that are no prompts."""

    path: Path
    lock: Lock | None = None
    found: Mapping[str, FoundFile] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    """The names of all files, to which nothing new is written."""

    @property
    def entries(self) -> Mapping[str, LockEntry]:
        """What was pulled, by name."""
        return self.lock.entries if self.lock else {}


def read_folder(path: Path) -> Folder:
    """Read a folder; one that does not exist is empty. Raises `InvalidFile` when the lock or the folder cannot be read."""
    try:
        files = sorted(each.name for each in path.iterdir()) if path.exists() else []
        lock = _read_lock(path / LOCK) if LOCK in files else None
        locked = {entry.file: entry.name for entry in (lock.entries.values() if lock else ())}
        texts = [file for file in files if file.endswith(SUFFIX) and not file.startswith(".") and (path / file).is_file()]
        data = {file: (path / file).read_bytes() for file in texts}
    except OSError as error:
        raise InvalidFile(f"Cannot read {error.filename or path}: {error.strerror}.") from None
    ignored = tuple(file for file in texts if file not in locked and not is_document(data[file]))
    found: dict[str, FoundFile] = {}
    problems: dict[str, str] = {}
    for file in (file for file in texts if file not in ignored):
        try:
            _check_file_name(file, [each.file for each in found.values()])
            document = parse_document(data[file], default_name=locked.get(file, file.removesuffix(SUFFIX)))
        except InvalidFile as error:
            problems[file] = str(error)
            continue
        if document.name in found:
            problems[file] = f"{found[document.name].file} has the name {document.name}, too."
        else:
            found[document.name] = FoundFile(file, document)
    return Folder(path, lock, found, problems, ignored, frozenset(files))


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a link is replaced, not followed. Raises `InvalidFile` when that cannot be done."""
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidFile(f"Cannot write {path}: {error.strerror}.") from None


def _read_lock(path: Path) -> Lock:
    try:
        return parse_lock(path.read_bytes())
    except InvalidFile as error:
        raise InvalidFile(f"{path} cannot be read. {error}") from None


def _check_file_name(file: str, others: Iterable[str]) -> None:
    if not is_safe_file_name(file):
        raise InvalidFile("A file's name must consist of at most 120 letters, digits, - and _ and end with .md.")
    if file.lower() in {other.lower() for other in others}:
        raise InvalidFile("Another file's name differs only in case, which not all systems tell apart.")
