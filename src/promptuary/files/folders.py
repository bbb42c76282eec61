"""A folder of prompts: its files, its lock, and how a file is written so that it is whole or not there.

A folder may come from an untrusted source, such as version control: symbolic links in it are not followed, and a folder that a link
leads to must be in the current one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from promptuary.files.documents import Document, is_document, parse_document
from promptuary.files.errors import InvalidFile
from promptuary.files.folder_files import read_plain_file, write_file
from promptuary.files.hashes import hashes_of
from promptuary.files.locks import LOCK, Lock, LockEntry, parse_lock, render_lock
from promptuary.files.naming import SUFFIX, is_safe_file_name
from promptuary.files.parts import PartKey, read_parts

_MAX_FILE = 16_000_000
_MAX_LOCK = 200_000_000


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a prompt."""

    file: str
    document: Document

    def is_like(self, entry: LockEntry) -> bool:
        """Return `True` if content, config and contract are those that were pulled."""
        return hashes_of(self.document.content, self.document.config, self.document.contract) == entry.hashes


@dataclass(frozen=True, slots=True)
class Folder:
    """Contents of a folder. ``problems`` has the error of each unreadable file, ``ignored`` the reason for each skipped one.

    ``is_shared``: several environments have the files, so that these have no version and no labels.
    """

    path: Path
    lock: Lock | None = None
    found: Mapping[str, FoundFile] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    """The names of all files, to which nothing new is written."""
    parts: Mapping[PartKey, Document] = field(default_factory=dict)
    """Versions in ``.references``, which files here refer to."""
    lock_name: str = LOCK
    is_shared: bool = False
    problem_lines: Mapping[str, int] = field(default_factory=dict)
    """Lines of ``problems``, if they are known."""

    @property
    def entries(self) -> Mapping[str, LockEntry]:
        """Pulled prompts by name."""
        return self.lock.entries if self.lock else {}


def read_folder(
    path: Path, *, lock_name: str = LOCK, adopts: Callable[[Lock], bool] | None = None, is_shared: bool = False
) -> Folder:
    """Read a folder; one that does not exist is empty. Raises `InvalidFile` when the lock or the folder cannot be read.

    If the lock of the given name is missing, ``prompts.lock`` is used if ``adopts`` returns `True` for it.
    """
    _check_folder(path)
    found: dict[str, FoundFile] = {}
    problems: dict[str, str] = {}
    lines: dict[str, int] = {}
    ignored: dict[str, str] = {}
    try:
        files = sorted(each.name for each in path.iterdir()) if path.exists() else []
        lock = _find_lock(path, files, lock_name, adopts)
        locked = {entry.file: entry.name for entry in (lock.entries.values() if lock else ())}
        data = dict(_read_texts(path, files, locked, problems, ignored))
        parts, damaged = read_parts(path)
    except OSError as error:
        raise InvalidFile(f"Cannot read {error.filename or path}: {error.strerror}.") from None
    for file, text in data.items():
        try:
            _check_file_name(file, [each.file for each in found.values()])
            document = parse_document(text, default_name=locked.get(file, file.removesuffix(SUFFIX)))
        except InvalidFile as error:
            problems[file] = str(error)
            if error.line is not None:
                lines[file] = error.line
            continue
        if document.name in found:
            problems[file] = f"{found[document.name].file} has the name {document.name}, too."
        else:
            found[document.name] = FoundFile(file, document)
    problems = dict(sorted({**problems, **damaged}.items()))
    return Folder(path, lock, found, problems, ignored, frozenset(files), parts, lock_name, is_shared, lines)


def _read_texts(
    path: Path, files: Iterable[str], locked: Collection[str], problems: dict[str, str], ignored: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Go through the files of prompts; note which files cannot be read, and which are none of prompts."""
    for file in files:
        if not file.lower().endswith(SUFFIX) or file.startswith(".") or (path / file).is_dir():
            continue
        try:
            data = read_plain_file(path / file, max_bytes=_MAX_FILE)
        except InvalidFile as error:
            (problems if file in locked else ignored)[file] = str(error)
            continue
        if file in locked or is_document(data):
            yield file, data
        else:
            ignored[file] = "It has no front matter."


def write_prompt_file(folder: Path, file: str, data: bytes) -> None:
    """Write a file of a prompt into a folder. Raises `InvalidFile`, also for a name that leads elsewhere."""
    _require_safe(file)
    write_file(folder / file, data)


def remove_prompt_file(folder: Path, file: str) -> None:
    """Remove a file of a prompt; one that is not there is removed already. Raises `InvalidFile`."""
    _require_safe(file)
    try:
        (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidFile(f"Cannot remove {folder / file}: {error.strerror}.") from None


def write_lock(folder: Folder, lock: Lock) -> None:
    """Write the lock of a folder. Raises `InvalidFile` when that cannot be done, or when it could not be read again."""
    path = folder.path / folder.lock_name
    data = render_lock(lock)
    if parse_lock(data) != lock:
        raise InvalidFile(f"{path} could not be read again, so it is not written.")
    write_file(path, data)


def _find_lock(path: Path, files: Collection[str], lock_name: str, adopts: Callable[[Lock], bool] | None) -> Lock | None:
    if lock_name in files:
        return _read_lock(path / lock_name)
    lock = _read_lock(path / LOCK) if adopts is not None and LOCK in files else None
    return lock if lock is not None and adopts is not None and adopts(lock) else None


def _read_lock(path: Path) -> Lock:
    try:
        return parse_lock(read_plain_file(path, max_bytes=_MAX_LOCK))
    except InvalidFile as error:
        raise InvalidFile(f"{path} cannot be read. {error}") from None


def _check_folder(path: Path) -> None:
    """Refuse a folder below the current one that a symbolic link leads out of it."""
    try:
        if path.is_absolute() or ".." in path.parts or path.resolve().is_relative_to(Path.cwd().resolve()):
            return
    except (OSError, RuntimeError) as error:
        raise InvalidFile(f"Cannot read {path}: {error}.") from None
    raise InvalidFile(f"A symbolic link leads {path} out of this folder, to {path.resolve()}. Name that folder instead.")


def _require_safe(file: str) -> None:
    if not is_safe_file_name(file):
        raise InvalidFile(f"'{file}' is no name of a file in the folder.")


def _check_file_name(file: str, others: Iterable[str]) -> None:
    if not is_safe_file_name(file):
        raise InvalidFile("A file's name must consist of at most 120 letters, digits, - and _ and end with .md.")
    if file.casefold() in {other.casefold() for other in others}:
        raise InvalidFile("Another file's name differs only in case, which not all systems tell apart.")
