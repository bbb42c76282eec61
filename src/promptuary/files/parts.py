"""Versions that prompts of a folder refer to, and that are not among its own files: in ``.references``, written by pull and push.

The name of a file has the prompt's name and the version's number; what counts is its front matter.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from promptuary.files.documents import Document, parse_document, render_document
from promptuary.files.errors import InvalidFile
from promptuary.files.folder_files import read_plain_file, write_file
from promptuary.files.naming import SUFFIX, choose_file_name

PARTS = ".references"

_MAX_FILE = 16_000_000

PartKey = tuple[str, int]
"""Name of a prompt, and number of the version."""


def read_parts(folder: Path) -> tuple[Mapping[PartKey, Document], Mapping[str, str]]:
    """Return the versions by name and number, and by file the problems of those that cannot be read. Raises `OSError`."""
    found: dict[PartKey, Document] = {}
    problems: dict[str, str] = {}
    for path in _files(folder):
        try:
            document = parse_document(read_plain_file(path, max_bytes=_MAX_FILE))
            if document.version is None:
                raise InvalidFile("The file has no version.")  # noqa: TRY301 - as from the functions above
        except InvalidFile as error:
            problems[f"{PARTS}/{path.name}"] = str(error)
            continue
        found[document.name, document.version] = document
    return found, problems


def write_parts(folder: Path, documents: Iterable[Document]) -> None:
    """Write versions, and remove the files of all others. Raises `InvalidFile`."""
    chosen = _named(documents)
    try:
        present = {path.name: path for path in _files(folder)}
        for file, data in chosen.items():
            if not _has(present.get(file), data):
                write_file(folder / PARTS / file, data)
        for file in present.keys() - chosen.keys():
            present[file].unlink()
        if present and not chosen and not any((folder / PARTS).iterdir()):
            (folder / PARTS).rmdir()
    except OSError as error:
        raise InvalidFile(f"Cannot write {error.filename or folder / PARTS}: {error.strerror}.") from None


def _named(documents: Iterable[Document]) -> dict[str, bytes]:
    """Return the texts of files by their names, which no system takes for one."""
    stems: dict[str, str] = {}
    chosen: dict[str, bytes] = {}
    for document in sorted(documents, key=lambda each: (each.name, each.version or 0)):
        if document.name not in stems:
            stems[document.name] = choose_file_name(document.name, list(stems.values()))
        chosen[f"{stems[document.name].removesuffix(SUFFIX)}@{document.version}{SUFFIX}"] = render_document(document)
    return chosen


def _has(path: Path | None, data: bytes) -> bool:
    return path is not None and not path.is_symlink() and path.is_file() and path.read_bytes() == data


def _files(folder: Path) -> list[Path]:
    """Return the files in ``.references``. Raises `InvalidFile` for a symbolic link, which is not followed."""
    path = folder / PARTS
    if path.is_symlink():
        raise InvalidFile(f"{path} is a symbolic link, which is not followed.")
    if not path.is_dir():
        return []
    return sorted(each for each in path.iterdir() if each.name.endswith(SUFFIX) and not each.name.startswith("."))
