"""Comparison of files with the versions that were pulled."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from promptuary.files import Folder
from promptuary.model.json_text import dump_indented
from promptuary.remote import RemoteError, RemotePrompts
from promptuary.sync.merging import Draft, Unmergeable, value_of


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt's version that was pulled and its file; either may be `None`."""

    name: str
    version: int | None
    old: Draft | None
    new: Draft | None


def list_differences(folder: Folder, prompts: RemotePrompts, names: Collection[str]) -> Iterator[Difference]:
    """Go through the prompts that were edited, made or deleted; with ``names``, only those."""
    for name in sorted({*folder.entries, *folder.found}):
        entry, found = folder.entries.get(name), folder.found.get(name)
        is_unread = entry is not None and found is None and entry.file in folder.problems
        if (names and name not in names) or is_unread or (entry and found and found.is_like(entry)):
            continue
        old = None
        if entry is not None:
            answer = prompts.resolve(name, version=entry.version)["prompt"]
            try:
                old = Draft(value_of(answer["prompt"], entry.sha256), answer["config"], answer.get("variables"))
            except Unmergeable as reason:
                raise RemoteError(f"{name}: {reason}.") from None
        document = found.document if found else None
        new = None if document is None else Draft(document.content, document.config, document.contract)
        yield Difference(name, entry.version if entry else None, old, new)


def readable(content: object) -> str:
    """Return a content as people compare it: JSON with a value a line."""
    return content if isinstance(content, str) else dump_indented(content)
