"""Variables in a text: ``{{name}}`` or ``{{ name }}``, for everything of Promptuary alike.

A name is one or more letters, marks and digits of any script, ``_``, ``.`` and ``-``. Spaces and tabs may stand between it and the
braces. Programs fill in values in one pass: what a value contains is not filled in again, and variables without a value stay.

Where a prompt declares its variables, only declared names are variables, and all other braces are text. `tests/vectors` has cases
that the server, the pages, the command line and the client library have in common.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

_CANDIDATE = re.compile(r"\{\{[ \t]*([^\s{}]+)[ \t]*\}\}")
_PLAIN_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place of a variable; ``text[start:end]`` is the name with its braces."""

    name: str
    start: int
    end: int


def is_name(text: str) -> bool:
    """Return `True` if a text can be the name of a variable."""
    # No module of Python has the marks, which vowels of Indic scripts are, as a class of characters.
    return _PLAIN_NAME.fullmatch(text) is not None or (
        text != "" and all(_PLAIN_NAME.match(character) or unicodedata.category(character)[0] == "M" for character in text)
    )


def find_variables(text: str, declared: Collection[str] | None = None) -> Iterator[Occurrence]:
    """Yield all places of variables in order. ``declared`` are the names that count, `None` if all do."""
    for match in _CANDIDATE.finditer(text):
        if is_name(match[1]) and (declared is None or match[1] in declared):
            yield Occurrence(match[1], match.start(), match.end())


def variable_at(text: str, start: int, declared: Collection[str] | None = None) -> Occurrence | None:
    """Return the variable whose braces open at ``start``, `None` if there is none."""
    match = _CANDIDATE.match(text, start)
    if match is None or not is_name(match[1]) or (declared is not None and match[1] not in declared):
        return None
    return Occurrence(match[1], match.start(), match.end())


def variable_names(text: str, declared: Collection[str] | None = None) -> tuple[str, ...]:
    """List the variables of a text, each once, in the order of their first use."""
    if "{{" not in text:
        return ()
    # Each name is checked once, however often it is used.
    names = dict.fromkeys(_CANDIDATE.findall(text))
    return tuple(name for name in names if is_name(name) and (declared is None or name in declared))


def fill_in(text: str, values: Mapping[str, str], declared: Collection[str] | None = None) -> str:
    """Put values in the place of variables; variables without one stay."""
    pieces: list[str] = []
    end = 0
    for place in find_variables(text, declared):
        if place.name in values:
            pieces += (text[end : place.start], values[place.name])
            end = place.end
    return "".join((*pieces, text[end:])) if pieces else text
