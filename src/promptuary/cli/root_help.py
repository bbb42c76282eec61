"""``promptuary --help``: written from the table of commands, so that neither Typer nor a command is loaded for it."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator

from promptuary.cli.commands import LOCATIONS

SUMMARY = "A prompt registry: versioned, labelled, searchable prompts, served to running programs."

_DESCRIPTION = (
    "Start with: promptuary serve. Settings come from PROMPTUARY_... variables and from .env. Commands that work over "
    "HTTP use PROMPTUARY_HOST, PROMPTUARY_API_KEY and PROMPTUARY_PROJECT, or a profile of promptuary login, but not .env."
)
_OPTIONS = {
    "--version": "Show the version and exit.",
    "-q, --quiet": "Print results, warnings and errors only. Every command takes this option, too.",
    "--color WHEN": "Print colors: auto (on a terminal), always or never. Every command takes this option, too.",
    "-h, --help": "Show this message, or that of a command, and exit.",
}
_MAX_WIDTH = 100
_MIN_WIDTH = 40
_INDENT = "  "


def root_help() -> str:
    """Return the help of the whole command line, for the width of the terminal."""
    width = max(_MIN_WIDTH, min(_MAX_WIDTH, shutil.get_terminal_size((80, 0)).columns) - 2)
    summaries = ((name, location.summary) for name, location in LOCATIONS.items())
    return "\n".join(
        [
            "Usage: promptuary [OPTIONS] COMMAND [ARGS]...",
            *_paragraph(SUMMARY, width),
            *_paragraph(_DESCRIPTION, width),
            *_table("Options", _OPTIONS.items(), width),
            *_table("Commands", summaries, width),
        ]
    )


def _paragraph(text: str, width: int) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _table(title: str, rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    rows = list(rows)
    column = max(len(name) for name, _ in rows) + 2 * len(_INDENT)
    for name, meaning in rows:
        yield from textwrap.wrap(
            meaning,
            width,
            initial_indent=f"{_INDENT}{name}".ljust(column),
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
