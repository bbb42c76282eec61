"""How commands show results, to people and to machines."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Annotated

import typer
from rich.cells import cell_len

_GAP = "  "
_MAX_CELL = 60

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Record = Mapping[str, object]


def show_json(value: object) -> None:
    """Print a line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def show_record(record: Record, *, as_json: bool, note: str = "") -> None:
    """Print one result."""
    if as_json:
        show_json(record)
        return
    width = max(len(name) for name in record)
    for name, value in record.items():
        typer.echo(f"{name:<{width}}  {_shown(value)}")
    if note:
        typer.echo(f"\n{note}")


def show_records(records: Sequence[Record], *, as_json: bool, nothing: str) -> None:
    """Print a list of results: for people a line each with the first columns that the terminal has room for."""
    if as_json:
        show_json(records)
        return
    if not records:
        typer.echo(nothing)
        return
    rows = [list(records[0]), *([_shown_cell(value) for value in record.values()] for record in records)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    fitting = _count_fitting(widths)
    for number, row in enumerate(rows):
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row[:fitting], widths, strict=False))
        typer.secho(_GAP.join(cells).rstrip(), bold=number == 0)
    if fitting < len(widths):
        typer.echo(f"\n{', '.join(rows[0][fitting:])}: in a wider terminal, or with --json.")


def shown_moment(moment: datetime | None) -> str | None:
    """Show a moment to people and machines alike: ISO 8601 in UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def printable(text: str, *, kept: str = "") -> str:
    """Return a text that cannot take hold of the terminal: line breaks and control characters are shown as escapes."""
    return "".join(character if character.isprintable() or character in kept else repr(character)[1:-1] for character in text)


def _count_fitting(widths: Sequence[int]) -> int:
    room = shutil.get_terminal_size((0, 0)).columns
    if not room:
        return len(widths)
    ends = accumulate(widths, lambda end, width: end + len(_GAP) + width)
    return max(1, sum(end <= room for end in ends))


def _shown_cell(value: object) -> str:
    text = _shown(value)
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 3]}..."


def _shown(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return printable(text)
