"""Differences on a terminal: removed lines red, added ones green, changed words underlined."""

from rich.console import Console
from rich.text import Text

from promptuary.cli.output import printable
from promptuary.differences import Hunk, Row, compare_configs, compare_texts
from promptuary.model.contract_changes import compare_contracts
from promptuary.model.contracts import Contract, contract_of, variables_of
from promptuary.model.templates import Template
from promptuary.model.text import counted
from promptuary.remote import text_of
from promptuary.sync import Difference, Draft
from promptuary.sync.comparing import readable

_STYLES = {"-": "red", "+": "green", "@": "dim", "\\": "dim"}
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
    for sentence in list_caller_changes(old, new):
        console.print(Text(printable(sentence)))


def show_unified(diff: str) -> None:
    """Print a unified diff that the server made; nothing for an empty one."""
    console = Console(highlight=False, soft_wrap=True)
    for line in diff.split("\n") if diff else ():
        console.print(Text(printable(line, kept="\t"), style=_STYLES.get(line[:1], "")))


def list_caller_changes(old: Draft | None, new: Draft | None) -> list[str]:
    """Return what a change means to callers, such as ``breaking: adds required locale``; nothing unless both versions are there."""
    if old is None or new is None:
        return []
    changes = compare_contracts(_variables(old), _variables(new)).changes
    return [f"{change.level}: {change.phrase}" for change in changes]


def _variables(draft: Draft) -> Contract:
    contract = contract_of(draft.contract)
    return variables_of(Template(text_of(draft.content), contract), contract)


def difference_record(difference: Difference) -> dict[str, object]:
    """Return a difference for programs: both sides whole."""
    old, new = difference.old, difference.new
    return {
        "name": difference.name,
        "version": difference.version,
        "old": None if old is None else _record(old),
        "new": None if new is None else _record(new),
    }


def _record(draft: Draft) -> dict[str, object]:
    variables = {} if draft.contract is None else {"variables": draft.contract}
    return {"content": draft.content, "config": draft.config, **variables}


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
