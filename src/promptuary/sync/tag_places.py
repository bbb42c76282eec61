"""Places in the files of a folder, such as the line of a tag."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from promptuary.files import Folder, line_of_key
from promptuary.model.hidden_characters import iterate_hidden
from promptuary.model.json_text import dump
from promptuary.model.references import Reference, count_references, tag_of
from promptuary.remote import RefusedReference, RemoteError

_FENCE = "---"


class FileLines:
    """The lines of a file of a prompt, counted from 1. Texts that are not found have the line where the content begins."""

    def __init__(self, path: Path) -> None:
        try:
            self._text = path.read_text(encoding="utf-8-sig", errors="replace").replace("\r\n", "\n")
        except OSError:
            self._text = ""

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.split("\n")

    @cached_property
    def body(self) -> int:
        """The line where the content begins."""
        end = next((number for number, line in enumerate(self._lines[1:], 2) if line.rstrip() == _FENCE), 0)
        return min(end + 1, len(self._lines))

    def of_key(self, key: str) -> int:
        """Return the line of a key of the front matter."""
        return line_of_key("\n".join(self._lines[1 : max(1, self.body - 2)]), key)

    def of_tag(self, reference: Reference) -> int:
        """Return the line of the first tag of a reference."""
        return self.of_text(tag_of(reference))

    def of_variable(self, name: str) -> int:
        """Return the line of the first place of a variable or a placeholder."""
        place = re.compile(rf"\{{\{{[ \t]*{re.escape(name)}[ \t]*\}}\}}|placeholder: {re.escape(name)} ")
        return next((number for number, line in self._content() if place.search(line)), self.body)

    def of_text(self, text: str) -> int:
        """Return the line of the first place of a text within one line."""
        return self.find_text(text) or self.body

    def find_text(self, text: str) -> int | None:
        """Return the line of the first place of a text within one line, `None` if the content does not have it."""
        return next((number for number, line in self._content() if text in line), None)

    def hidden(self) -> Iterator[tuple[int, int, str]]:
        """Yield line, column and character of each hidden character of the file."""
        for match in iterate_hidden(self._text):
            before = self._text.rfind("\n", 0, match.start())
            yield self._text.count("\n", 0, match.start()) + 1, match.start() - before, match[0]

    def _content(self) -> Iterator[tuple[int, str]]:
        return iter(list(enumerate(self._lines, 1))[self.body - 1 :])


def place_of(folder: Folder, file: str, reference: Reference) -> str:
    """Return the file and the line of the first tag of a reference, such as ``reply.md, line 12``."""
    line = FileLines(Path(folder.path, file)).find_text(tag_of(reference))
    return file if line is None else f"{file}, line {line}"


def place_of_refusal(folder: Folder, file: str, content: object, error: RemoteError) -> str | None:
    """Return the place of the tag that a server refuses, `None` if the refusal is about no tag."""
    if not isinstance(error, RefusedReference):
        return None
    detail = str(error)
    named = [reference for reference in count_references(dump(content)) if f"'{reference.name}'" in detail]
    exact = [each for each in named if f"version {each.version}." in detail or f"label '{each.label}'." in detail]
    found = next(iter([*exact, *named]), None)
    return None if found is None else place_of(folder, file, found)
