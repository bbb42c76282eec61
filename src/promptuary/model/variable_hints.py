"""Hints at what looks like a variable and is none, and at variables that the `posthog` package reads differently."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice

from promptuary.model.templates import Template
from promptuary.model.variables import Occurrence, find_variables, is_name, variable_names

MAX_PLACES = 100
"""Maximum different places of a hint that are collected."""

_MAX_INSIDE = 200
_MAX_SAMPLE = 80
_IN_BRACES = re.compile(rf"\{{\{{([^{{}}\n]{{0,{_MAX_INSIDE}}})\}}\}}")
_BLOCK = re.compile(rf"\{{%[^%\n]{{0,{_MAX_INSIDE}}}%\}}")
_READ_BY_POSTHOG = re.compile(r"\{\{[\w.-]+\}\}")


class HintKind(StrEnum):
    """Kind of a hint; the value introduces the places."""

    TEXT = "Text, although it looks like a variable"
    BLOCK = "Text, although it looks like a statement of a template language"
    UNDECLARED = "Text, although a declared variable has a similar name"
    SURROUNDED = "A variable, and the characters around it stay"
    POSTHOG = "A variable that the posthog package leaves as it is"


@dataclass(frozen=True, slots=True)
class Hint:
    """A kind of hint, and the places that it is about, as they are written."""

    kind: HintKind
    places: tuple[str, ...]

    def describe(self, *, limit: int = 5) -> str:
        """Return the hint as a line, with some of the places."""
        more = f" and {len(self.places) - limit} more" if len(self.places) > limit else ""
        return f"{self.kind}: {', '.join(self.places[:limit])}{more}"


def hints_of(template: Template) -> tuple[Hint, ...]:
    """Return the hints of a prompt, each with at most `MAX_PLACES` different places, in the order of their kinds."""
    found: dict[HintKind, dict[str, None]] = {kind: {} for kind in HintKind}
    for text in template.texts:
        for kind, place in _places(text, template):
            if len(found[kind]) < MAX_PLACES:
                found[kind][_shortened(place)] = None
    return tuple(Hint(kind, tuple(places)) for kind, places in found.items() if places)


def _places(text: str, template: Template) -> Iterator[tuple[HintKind, str]]:
    for place in find_variables(text, template.declared):
        written = text[place.start : place.end]
        if _is_surrounded(text, place):
            yield HintKind.SURROUNDED, text[place.start - 1 : place.end + text.startswith("}", place.end)]
        if not _READ_BY_POSTHOG.fullmatch(written):
            yield HintKind.POSTHOG, written
    if template.declared is None:
        yield from ((HintKind.TEXT, match[0]) for match in _IN_BRACES.finditer(text) if not is_name(match[1].strip(" \t")))
        yield from ((HintKind.BLOCK, match[0]) for match in _BLOCK.finditer(text))
    else:
        undeclared = islice((name for name in variable_names(text) if name not in template.declared), MAX_PLACES)
        names = list(template.declared)
        yield from ((HintKind.UNDECLARED, f"{{{{{name}}}}}") for name in undeclared if get_close_matches(name, names, cutoff=0.8))


def _is_surrounded(text: str, place: Occurrence) -> bool:
    before = text[place.start - 1 : place.start]
    return before == "$" or (before == "{" and text.startswith("}", place.end))


def _shortened(sample: str) -> str:
    return sample if len(sample) <= _MAX_SAMPLE else f"{sample[: _MAX_SAMPLE - 1]}…"
