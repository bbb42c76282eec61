"""Output of commands, as text and as JSON."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.terminal import has_color, is_quiet
from promptuary.model.errors import InvalidValue, Unavailable
from promptuary.model.hidden_characters import HIDDEN
from promptuary.model.json_text import dump

_GAP = "  "
_MAX_CELL = 60
_KEPT = "\n\t"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Record = Mapping[str, object]


def say(text: str, *, err: bool = False) -> None:
    """Print lines about what was done, which ``--quiet`` leaves out, or with ``err`` warnings and errors, which stay.

    Every command prints by this module, so that no text from outside takes hold of the terminal.
    """
    if err or not is_quiet():
        show_line(text, err=err)


def remark(text: str) -> None:
    """Print a line about what is done to standard error, unless ``--quiet`` is chosen: standard output has a result."""
    if not is_quiet():
        show_line(text, err=True)


def show_line(text: str, *, err: bool = False) -> None:
    """Print lines of a result."""
    typer.echo(printable(text, kept="\n"), err=err)


def show_styled(line: str) -> None:
    """Print a line of a result whose texts are `printable` and have styles of `typer.style`, in colors if these are wanted."""
    typer.echo(line, color=has_color(sys.stdout))


def is_terminal() -> bool:
    """Return `True` if standard output is a terminal."""
    return sys.stdout.isatty()


def write_to_stdout(file: Path) -> None:
    """Copy a file to standard output as it is, unless that is a terminal. Raises `InvalidValue`, `Unavailable`."""
    if sys.stdout.isatty():
        message = "Standard output is a terminal. Name a file, or send the output on to a program or a file."
        raise InvalidValue("is_a_terminal", message)
    try:
        with file.open("rb") as content:
            shutil.copyfileobj(content, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        message = f"Cannot write to standard output: {error.strerror}."
        raise Unavailable(message) from error


def show_text(text: str) -> None:
    """Print a text of a prompt behind an empty line, with its line breaks and tabs."""
    typer.echo(f"\n{printable(text, kept=_KEPT)}")


def write_out(data: bytes) -> None:
    """Write bytes for other programs to standard output as they are; a terminal gets them as `say` prints."""
    if sys.stdout.isatty():
        typer.echo(printable(data.decode(errors="replace"), kept=_KEPT), nl=False)
    else:
        sys.stdout.buffer.write(data)


def show_json(value: object) -> None:
    """Print a line of JSON, in which characters that a terminal would obey or not show are escapes of JSON."""
    text = HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], json.dumps(value, ensure_ascii=False))
    typer.echo("".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text))


def show_record(record: Record, *, as_json: bool, note: str = "") -> None:
    """Print one result."""
    if as_json:
        show_json(record)
        return
    width = max(len(name) for name in record)
    for name, value in record.items():
        show_line(f"{name:<{width}}  {_format_value(value)}")
    if note:
        say(f"\n{note}")


def show_records(records: Sequence[Record], *, as_json: bool, nothing: str) -> None:
    """Print a list of results: for people a line each with the first columns that the terminal has room for."""
    if as_json:
        show_json(records)
        return
    if not records:
        say(nothing)
        return
    # Only tables need to know how wide characters are.
    from rich.cells import cell_len  # noqa: PLC0415

    rows = [list(records[0]), *([_format_cell(value) for value in record.values()] for record in records)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    fitting = _count_fitting(widths)
    for number, row in enumerate(rows):
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row[:fitting], widths, strict=False))
        typer.secho(_GAP.join(cells).rstrip(), bold=number == 0, color=has_color(sys.stdout))
    if fitting < len(widths):
        say(f"\n{', '.join(rows[0][fitting:])}: in a wider terminal, or with --json.")


def format_timestamp(moment: datetime | None) -> str | None:
    """Show a moment to people and machines alike: ISO 8601 in UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def to_the_second(moment: str) -> str:
    """Return a timestamp of the API, which is UTC, to the second."""
    return moment.partition(".")[0].removesuffix("Z") + "Z"


def author_of(row: Mapping[str, dict[str, str] | None]) -> str | None:
    """Return the e-mail address of the user who made something, `None` if the user is not known."""
    author = row["created_by"]
    return author["email"] if author else None


def printable(text: str, *, kept: str = "") -> str:
    """Return a text that cannot take hold of the terminal: line breaks, control and hidden characters are shown as escapes."""
    escaped = HIDDEN.sub(lambda match: match[0] if match[0] in kept else _escape(match[0]), text)
    return "".join(character if character.isprintable() or character in kept else _escape(character) for character in escaped)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _count_fitting(widths: Sequence[int]) -> int:
    room = shutil.get_terminal_size((0, 0)).columns
    if not room:
        return len(widths)
    ends = accumulate(widths, lambda end, width: end + len(_GAP) + width)
    return max(1, sum(end <= room for end in ends))


def _format_cell(value: object) -> str:
    text = _format_value(value)
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 3]}..."


def _format_value(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return printable(dump(value))
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return printable(text)
