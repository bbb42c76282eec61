"""Places of invisible characters in texts, by line and column, and those that a change adds.

What such a character is says `promptuary.model.hidden_characters`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from promptuary.model.chats import readable_entries
from promptuary.model.hidden_characters import added_hidden, code_of, iterate_hidden, name_of
from promptuary.model.json_text import dump_indented

_CONTEXT = 16


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is read by itself, with a title such as ``content`` or ``message 2``."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class HiddenPlace:
    """One hidden character. Line and column count from 1; a column is a character, and only LF ends a line."""

    passage: str
    line: int
    column: int
    character: str
    context: str
    """The character with its neighbours in the line, by which the same place is found again in an edited text."""

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
        text = passage.text
        line, line_start, seen = 1, 0, 0
        for match in iterate_hidden(text):
            start = match.start()
            line += text.count("\n", seen, start)
            line_start = max(line_start, text.rfind("\n", seen, start) + 1)
            seen = start
            context = text[max(line_start, start - _CONTEXT) : start + 1 + _CONTEXT].partition("\n")[0]
            yield HiddenPlace(passage.title, line, start - line_start + 1, match[0], context)


def locate_added(before: Sequence[Passage], after: Sequence[Passage]) -> Iterator[HiddenPlace]:
    """Yield the hidden characters that passages have more of than those before them: of each kind as many as were added.

    A character whose neighbours are the same as before is not taken for the added one.
    """
    added = added_hidden([each.text for each in before], [each.text for each in after])
    left = {kind.character: kind.count for kind in added.kinds}
    if not left:
        return
    known = Counter(place.context for place in locate_hidden(before))
    for place in locate_hidden(after):
        if known[place.context]:
            known[place.context] -= 1
        elif left.get(place.character):
            left[place.character] -= 1
            yield place
