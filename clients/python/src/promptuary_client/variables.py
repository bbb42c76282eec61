"""Variables in a text: ``{{name}}`` or ``{{ name }}``. No I/O.

A name is one or more letters, marks and digits of any script, ``_``, ``.`` and ``-``. Spaces and tabs may stand between it and the
braces. The server and its pages find the same.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

_CANDIDATE = re.compile(r"\{\{[ \t]*([^\s{}]+)[ \t]*\}\}")
_PLAIN_NAME = re.compile(r"[\w.-]+")


def is_name(text: str) -> bool:
    """Return `True` if a text can be the name of a variable."""
    # No module of Python has the marks, which vowels of Indic scripts are, as a class of characters.
    return _PLAIN_NAME.fullmatch(text) is not None or (
        text != "" and all(_PLAIN_NAME.match(character) or unicodedata.category(character)[0] == "M" for character in text)
    )


def find_names(text: str, declared: "Collection[str] | None" = None) -> Iterator[str]:
    """Yield the names of variables in order of appearance. ``declared`` are the names that count, `None` if all do."""
    return (name for name in _CANDIDATE.findall(text) if is_name(name) and (declared is None or name in declared))


def replace(text: str, value_of: Callable[[str], "str | None"]) -> str:
    """Put a value in the place of each variable, in one pass; variables whose value is `None` stay."""

    def replacement(match: "re.Match[str]") -> str:
        value = value_of(match[1]) if is_name(match[1]) else None
        return match[0] if value is None else value

    return _CANDIDATE.sub(replacement, text)
