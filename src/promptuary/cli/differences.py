"""Differences on a terminal: removed lines red, added ones green, changed words underlined."""

from rich.console import Console
from rich.text import Text

from promptuary.cli.output import printable
from promptuary.differences import Hunk, Row, compare_configs, compare_texts
from promptuary.model.text import counted
from promptuary.sync import Difference, Draft
from promptuary.sync.comparing import readable

_SIGNS = {"same": (" ", ""), "removed": ("-", "red"), "added": ("+", "green")}


def show_difference(old: Draft | None, new: Draft | None, *, title: str) -> None:
    """Print what differs between two drafts; nothing stands for one that is not there."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(printable(title), style="bold"))
    for hunk in compare_texts(_text(old), _text(new)):
        _show_hunk(console, hunk)
    for change in compare_configs(old.config if old else None, new.config if new else None):
        for sign, style, value in (("-", "red", change.old), ("+", "green", change.new)):
            if value is not None:
                console.print(Text(printable(f"{sign} config {change.path}: {value}"), style=style))


def difference_record(difference: Difference) -> dict[str, object]:
    """Return a difference for programs: both sides whole."""
    old, new = difference.old, difference.new
    return {
        "name": difference.name,
        "version": difference.version,
        "old": None if old is None else {"content": old.content, "config": old.config},
        "new": None if new is None else {"content": new.content, "config": new.config},
    }


def _text(draft: Draft | None) -> str:
    return "" if draft is None else readable(draft.content)


def _show_hunk(console: Console, hunk: Hunk) -> None:
    if hunk.is_folded:
        console.print(Text(f"  ... {counted(len(hunk.rows), 'line')} alike", style="dim"))
        return
    for row in hunk.rows:
        console.print(_line(row))


def _line(row: Row) -> Text:
    sign, style = _SIGNS[row.kind]
    line = Text(f"{sign} ", style=style)
    for span in row.spans:
        line.append(printable(span.text, kept="\t"), style=f"{style} underline" if span.is_changed else style)
    return line
