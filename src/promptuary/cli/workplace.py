"""What every command needs: settings, the database, and a way to show results to people and to machines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from promptuary.model.errors import InvalidValue, SchemaMismatch
from promptuary.server import open_database
from promptuary.settings import PREFIX, Settings
from promptuary.store import schema
from promptuary.store.database import Database

MAX_LISTED = 10_000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Record = Mapping[str, object]


def read_settings() -> Settings:
    """Read the settings. Raises `InvalidValue` with a sentence that names the first bad one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"{PREFIX}{first['loc'][0]}".upper()
        message = f"The setting {name} is invalid: {first['msg'].removeprefix('Value error, ')}"
        raise InvalidValue("invalid_setting", message) from None


@contextmanager
def opened_database() -> Iterator[Database]:
    """Open the database of the settings, with its schema: an empty one gets it, an outdated one is refused."""
    database = open_database(read_settings())
    try:
        with database.read() as tx:
            revision = schema.current_revision(tx)
        if revision is None:
            schema.upgrade(database)
        elif revision != schema.HEAD:
            message = f"The database has schema {revision}, this version needs {schema.HEAD}. Run: promptuary db upgrade"
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
    """Print a list of results."""
    if as_json:
        typer.echo(json.dumps(records, ensure_ascii=False))
        return
    if not records:
        typer.echo(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in records[0]:
        table.add_column(name, overflow="fold")
    for record in records:
        table.add_row(*(_shown(value) for value in record.values()))
    Console(soft_wrap=True, markup=False, highlight=False).print(table)


def shown_moment(moment: datetime | None) -> str | None:
    """Show a moment to people and machines alike: ISO 8601 in UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)
