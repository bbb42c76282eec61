"""Differences on a terminal: removed lines red, added ones green, changed words underlined."""

import typer

from promptuary.cli.output import printable, show_styled
from promptuary.differences import Hunk, Row, compare_configs, compare_texts
from promptuary.model.contract_changes import compare_contracts
from promptuary.model.contracts import Contract, contract_of, variables_of
from promptuary.model.templates import Template
from promptuary.model.text import counted
from promptuary.remote import text_of
from promptuary.sync import Difference, Draft
from promptuary.sync.comparing import readable

_RED, _GREEN = typer.colors.RED, typer.colors.GREEN
_COLORS = {"-": _RED, "+": _GREEN}
_DIM = ("@", "\\")
_SIGNS = {"same": (" ", None), "removed": ("-", _RED), "added": ("+", _GREEN)}


def show_difference(old: Draft | None, new: Draft | None, *, title: str) -> None:
    """Print what differs between two drafts; nothing stands for one that is not there."""
    show_styled(typer.style(printable(title), bold=True))
    for hunk in compare_texts(_text(old), _text(new)):
        _show_hunk(hunk)
    for change in compare_configs(old.config if old else None, new.config if new else None):
        for sign, color, value in (("-", _RED, change.old), ("+", _GREEN, change.new)):
            if value is not None:
                show_styled(typer.style(printable(f"{sign} config {change.path}: {value}"), fg=color))
    for sentence in list_caller_changes(old, new):
        show_styled(printable(sentence))


def show_unified(diff: str) -> None:
    """Print a unified diff that the server made; nothing for an empty one."""
    for line in diff.split("\n") if diff else ():
        show_styled(typer.style(printable(line, kept="\t"), fg=_COLORS.get(line[:1]), dim=line.startswith(_DIM) or None))


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


def _show_hunk(hunk: Hunk) -> None:
    if hunk.is_folded:
        show_styled(typer.style(f"  ... {counted(len(hunk.rows), 'line')} alike", dim=True))
        return
    for row in hunk.rows:
        show_styled(_line(row))


def _line(row: Row) -> str:
    sign, color = _SIGNS[row.kind]
    if color is None:
        return "  " + "".join(printable(span.text, kept="\t") for span in row.spans)
    spans = (typer.style(printable(span.text, kept="\t"), fg=color, underline=span.is_changed or None) for span in row.spans)
    return typer.style(f"{sign} ", fg=color) + "".join(spans)
