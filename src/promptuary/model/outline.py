"""The headings of a prompt (wire contract, section 2: ATX headings, also inside code fences; no setext headings)."""

from typing import NamedTuple

MAX_LEVEL = 6


class Heading(NamedTuple):
    """One heading: its level from 1 to 6 and its text."""

    level: int
    text: str


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
