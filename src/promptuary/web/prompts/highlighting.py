"""Prompts as they are written: every character as itself, with variables, references, headings and hidden characters marked."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge

from markupsafe import Markup, escape

from promptuary.model.outline import outline_of
from promptuary.model.references import Reference, find_tags
from promptuary.model.templates import find_variables_in_json
from promptuary.model.variables import Occurrence, find_variables
from promptuary.web.prompts.visible_text import PageBudget, Piece, draw

_MAYBE_HEADING = re.compile(r"^[^\S\n]*#.*$", re.MULTILINE)


Names = Collection[str] | None
"""Names of variables that count, `None` if all do."""


@dataclass(frozen=True, slots=True)
class Part:
    """The text in the place of a tag, its name for readers, and the address of its prompt."""

    name: str
    address: str
    text: str


def mark_variables(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables marked, as far as there is room."""
    return (budget or PageBudget()).fill(_with_variables(text, find_variables(text, declared)), len(text))


def mark_json(text: str, budget: PageBudget, declared: Names = None) -> Markup:
    """Return a text that is JSON as HTML with its variables marked, as far as there is room. Keys of objects have none."""
    return budget.fill(_with_variables(text, find_variables_in_json(text, declared)), len(text))


def mark_text(text: str, budget: PageBudget | None = None, declared: Names = None) -> Markup:
    """Return a text as HTML with its variables and headings marked; the first heading has the id ``heading-1``."""
    return (budget or PageBudget()).fill(_with_headings(text, declared), len(text))


def mark_parts(text: str, parts: Mapping[Reference, Part], budget: PageBudget, declared: Names = None) -> Markup:
    """Return a text as HTML with the texts of its parts, each set off behind its name, as far as there is room."""
    added = sum(len(parts[tag.reference].text) - (tag.end - tag.start) for tag in find_tags(text))
    return budget.fill(_with_parts(text, parts, declared), len(text) + added)


def _with_parts(text: str, parts: Mapping[Reference, Part], declared: Names) -> Iterator[Piece]:
    end = 0
    for tag in find_tags(text):
        yield from _marked(text[end : tag.start], declared)
        part = parts[tag.reference]
        yield 0, f'<span class="part"><a class="part-name" href="{escape(part.address)}">{escape(part.name)}</a>'
        yield from _marked(part.text, declared)
        yield 0, "</span>"
        end = tag.end
    yield from _marked(text[end:], declared)


def _marked(text: str, declared: Names) -> Iterator[Piece]:
    return _with_variables(text, find_variables(text, declared))


def _with_variables(text: str, places: Iterable[Occurrence]) -> Iterator[Piece]:
    """Yield a text with its variables and tags marked. Neither can be in the other: a tag has no braces."""
    variables = ((place.start, place.end, "variable") for place in places)
    tags = ((tag.start, tag.end, "reference") for tag in find_tags(text))
    last = 0
    for start, end, kind in merge(variables, tags):
        yield from draw(text[last:start])
        yield end - start, f'<span class="{kind}">{_html(draw(text[start:end]))}</span>'
        last = end
    yield from draw(text[last:])


def _with_headings(text: str, declared: Names) -> Iterator[Piece]:
    headings = end = 0
    for match in _MAYBE_HEADING.finditer(text):
        if not outline_of(match[0]):
            continue
        headings += 1
        yield from _marked(text[end : match.start()], declared)
        yield len(match[0]), f'<span class="heading" id="heading-{headings}">{_html(_marked(match[0], declared))}</span>'
        end = match.end()
    yield from _marked(text[end:], declared)


def _html(pieces: Iterator[Piece]) -> str:
    return "".join(piece for _, piece in pieces)
