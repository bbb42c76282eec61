"""Words of the word index, see `word_index`, and the query for a needle; the same on every database."""

import re
from dataclasses import dataclass

SEPARATORS = "\0-/:-`{-\x7f"
"""All of ASCII but digits and small letters. Folded texts have no capital letters, but one as the stand-in of NUL."""

MAX_WORDS = 256
"""Words with a needle that texts are asked for. For more, the trigrams are faster."""

LONG = 64
"""Characters of a word that is too long to be indexed whole: coded data, and scripts that separate no words."""

SHORTEST = 3
"""Characters of the shortest needle that is looked for in words."""

_IS_WORD = re.compile(f"[^{SEPARATORS}]{{{SHORTEST},}}")


@dataclass(frozen=True, slots=True)
class Found:
    """The texts of a project that have one of some words, as a question to the index; no question if there is no such word."""

    question: str
    project_id: int


def is_word(needle: str) -> bool:
    """Return `True` if a folded needle can only lie within a word, and is long enough to be looked for there."""
    return _IS_WORD.fullmatch(needle) is not None
