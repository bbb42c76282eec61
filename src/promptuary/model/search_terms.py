"""Terms of a search: needles that a text must all contain, each in several spellings of which any matches."""

import unicodedata
from typing import Literal

from promptuary.model.text import fold

MAX_WORDS = 8
"""Words of a search that are looked for one by one; the rest of a longer search is one more needle."""

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def needles_of(search: str, *, in_any_order: bool) -> tuple[tuple[str, ...], ...]:
    """Return the folded needles of a search: its words if they may stand ``in_any_order``, else the whole of it.

    Each comes as it was typed and, where that differs, with its accents composed and decomposed, because texts have either.
    """
    parts = search.split(maxsplit=MAX_WORDS - 1) if in_any_order else []
    return tuple(_spellings(part) for part in parts or [search])


def _spellings(needle: str) -> tuple[str, ...]:
    if needle.isascii():
        return (fold(needle),)
    return tuple(dict.fromkeys([fold(needle), *(fold(unicodedata.normalize(form, needle)) for form in _FORMS)]))
