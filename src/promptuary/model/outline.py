"""The headings of a prompt (wire contract, section 2: ATX headings, also inside code fences; no setext headings)."""

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import starmap
from typing import NamedTuple, overload

MAX_LEVEL = 6


class Heading(NamedTuple):
    """One heading: its level from 1 to 6 and its text."""

    level: int
    text: str


class StoredOutline(Sequence[Heading]):
    """An outline as it is stored, JSON of levels and texts, which is read when it is first asked for."""

    def __init__(self, stored: str) -> None:
        self._stored = stored

    @cached_property
    def _headings(self) -> tuple[Heading, ...]:
        return tuple(starmap(Heading, json.loads(self._stored)))

    @overload
    def __getitem__(self, index: int) -> Heading: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Heading]: ...
    def __getitem__(self, index: int | slice) -> Heading | Sequence[Heading]:
        """Return one heading, or some."""
        return self._headings[index]

    def __len__(self) -> int:
        """Count the headings."""
        return len(self._headings)

    def __eq__(self, other: object) -> bool:
        """Return `True` if another sequence has the same headings."""
        return isinstance(other, Sequence) and self._headings == tuple(other)

    def __hash__(self) -> int:
        """Return the hash of the headings."""
        return hash(self._headings)


def outline_of(text: str) -> tuple[Heading, ...]:
    """List the headings of a text in order, flat."""
    headings = (_heading(line.strip()) for line in text.split("\n") if "#" in line)
    return tuple(heading for heading in headings if heading is not None)


def _heading(line: str) -> Heading | None:
    rest = line.lstrip("#")
    level = len(line) - len(rest)
    if not 1 <= level <= MAX_LEVEL or not rest.startswith((" ", "\t")):
        return None
    text = _without_closing_run(rest.strip())
    return Heading(level, text) if text else None


def _without_closing_run(text: str) -> str:
    body = text.rstrip("#")
    if body == text:
        return text
    return body.rstrip() if body[-1:].isspace() or not body else text
