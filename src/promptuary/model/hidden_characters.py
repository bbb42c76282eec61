"""Characters that readers cannot see: invisible, controlling, reordering ones, tags, odd spaces and those without a meaning.

`HIDDEN` matches one of them where it is out of place. Where scripts and emoji need one, it is not matched: a zero width joiner
between emoji; joiners and non-joiners after letters of scripts that join, such as Arabic, or that stack, such as Devanagari; a
variation selector 15 or 16 right after an emoji or sign; an ideographic space beside Chinese, Japanese or Korean; a carriage
return before a line feed. Tab and line feed are never hidden. Tags are always matched, also in flags of regions.

The pages have the same rule in TypeScript, ``frontend/src/hidden.ts``; both are tested with ``tests/vectors/hidden.json``.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
_JOINING = (
    "\u0600-\u061b\u061d-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1800-\u180a\u1810-\u18af"
    "\u1a20-\u1aaf\u1b00-\u1c4f\ua840-\ua87f\ua8e0-\ua8ff\ua980-\ua9df\uaae0-\uaaff\uabc0-\uabff\U00010a00-\U00010a5f"
    "\U00010ac0-\U00010aff\U00011000-\U000116cf\U0001e900-\U0001e95f"
)
_CJK = "\u3001-\u30ff\u3100-\u3163\u3165-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"
_KEYCAP = "0-9#*"
_JOINER, _NON_JOINER, _SELECTORS, _IDEOGRAPHIC_SPACE = "\u200d", "\u200c", "\ufe0e\ufe0f", "\u3000"

_ALWAYS_TO_FFFF = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200b\u200e\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
)
_ALWAYS = (
    _ALWAYS_TO_FFFF
    + "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 14))
)

# A search for a set of characters passes all others fast, so the pattern begins with the set of those that may be hidden, and then
# looks at the one it has found and at its neighbours. Beyond U+FFFF the set has all, as each range there slows the search down.
_CANDIDATE = f"[\r{_ALWAYS_TO_FFFF}{_JOINER}{_NON_JOINER}{_SELECTORS}{_IDEOGRAPHIC_SPACE}\U00010000-\U0010ffff]"
HIDDEN: Final = re.compile(
    f"{_CANDIDATE}(?:(?<=[{_ALWAYS}])"
    r"|(?<=\r)(?!\n)"
    f"|(?<={_JOINER})(?<![{_JOINING}{_EMOJI}{_SELECTORS}]{_JOINER})"
    f"|(?<=[{_EMOJI}{_SELECTORS}]{_JOINER})(?![{_EMOJI}])"
    f"|(?<={_NON_JOINER})(?<![{_JOINING}]{_NON_JOINER})"
    f"|(?<=[{_SELECTORS}])(?<![{_EMOJI}{_KEYCAP}][{_SELECTORS}])"
    f"|(?<=[{_KEYCAP}][{_SELECTORS}])(?!\u20e3)"
    f"|(?<={_IDEOGRAPHIC_SPACE})(?<![{_CJK}]{_IDEOGRAPHIC_SPACE})(?![{_CJK}]))"
)
"""Matches one hidden character. Each place is looked at once, so that a search is linear in the length of the text."""

_RUN = re.compile(f"(?:{HIDDEN.pattern})++")
_SAME = re.compile(r"(.)\1*", re.DOTALL)
_STRIDE = 50_000

MAX_KINDS = 8
"""Maximum kinds of hidden characters that one sentence names."""

_CONTROLS = {
    0x00: "NULL",
    0x07: "BELL",
    0x08: "BACKSPACE",
    0x0B: "LINE TABULATION",
    0x0C: "FORM FEED",
    0x0D: "CARRIAGE RETURN",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
    0x85: "NEXT LINE",
}


@dataclass(frozen=True, slots=True)
class HiddenKind:
    """One hidden character, and how often a text has it."""

    character: str
    count: int

    @property
    def code(self) -> str:
        """The code point, such as ``U+200B``."""
        return code_of(self.character)

    @property
    def name(self) -> str:
        """The name, such as ``ZERO WIDTH SPACE``."""
        return name_of(self.character)


@dataclass(frozen=True, slots=True)
class HiddenCharacters:
    """The hidden characters of a text, in the order in which they first occur."""

    kinds: tuple[HiddenKind, ...]

    @property
    def count(self) -> int:
        """Total count."""
        return sum(kind.count for kind in self.kinds)

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def describe(self) -> str:
        """Name the kinds with their numbers, the first `MAX_KINDS` of them: ``U+200B ZERO WIDTH SPACE (2)``."""
        named = [f"{kind.code} {kind.name} ({kind.count:,})" for kind in islice(self.kinds, MAX_KINDS)]
        more = len(self.kinds) - len(named)
        return ", ".join([*named, *([f"and {more:,} other kinds"] if more else [])])


def iterate_hidden(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches in a text. Between stretches of a long one other threads get their turn, which they do not within one."""
    for start in range(0, len(text), _STRIDE):
        # Whether a character is hidden depends on its neighbours.
        for match in HIDDEN.finditer(text, start, start + _STRIDE + 1):
            if match.start() < start + _STRIDE:
                yield match


def iterate_runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each run of the same hidden character."""
    begin = end = at = 0
    while at < len(text):
        first = HIDDEN.search(text, at, at + _STRIDE + 1)
        if first is None or first.start() == at + _STRIDE:
            at += _STRIDE
            continue
        at = first.start()
        hidden = _RUN.match(text, at, at + _STRIDE + 1) or first
        stop = min(hidden.end(), at + _STRIDE)
        for same in _SAME.finditer(text, at, stop):
            if begin < end == same.start() and text[begin] == same[1]:
                end = same.end()
                continue
            if begin < end:
                yield begin, end
            begin, end = same.span()
        at = stop
    if begin < end:
        yield begin, end


def has_hidden(text: str) -> bool:
    """Return `True` if a text has a hidden character."""
    # Most texts are lines, which are no longer than a stretch.
    return HIDDEN.search(text) is not None if len(text) <= _STRIDE else next(iterate_hidden(text), None) is not None


def _hidden_by_stretches(text: str) -> Iterator[list[str]]:
    for start in range(0, len(text), _STRIDE):
        end = start + _STRIDE
        found = HIDDEN.findall(text, start, end + 1)
        # The character behind the stretch is the next one's.
        yield found[:-1] if HIDDEN.match(text, end, end + 1) else found


def find_hidden(*texts: str) -> HiddenCharacters:
    """Count the hidden characters of texts."""
    counts = Counter(chain.from_iterable(stretch for text in texts for stretch in _hidden_by_stretches(text)))
    return HiddenCharacters(tuple(HiddenKind(character, count) for character, count in counts.items()))


def added_hidden(before: Sequence[str], after: Sequence[str]) -> HiddenCharacters:
    """Count the hidden characters that texts have more of than those before them."""
    had = {kind.character: kind.count for kind in find_hidden(*before).kinds}
    more = ((kind, kind.count - had.get(kind.character, 0)) for kind in find_hidden(*after).kinds)
    return HiddenCharacters(tuple(HiddenKind(kind.character, count) for kind, count in more if count > 0))


def code_of(character: str) -> str:
    """Return the code point of a character, such as ``U+200B``."""
    return f"U+{ord(character):04X}"


def name_of(character: str) -> str:
    """Return the name of a character, or of the kind it is of where it has none."""
    code = ord(character)
    if named := unicodedata.name(character, _CONTROLS.get(code, "")):
        return named
    category = unicodedata.category(character)
    return {"Cc": "CONTROL CHARACTER", "Co": "PRIVATE USE CHARACTER", "Cs": "SURROGATE"}.get(category, "UNASSIGNED CHARACTER")
