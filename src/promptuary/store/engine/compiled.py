"""Statements that run with every request: built once, compiled once, and on SQLite given to the driver itself.

To run a statement takes SQLAlchemy several times as long as it takes SQLite to find a row. All that is the same each time is kept
here: the text, the order of the values, and how they become those of the database and back. On PostgreSQL, where the network takes
longer than either, SQLAlchemy runs them.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Engine, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Statement = Select[Any] | Insert | Update | Delete

_Process = Callable[[Any], Any]

End = Callable[[str], None]
"""Called when a statement has ended, with the kind of its error or an empty text."""

Begin = Callable[[str], End | None]
"""Called with the text of a statement before it runs; its result is called when the statement has ended."""

_OBSERVER = "promptuary_observer"


class Compiled:
    """A statement that gets all its values by name, each time the same names.

    Rows have the names of columns as attributes. Errors are those that SQLAlchemy raises.
    """

    __slots__ = ("_form", "_statement")

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._form: _Form | None = None

    def all(self, connection: Connection, values: Mapping[str, object]) -> Sequence[Any]:
        """Run the statement and return its rows."""
        if not _goes_to_driver(connection):
            return connection.execute(self._statement, values).all()
        form = self._form_for(connection, values)
        return [form.row(found) for found in _drive(connection, form.text, form.values(values))[0]]

    def one_or_none(self, connection: Connection, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a row of any columns
        """Run a statement that has one row at most, and return it."""
        found = self.all(connection, values)
        return found[0] if found else None

    def scalar_one(self, connection: Connection, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a value of any column
        """Run a statement that has one row, and return its first value."""
        [[value]] = self.all(connection, values)
        return value

    def run(self, connection: Connection, values: Mapping[str, object]) -> int:
        """Run a statement without rows, and return how many it has changed."""
        if not _goes_to_driver(connection):
            return connection.execute(self._statement, values).rowcount
        form = self._form_for(connection, values)
        return _drive(connection, form.text, form.values(values))[1]

    def _form_for(self, connection: Connection, values: Mapping[str, object]) -> "_Form":
        # Threads that do this at once come to the same.
        if self._form is None:
            self._form = _compile(self._statement, connection.dialect, list(values))
        return self._form


def run_on_sqlite(connection: Connection, text: str, values: Sequence[object] = ()) -> Sequence[Any]:
    """Run a text that is for SQLite only, and return its rows."""
    if not _goes_to_driver(connection):
        result = connection.exec_driver_sql(text, tuple(values))
        return result.all() if result.returns_rows else ()
    return _drive(connection, text, values)[0]


def watch(engine: Engine, begin: Begin) -> None:
    """Call ``begin`` for each statement that the driver runs without SQLAlchemy, and so without its events."""
    engine.update_execution_options(**{_OBSERVER: begin})


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as the driver of SQLite takes it."""

    text: str
    parameters: Sequence[tuple[str, _Process | None]]
    constants: Mapping[str, object]
    columns: Callable[..., Any]
    processes: Sequence[tuple[int, _Process]]

    def values(self, given: Mapping[str, object]) -> list[object]:
        """Put values in their order, as the database has them."""
        known = {**self.constants, **given} if self.constants else given
        return [known[name] if process is None else process(known[name]) for name, process in self.parameters]

    def row(self, found: Sequence[object]) -> Any:  # noqa: ANN401 - a named tuple of its own
        """Return a row with its values as Python has them."""
        read = list(found)
        for place, process in self.processes:
            read[place] = process(read[place])
        return self.columns(*read)


def _compile(statement: Statement, dialect: Dialect, names: list[str]) -> _Form:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    types = {name: _implemented(parameter.type, dialect) for name, parameter in compiled.binds.items()}
    columns = list(statement.exported_columns)
    readers = [_implemented(column.type, dialect).result_processor(dialect, None) for column in columns]
    return _Form(
        text=str(compiled),
        parameters=[(name, types[name].bind_processor(dialect)) for name in compiled.positiontup or ()],
        constants={name: value for name, value in compiled.params.items() if name not in names},
        columns=namedtuple("Columns", [column.name for column in columns], rename=True),  # noqa: PYI024 - known only now
        processes=[(place, process) for place, process in enumerate(readers) if process is not None],
    )


def _implemented(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _goes_to_driver(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _drive(connection: Connection, text: str, values: Sequence[object]) -> tuple[list[Any], int]:
    """Return rows, and how many were changed."""
    driver: Any = connection.connection.driver_connection
    begin: Begin | None = connection.get_execution_options().get(_OBSERVER)
    end = None if begin is None else begin(text)
    try:
        cursor = driver.execute(text, values)
        found = cursor.fetchall(), cursor.rowcount
    except sqlite3.Error as error:
        if end is not None:
            end(type(error).__name__)
        raise DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True) from error
    if end is not None:
        end("")
    return found
