"""Prompts of a server for a folder: those to take, and for other pulled files the reason why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from promptuary.files import Folder, InvalidFile, LockedReference
from promptuary.remote import Missing, RemoteError, RemotePrompts, Row
from promptuary.sync.parts import ServerParts


@dataclass(frozen=True, slots=True)
class Source:
    """The prompts of a server, by name; ``unlabelled`` are pulled ones that are there and do not have the ``label``."""

    rows: Mapping[str, Row]
    label: str | None = None
    unlabelled: frozenset[str] = field(default_factory=frozenset)
    references: Mapping[str, tuple[LockedReference, ...]] = field(default_factory=dict)
    """The references of each prompt that has any."""


def read_source(
    folder: Folder,
    prompts: RemotePrompts,
    server: ServerParts,
    label: str | None,
    advance: Callable[[int], object] = lambda _prompts: None,
) -> Source:
    """Read the latest versions, or those with a label. Raises `InvalidFile` if there are none.

    A list says what is there, and not what is gone: the server is asked for each prompt of the folder that is not in it.
    """
    rows: dict[str, Row] = {}
    for row in prompts.list_rows(label=label):
        rows[row.name] = row
        advance(1)
    if not rows:
        at = prompts.remote.profile
        what = "No prompt has the label" if label is not None else ""
        message = f"{what} '{label}'." if label is not None else f"Project {at.project} of {at.host} has no prompts."
        raise InvalidFile(f"{message} Nothing is changed." if folder.entries else message)
    missing = folder.entries.keys() - rows.keys()
    labels = {row["name"]: row["all_labels"] for row in prompts.list_plain()} if missing and label is not None else {}
    unlabelled = {name for name in missing if name in labels and all(each["name"] != label for each in labels[name])}
    for name in sorted(missing - unlabelled):
        if is_there(prompts, name):
            found = prompts.find_row(name, label=label)
            if found is not None:
                rows[name] = found
            elif label is not None:
                unlabelled.add(name)
            else:
                raise RemoteError(f"Prompt '{name}' was created or archived during the command. Run it again.")
    references = {name: server.references_of(name, row.version, row.content) for name, row in rows.items()}
    return Source(rows, label, frozenset(unlabelled), references)


def is_there(prompts: RemotePrompts, name: str) -> bool:
    """Return `True` if the server has an active prompt of this name."""
    try:
        prompts.resolve(name)
    except Missing:
        return False
    return True
