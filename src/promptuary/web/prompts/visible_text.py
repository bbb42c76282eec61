"""Texts as HTML in which every character can be seen, and how much of a text a page has room for.

A hidden character stays in the page, so that what is copied is the text itself. It is isolated, so that it reorders nothing around
it, and the style sheet draws its code point before it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from promptuary.model.hidden_characters import code_of, has_hidden, iterate_runs, name_of

MAX_PAGE: Final = 1_200_000
"""Maximum bytes of HTML that a page shows of texts."""

_STRETCH = 4096
_AROUND_A_TEXT = 250

Piece = tuple[int, str]
"""A number of characters of a text, and their HTML."""


def show_visibly(text: object) -> Markup:
    """Return a text as HTML, hidden characters drawn."""
    shown = str(text)
    if not has_hidden(shown):
        return escape(shown)
    return Markup("".join(piece for _, piece in draw(shown)))  # noqa: S704 - escaped


def show_plainly(text: object) -> str:
    """Return a text for where there can be no HTML, such as options and titles: hidden characters become ``[U+202E]``."""
    shown = str(text)
    pieces: list[str] = []
    last = 0
    for begin, end in iterate_runs(shown):
        pieces += [shown[last:begin], f"[{_run_code(shown[begin:end])}]"]
        last = end
    return "".join([*pieces, shown[last:]])


def weigh(html: str) -> int:
    """Return how many bytes HTML takes in a page, which is UTF-8."""
    return len(html) if html.isascii() else len(html.encode("utf-8", "surrogatepass"))


def draw(text: str) -> Iterator[Piece]:
    """Yield a text as pieces of HTML; a run of the same hidden character is one piece."""
    last = 0
    for begin, end in iterate_runs(text):
        yield from _plain(text, last, begin)
        yield end - begin, _draw_run(text[begin:end])
        last = end
    yield from _plain(text, last, len(text))


@dataclass(slots=True)
class PageBudget:
    """Remaining room of a page for texts, and the number of characters left out."""

    left: int = MAX_PAGE
    left_out: int = 0

    def open(self, cost: int = _AROUND_A_TEXT) -> bool:
        """Take the room of what stands around a text, and tell whether anything can be shown."""
        self.left -= cost
        return self.left > 0

    def show(self, text: str) -> Markup:
        """Return as much of a text as there is room for, hidden characters drawn, and how much is left out."""
        # To draw a text takes time even if nothing of it is shown.
        return self.fill(draw(text) if self.left > 0 else (), len(text))

    def fill(self, pieces: Iterable[Piece], length: int) -> Markup:
        """Return as many pieces as there is room for of a text with a length, and how much of it is left out."""
        shown: list[str] = []
        characters = 0
        for size, piece in pieces:
            weight = weigh(piece)
            if self.left < weight:
                self.left = 0
                break
            self.left -= weight
            characters += size
            shown.append(piece)
        missing = length - characters
        self.left_out += missing
        if missing:
            shown.append(f'<span class="left-out">… {missing:,} more characters are not shown</span>')
        return Markup("".join(shown))  # noqa: S704 - escaped


def _plain(text: str, start: int, end: int) -> Iterator[Piece]:
    for at in range(start, end, _STRETCH):
        stretch = text[at : min(end, at + _STRETCH)]
        yield len(stretch), str(escape(stretch))


def _draw_run(run: str) -> str:
    code = _run_code(run)
    # Browsers read a carriage return as a line feed unless it is a reference. A direction isolates what is inside.
    inside = run.replace("\r", "&#13;")
    return f'<span class="hidden-character" dir="ltr" data-code="{code}" title="{name_of(run[0])}">{inside}</span>'


def _run_code(run: str) -> str:
    return code_of(run[0]) if len(run) == 1 else f"{code_of(run[0])} ({len(run):,})"
