"""What commands need that work on the database: the settings and the database itself. How they show results is in `showing`."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from promptuary.model.errors import InvalidValue, SchemaMismatch
from promptuary.settings import PREFIX, Settings
from promptuary.store import schema
from promptuary.store.database import Database

MAX_LISTED = 10_000


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
