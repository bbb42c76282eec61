"""Places of tags in the files of a folder."""

from pathlib import Path

from promptuary.files import Folder
from promptuary.model.json_text import dump
from promptuary.model.references import Reference, count_references, tag_of
from promptuary.remote import RefusedReference, RemoteError


def place_of(folder: Folder, file: str, reference: Reference) -> str:
    """Return the file and the line of the first tag of a reference, such as ``reply.md, line 12``."""
    try:
        lines = Path(folder.path, file).read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except OSError:
        return file
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    tag = tag_of(reference)
    line = next((number for number, line in enumerate(lines[end:], end + 1) if tag in line), None)
    return file if line is None else f"{file}, line {line}"


def place_of_refusal(folder: Folder, file: str, content: object, error: RemoteError) -> str | None:
    """Return the place of the tag that a server refuses, `None` if the refusal is about no tag."""
    if not isinstance(error, RefusedReference):
        return None
    told = str(error)
    named = [reference for reference in count_references(dump(content)) if f"'{reference.name}'" in told]
    exact = [each for each in named if f"version {each.version}." in told or f"label '{each.label}'." in told]
    found = next(iter([*exact, *named]), None)
    return None if found is None else place_of(folder, file, found)
