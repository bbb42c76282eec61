"""Prompts as they are written: every character as itself, with variables and headings marked."""

from collections.abc import Iterator

from markupsafe import Markup, escape

from promptuary.model.outline import outline_of
from promptuary.model.variables import find_variables


def mark_variables(text: str) -> Markup:
    """Return a text as HTML with its variables marked."""
    shown = []
    end = 0
    for found in find_variables(text):
        shown += [escape(text[end : found.start]), _VARIABLE_HTML.format(text[found.start : found.end])]
        end = found.end
    return Markup("").join([*shown, escape(text[end:])])


def mark_text(text: str) -> Markup:
    """Return a text as HTML with its variables and headings marked; the first heading has the id ``heading-1``."""
    return Markup("\n").join(_lines(text))


def _lines(text: str) -> Iterator[Markup]:
    headings = 0
    for line in text.split("\n"):
        marked = mark_variables(line)
        if "#" in line and outline_of(line):
            headings += 1
            marked = _HEADING_HTML.format(f"heading-{headings}", marked)
        yield marked


_VARIABLE_HTML = Markup('<span class="variable">{}</span>')
_HEADING_HTML = Markup('<span class="heading" id="{}">{}</span>')
