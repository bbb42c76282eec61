"""Pieces of Markdown that generated pages are made of."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]*`)")

GENERATED = "*This page is made from the program.*"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; nothing without rows."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads), *lines])


def code(text: object) -> str:
    """Return a text as code within a line."""
    return f"`{text}`"


def page(*parts: str) -> str:
    """Return a page of parts, with an empty line between them; empty parts leave none."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    # Within code a bar divides no cells, and its backslash would be shown.
    parts = _CODE.split(" ".join(text.split()))
    parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
    return "".join(parts)
