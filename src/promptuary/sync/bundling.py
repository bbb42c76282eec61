"""All prompts of a folder in one file, for programs that start without a server."""

import json
from pathlib import Path

from promptuary.files import Folder, InvalidFile, Lock, content_sha256
from promptuary.sync.assembling import assemble_file
from promptuary.sync.states import here

_HEAD = 200
_FORMAT = "promptuary-bundle"
_PLAIN, _ASSEMBLED = 1, 2
"""Versions of the format. Clients that know only the first one read bundles of prompts without references."""


def bundle(folder: Folder) -> bytes:
    """Return the bundle; the same files are the same bytes. Raises `InvalidFile` unless all files are as the lock says.

    There is no ``created_at``: when a bundle is made says nothing about what is in it.
    """
    lock = require_unchanged(folder)
    prompts = [_prompt(folder, lock, name) for name in sorted(folder.entries)]
    version = _ASSEMBLED if any("resolved_references" in prompt for prompt in prompts) else _PLAIN
    head = {"format": _FORMAT, "format_version": version, "server": lock.server, "project": lock.project}
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
    entry, found = folder.entries[name], folder.found[name]
    whole = assemble_file(folder, found)
    # The keys are there only where they are used: clients from before need not know them.
    variables = {} if whole.contract is None else {"variables": whole.contract}
    served = [{"name": each.part.name, "version": each.part.version, "label": each.reference.label} for each in whole.references]
    return {
        "name": name,
        "version": entry.version,
        "labels": sorted(entry.labels),
        # A prompt that lost the label may be in the folder still.
        "label": lock.label if lock.label in entry.labels else None,
        "content": whole.content,
        "config": found.document.config,
        "sha256": content_sha256(whole.content),
        **variables,
        **({"resolved_references": served} if served else {}),
    }
