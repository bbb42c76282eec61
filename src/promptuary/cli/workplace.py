"""What every command needs: settings, the database, and a way to show results to people and to machines."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import accumulate
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.cells import cell_len

from promptuary.model.errors import InvalidValue, SchemaMismatch
from promptuary.settings import PREFIX, Settings
from promptuary.store import schema
from promptuary.store.database import Database

MAX_LISTED = 10_000

_GAP = "  "
_MAX_CELL = 60

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Record = Mapping[str, object]


def read_settings() -> Settings:
    """Read the settings. Raises `InvalidValue` with a sentence that names the first bad one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"{PREFIX}{first['loc'][0]}".upper()
        message = f"The setting {name} is invalid: {first['msg'].removeprefix('Value error, ')}."
        raise InvalidValue("invalid_setting", message) from None
    except UnicodeDecodeError:
        message = "The file .env is not UTF-8 text."
        raise InvalidValue("invalid_setting", message) from None


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name; nothing is connected yet.

    Not by way of `promptuary.server`: to load the whole server would double the time that a command takes.
    """
    return Database.open(settings.resolved_database_url, pool_size=settings.database_pool_size)


@contextmanager
def opened_database() -> Iterator[Database]:
    """Open the database of the settings, with its schema: an empty one gets it, an outdated one is refused."""
    database = open_database(read_settings())
    try:
        with database.read() as tx:
            revision = schema.current_revision(tx)
        # An empty database gets the schema, one of a newer Promptuary a refusal.
        if revision is None or revision > schema.HEAD:
            schema.upgrade(database)
        elif revision != schema.HEAD:
            message = f"The database has schema {revision}, this version needs {schema.HEAD}. Run promptuary db upgrade."
            raise SchemaMismatch(message)
        yield database
    finally:
        database.close()


def show_record(record: Record, *, as_json: bool, note: str = "") -> None:
    """Print one result."""
    if as_json:
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    width = max(len(name) for name in record)
    for name, value in record.items():
        typer.echo(f"{name:<{width}}  {_shown(value)}")
    if note:
        typer.echo(f"\n{note}")


def show_records(records: Sequence[Record], *, as_json: bool, nothing: str) -> None:
    """Print a list of results: for people a line each with the first columns that the terminal has room for."""
    if as_json:
        typer.echo(json.dumps(records, ensure_ascii=False))
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
    # A line break or a control sequence in a name must not take hold of the terminal.
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
