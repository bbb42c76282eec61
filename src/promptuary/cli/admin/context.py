"""Access to the database for commands that work on it. Output is in `output`."""

from collections.abc import Iterator
from contextlib import contextmanager

from promptuary.cli.configuration import read_settings
from promptuary.cli.output import say
from promptuary.model.errors import SchemaMismatch
from promptuary.settings import Settings
from promptuary.store import schema
from promptuary.store.engine.database import Database, address_of, no_database

MAX_LISTED = 10_000


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name, and print which one it is; nothing is connected yet.

    Not by way of `promptuary.server`: to load the whole server would double the time that a command takes.
    """
    _announce(settings)
    return Database.open(
        settings.resolved_database_url,
        pool_size=settings.database_pool_size,
        reference_depth=settings.allowed_reference_depth,
    )


@contextmanager
def opened_database(*, creates: bool = False) -> Iterator[Database]:
    """Open the database of the settings, with its schema; an outdated one is refused.

    A database that is missing or empty is refused, too, unless the command is one that ``creates`` it: a backup or a list of
    nothing, taken in the wrong folder, would look like success.
    """
    settings = read_settings()
    database = open_database(settings) if creates else _open_existing(settings)
    try:
        with database.read() as tx:
            revision = schema.current_revision(tx)
        if revision is None and not creates:
            raise no_database(database.address)
        # An empty database gets the schema, one of a newer Promptuary a refusal.
        if revision is None or revision > schema.HEAD:
            schema.upgrade(database)
        elif revision != schema.HEAD:
            message = f"The database has schema {revision}, this version needs {schema.HEAD}. Run promptuary admin db upgrade."
            raise SchemaMismatch(message)
        yield database
    finally:
        database.close()


def _open_existing(settings: Settings) -> Database:
    _announce(settings)
    return Database.open_existing(settings.resolved_database_url, reference_depth=settings.allowed_reference_depth)


def _announce(settings: Settings) -> None:
    """Print which database a command works on, before anything else, and apart from its results."""
    say(f"Database: {address_of(settings.resolved_database_url)}", err=True)
