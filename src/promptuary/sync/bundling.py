"""All prompts of a folder in one file, for programs that start without a server."""

import json
from pathlib import Path

from promptuary.files import Folder, InvalidFile, Lock
from promptuary.sync.states import here

_HEAD = 200
_FORMAT, _FORMAT_VERSION = "promptuary-bundle", 1


def bundle(folder: Folder) -> bytes:
    """Return the bundle; the same files are the same bytes. Raises `InvalidFile` unless all files are as the lock says.

    There is no ``created_at``: when a bundle is made says nothing about what is in it.
    """
    lock = require_unchanged(folder)
    head = {"format": _FORMAT, "format_version": _FORMAT_VERSION, "server": lock.server, "project": lock.project}
    prompts = [_prompt(folder, lock, name) for name in sorted(folder.entries)]
    return (json.dumps({**head, "prompts": prompts}, ensure_ascii=False, indent=2) + "\n").encode()


def require_unchanged(folder: Folder) -> Lock:
    """Return the lock of a folder whose files are what was pulled. Raises `InvalidFile` for any other."""
    lock = folder.lock
    if lock is None:
        raise InvalidFile(f"{folder.path} has no lock file. Run promptuary pull.")
    if not folder.entries:
        raise InvalidFile(f"{folder.path} has no prompts. Run promptuary pull.")
    changed = [name for name in sorted({*folder.entries, *folder.found}) if here(folder, name) != "unchanged"]
    if changed or folder.problems:
        names = ", ".join([*changed, *sorted(folder.problems)][:10])
        raise InvalidFile(f"Files are not what was pulled: {names}. Run promptuary verify.")
    return lock


def is_replaceable(path: Path) -> bool:
    """Return `True` if a bundle may be written to a path without a question: nothing is there, or another bundle."""
    if not path.is_file():
        # What else stands in the way, writing will say.
        return True
    try:
        with path.open("rb") as file:
            return f'"{_FORMAT}"'.encode() in file.read(_HEAD)
    except OSError:
        # What stands in the way, writing will say.
        return True


def _prompt(folder: Folder, lock: Lock, name: str) -> dict[str, object]:
    entry, document = folder.entries[name], folder.found[name].document
    # The key is there only where it is used: clients from before need not know it.
    variables = {} if document.contract is None else {"variables": document.contract}
    return {
        "name": name,
        "version": entry.version,
        "labels": sorted(entry.labels),
        # A prompt that lost the label may be in the folder still.
        "label": lock.label if lock.label in entry.labels else None,
        "content": document.content,
        "config": document.config,
        "sha256": entry.sha256,
        **variables,
    }
