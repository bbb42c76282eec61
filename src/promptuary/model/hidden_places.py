"""Places of invisible characters in texts, by line and column, and those that a change adds.

What such a character is says `promptuary.model.hidden_characters`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from promptuary.model.chats import readable_entries
from promptuary.model.hidden_characters import added_hidden, code_of, iterate_hidden, name_of
from promptuary.model.json_text import dump_indented

_CONTEXT = 16


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is read by itself, with a title such as ``content`` or ``message 2``."""

    title: str
    text: str


class HiddenPlace(NamedTuple):
    """One hidden character. Line and column count from 1; a column is a character, and only LF ends a line."""

    passage: str
    line: int
    column: int
    character: str

    def describe(self) -> str:
        """Name the place: ``content, line 1, column 6: U+200B ZERO WIDTH SPACE``."""
        return f"{self.passage}, line {self.line}, column {self.column}: {code_of(self.character)} {name_of(self.character)}"


def passages_of(content: object, config: object) -> tuple[Passage, ...]:
    """Return the texts that a prompt consists of: its content or each entry of a chat, and the indented JSON of the config."""
    entries = readable_entries(content)
    if entries is not None:
        read = [
            Passage(f"message {number}", "\n".join(filter(None, (each.heading, each.text, each.rest))))
            for number, each in enumerate(entries, 1)
        ]
    else:
        read = [Passage("content", content if isinstance(content, str) else dump_indented(content))]
    return tuple(read if config is None else [*read, Passage("config", dump_indented(config))])


def locate_hidden(passages: Sequence[Passage]) -> Iterator[HiddenPlace]:
    """Yield the hidden characters of passages. Each character of a text is looked at once, so that it takes linear time."""
    for passage in passages:
        yield from _locate(passage, (match.start() for match in iterate_hidden(passage.text)))


def locate_added(before: Sequence[Passage], after: Sequence[Passage]) -> Iterator[HiddenPlace]:
    """Yield the hidden characters that passages have more of than those before them: of each kind as many as were added.

    A character whose neighbours are the same as before is not taken for the added one.
    """
    added = added_hidden([each.text for each in before], [each.text for each in after])
    left = Counter({kind.character: kind.count for kind in added.kinds})
    if not left:
        return
    known = Counter(_context(each.text, match.start()) for each in before for match in iterate_hidden(each.text))
    for passage in after:
        yield from _locate(passage, _find_added(passage.text, known, left))


def _find_added(text: str, known: Counter[str], left: Counter[str]) -> Iterator[int]:
    """Yield the indexes of added characters until none is left; take from `known` and `left` what was found."""
    matches = iterate_hidden(text)
    while left and (match := next(matches, None)) is not None:
        character = match[0]
        context = _context(text, match.start())
        if known.get(context):
            known[context] -= 1
        elif character in left:
            if left[character] == 1:
                del left[character]
            else:
                left[character] -= 1
            yield match.start()


def _locate(passage: Passage, indexes: Iterable[int]) -> Iterator[HiddenPlace]:
    """Yield the places of characters whose indexes ascend."""
    text = passage.text
    line, line_start, seen = 1, 0, 0
    for index in indexes:
        if line_feeds := text.count("\n", seen, index):
            line += line_feeds
            line_start = text.rindex("\n", seen, index) + 1
        seen = index
        yield HiddenPlace(passage.title, line, index - line_start + 1, text[index])


def _context(text: str, index: int) -> str:
    """Return a character with its neighbours in the line, by which the same place is found again in an edited text."""
    begin = max(0, index - _CONTEXT)
    around = text[begin : index + 1 + _CONTEXT]
    if "\n" in around:
        around = around[: index - begin].rpartition("\n")[2] + around[index - begin :].partition("\n")[0]
    return around
