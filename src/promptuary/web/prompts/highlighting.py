"""Prompts as they are written: every character as itself, with variables, headings and hidden characters marked."""

import re
from collections.abc import Collection, Iterable, Iterator

from markupsafe import Markup

from promptuary.model.outline import outline_of
from promptuary.model.templates import find_variables_in_json
from promptuary.model.variables import Occurrence, find_variables
from promptuary.web.prompts.visible_text import PageBudget, Piece, draw

_MAYBE_HEADING = re.compile(r"^[^\S\n]*#.*$", re.MULTILINE)


Names = Collection[str] | None
"""Names of variables that count, `None` if all do."""


def mark_variables(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables marked, as far as there is room."""
    return (budget or PageBudget()).fill(_with_variables(text, find_variables(text, declared)), len(text))


def mark_json(text: str, budget: PageBudget, declared: Names = None) -> Markup:
    """Return a text that is JSON as HTML with its variables marked, as far as there is room. Keys of objects have none."""
    return budget.fill(_with_variables(text, find_variables_in_json(text, declared)), len(text))


def mark_text(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables and headings marked; the first heading has the id ``heading-1``."""
    return (budget or PageBudget()).fill(_with_headings(text, declared), len(text))


def _with_variables(text: str, places: Iterable[Occurrence]) -> Iterator[Piece]:
    end = 0
    for place in places:
        yield from draw(text[end : place.start])
        yield place.end - place.start, f'<span class="variable">{_html(draw(text[place.start : place.end]))}</span>'
        end = place.end
    yield from draw(text[end:])


def _with_headings(text: str, declared: Names) -> Iterator[Piece]:
    def marked(part: str) -> Iterator[Piece]:
        return _with_variables(part, find_variables(part, declared))

    headings = end = 0
    for match in _MAYBE_HEADING.finditer(text):
        if not outline_of(match[0]):
            continue
        headings += 1
        yield from marked(text[end : match.start()])
        yield len(match[0]), f'<span class="heading" id="heading-{headings}">{_html(marked(match[0]))}</span>'
        end = match.end()
    yield from marked(text[end:])


def _html(pieces: Iterator[Piece]) -> str:
    return "".join(piece for _, piece in pieces)
