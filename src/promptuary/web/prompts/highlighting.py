"""Prompts as they are written: every character as itself, with variables, headings and hidden characters marked."""

import re
from collections.abc import Collection, Iterator

from markupsafe import Markup

from promptuary.model.outline import outline_of
from promptuary.model.variables import find_variables
from promptuary.web.prompts.visible_text import PageBudget, Piece, draw

_MAYBE_HEADING = re.compile(r"^[^\S\n]*#.*$", re.MULTILINE)


Names = Collection[str] | None
"""Names of variables that count, `None` if all do."""


def mark_variables(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables marked, as far as there is room."""
    return (budget or PageBudget()).fill(_with_variables(text, declared), len(text))


def mark_text(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables and headings marked; the first heading has the id ``heading-1``."""
    return (budget or PageBudget()).fill(_with_headings(text, declared), len(text))


def _with_variables(text: str, declared: Names) -> Iterator[Piece]:
    end = 0
    for place in find_variables(text, declared):
        yield from draw(text[end : place.start])
        yield place.end - place.start, f'<span class="variable">{_html(draw(text[place.start : place.end]))}</span>'
        end = place.end
    yield from draw(text[end:])


def _with_headings(text: str, declared: Names) -> Iterator[Piece]:
    headings = end = 0
    for match in _MAYBE_HEADING.finditer(text):
        if not outline_of(match[0]):
            continue
        headings += 1
        yield from _with_variables(text[end : match.start()], declared)
        yield len(match[0]), f'<span class="heading" id="heading-{headings}">{_html(_with_variables(match[0], declared))}</span>'
        end = match.end()
    yield from _with_variables(text[end:], declared)


def _html(pieces: Iterator[Piece]) -> str:
    return "".join(piece for _, piece in pieces)
