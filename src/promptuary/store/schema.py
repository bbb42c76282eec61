"""The database's schema: which revision it has, which one this version of Promptuary needs, and the way between them."""

from pathlib import Path
from typing import Final

from sqlalchemy import Text, inspect, select, type_coerce
from sqlalchemy.sql import column, table

from promptuary.model.errors import SchemaMismatch
from promptuary.store import derived_history, recent_fetches, recorded_authors, references
from promptuary.store.engine import dialect
from promptuary.store.engine.database import Database, Transaction, translated_errors
from promptuary.store.lists import entries
from promptuary.store.tables import changes, keys, labels, metadata, projects, prompts, users, versions

HEAD = "0016"
"""The newest revision in `migrations`, stated here so that a start need not load the migration machinery; a test compares.

Revisions are numbers of four digits, so that a newer one is the greater text.
"""

_DERIVED_SINCE = "0005"
"""The revision since which lists and search are derived as they are now. An upgrade from an older one rebuilds them."""

_AUTHORS_RECORDED_SINCE = "0008"
"""The revision since which authors that imports bring, and who are no members, have no account."""

_REFERENCES_SINCE = "0011"
"""The revision since which the references of contents are rows. An upgrade from an older one derives them."""

_HISTORY_SINCE = "0012"
"""The revision since which moves of labels are kept. An upgrade from an older one derives them from the change log."""

_READ_BY_REQUESTS = (
    *(type_coerce(table.c.created_at, Text) for table in (projects, users, keys, prompts, versions, labels)),
    type_coerce(changes.c.at, Text),
)

_MIGRATIONS = "promptuary.store:migrations"

NEWEST_SQLITE: Final = Path(__file__).with_name("migrations") / "newest_sqlite.sql"
"""Statements that create the newest schema in SQLite, with an empty line between them. A test compares it with the migrations."""

_VERSION = table("alembic_version", column("version_num"))


def current_revision(tx: Transaction) -> str | None:
    """Return the revision of the database, `None` when it is empty."""
    if not inspect(tx.connection).has_table("alembic_version"):
        return None
    return tx.connection.execute(select(_VERSION)).scalar()


def has_all_tables(tx: Transaction) -> bool:
    """Return `True` if every table that this version works with is there."""
    return set(metadata.tables) <= set(inspect(tx.connection).get_table_names())


def is_current(database: Database) -> bool:
    """Return `True` if the database has the schema that this version works with."""
    with database.read() as tx:
        return current_revision(tx) == HEAD


def is_usable(database: Database) -> bool:
    """Return `True` if this version can work with the database's schema: its own, or a newer one, since revisions expand first.

    Raises `Unavailable` when the database cannot be reached or read.
    """
    with database.read() as tx:
        revision = current_revision(tx)
        if revision is None or revision < HEAD:
            return False
        # A damaged file may still say what it is. This reads a row of each table that requests need, by a column without an index.
        tx.connection.execute(select(*(select(moment).limit(1).scalar_subquery() for moment in _READ_BY_REQUESTS))).one()
    return True


def upgrade(database: Database) -> bool:
    """Bring the database to the newest revision in one transaction; return whether anything had to be done.

    Any number of processes may call it at once: one migrates, the others wait and find it done. Raises `SchemaMismatch` when a
    newer Promptuary has been here, `Unavailable` when the database cannot be reached.
    """
    if is_current(database):
        return False
    with translated_errors(), dialect.migrating(database.engine) as connection:
        tx = Transaction(connection, database.clock)
        before = current_revision(tx)
        if before is not None:
            entries.lock_prompts(tx)
        if not _create(tx):
            _migrate(tx, target="head")
        if before is None or before < _DERIVED_SINCE:
            entries.rebuild(tx)
        recent_fetches.rebuild(tx)
        if before is not None and before < _REFERENCES_SINCE:
            references.derive_all(tx)
        if before is not None and before < _HISTORY_SINCE:
            derived_history.derive_all(tx)
        if before is not None and before < _AUTHORS_RECORDED_SINCE:
            recorded_authors.record_former_accounts(tx)
    return True


def downgrade(database: Database, *, target: str) -> None:
    """Take the database back to an older revision, ``base`` for an empty one. Loses what the older schema cannot hold."""
    with translated_errors(), dialect.migrating(database.engine) as connection:
        _migrate(Transaction(connection, database.clock), target=target)


def _create(tx: Transaction) -> bool:
    """Create the newest schema in a SQLite file without tables, such as each backup begins as; return `False` for all others."""
    if not dialect.is_sqlite(tx.connection) or inspect(tx.connection).get_table_names():
        return False
    for statement in NEWEST_SQLITE.read_text(encoding="utf-8").split(";\n\n"):
        tx.connection.exec_driver_sql(statement)
    tx.connection.execute(_VERSION.insert().values(version_num=HEAD))
    return True


def _migrate(tx: Transaction, *, target: str) -> None:
    # Alembic takes a fifth of a second to load, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = tx.connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = current_revision(tx)
    if present is not None and present not in known:
        message = f"The database has schema {present}, which a newer Promptuary has written. Upgrade Promptuary."
        raise SchemaMismatch(message)
    if target == "head":
        command.upgrade(config, target)
    else:
        command.downgrade(config, target)
