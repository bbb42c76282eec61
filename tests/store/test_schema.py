"""The schema: the way up and down, and that migrations, tables and snapshots say the same."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres_databases import Postgres
from sqlalchemy import inspect, text

from promptuary.model.errors import SchemaMismatch
from promptuary.store import schema
from promptuary.store.engine.database import Database
from promptuary.store.tables import metadata

SNAPSHOTS = {"sqlite": schema.NEWEST_SQLITE, "postgresql": Path(__file__).parent / "schema" / "postgresql.sql"}

_COLUMNS = """
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
           || CASE WHEN l.collname IS NULL OR l.collname = 'default' THEN '' ELSE ' COLLATE ' || l.collname END
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
           || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass || ' CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
    ORDER BY conrelid::regclass::text, conname
"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
_TRIGGERS = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
_FUNCTIONS = """
    SELECT btrim(pg_get_functiondef(oid), E'\\n') FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname
"""
_SQLITE_OBJECTS = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
    # The tables behind the search index are as the version of SQLite has them.
    # Tables come first, and then what belongs to them.
    "AND name NOT GLOB 'search_texts_index_*' ORDER BY instr('table index trigger', type), name"
)


def tables_of(database: Database) -> set[str]:
    with database.read() as tx:
        return {name for name in inspect(tx.connection).get_table_names() if not is_of_index(name, "table")}


def is_of_index(name: str | None, kind: str, *_: object) -> bool:
    """Tell the tables of the search index from all others: they come and go with the index, not with a migration."""
    return kind == "table" and str(name).startswith("search_texts_index")


def tables_in(postgres_url: str) -> list[str]:
    """Describe the tables of a PostgreSQL database."""
    with psycopg.connect(postgres_url) as connection:
        return [row[0] for query in (_COLUMNS, _CONSTRAINTS, _INDEXES) for row in connection.execute(query)]


def snapshot_of(database_url: str) -> str:
    """Describe a database's schema in its own words, an object after the other."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            return ";\n\n".join(row[0] for row in connection.execute(_SQLITE_OBJECTS)) + ";\n"
    with psycopg.connect(database_url) as connection:
        behind = [row[0] for query in (_TRIGGERS, _FUNCTIONS) for row in connection.execute(query)]
    return "".join(f"{line};\n" for line in [*tables_in(database_url), *behind])


def test_the_schema_goes_up_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    database = Database.open(empty_database_url)
    assert schema.upgrade(database) is True
    assert tables_of(database) == set(metadata.tables) | {"alembic_version"}
    assert schema.is_current(database)
    schema.downgrade(database, target="base")
    assert tables_of(database) == {"alembic_version"}
    assert not schema.is_current(database)
    assert schema.upgrade(database) is True
    assert schema.upgrade(database) is False
    assert tables_of(database) == set(metadata.tables) | {"alembic_version"}
    database.close()


def test_the_migrations_build_what_the_tables_say(database: Database) -> None:
    with database.read() as tx:
        options = {"compare_type": True, "compare_server_default": True, "include_name": lambda *name: not is_of_index(*name)}
        context = MigrationContext.configure(tx.connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_the_migrations_give_everything_the_same_names_as_the_tables(postgres: Postgres) -> None:
    created = postgres.create_database(template="template1")
    database = Database.open(created)
    metadata.create_all(database.engine)
    database.close()
    migrated = tables_in(postgres.create_database())
    assert tables_in(created) == [line for line in migrated if "alembic_version" not in line]


_WORDS = {
    "sqlite": (
        "CREATE TABLE search_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
        "CREATE VIRTUAL TABLE search_words_trigrams USING fts5(word, content='search_words', content_rowid='id')",
        "CREATE TABLE search_words_unread (text_id INTEGER PRIMARY KEY)",
        "CREATE VIRTUAL TABLE search_words_index USING fts5(name, text, content='', detail=none)",
        "CREATE VIRTUAL TABLE search_words_used USING fts5vocab(search_words_index, row)",
        """
        CREATE TRIGGER list_entries_deleted AFTER DELETE ON list_entries BEGIN
          DELETE FROM search_words_unread WHERE text_id = old.search_text_id;
        END
        """,
    ),
    "postgresql": (
        "CREATE FUNCTION search_trigrams_of(word text) RETURNS text[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[word]'",
        "CREATE FUNCTION search_word_numbers(words text[]) RETURNS integer[] LANGUAGE sql STABLE AS 'SELECT ARRAY[1]'",
        "CREATE TABLE search_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
        "CREATE INDEX ix_search_words_trigrams ON search_words USING gin (search_trigrams_of(word))",
        "CREATE TABLE search_text_words (search_text_id BIGINT PRIMARY KEY, word_numbers INTEGER[] NOT NULL)",
        "CREATE FUNCTION search_words_follow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER search_words_listed AFTER INSERT ON list_entries FOR EACH ROW EXECUTE FUNCTION search_words_follow()",
    ),
}


def test_the_index_of_words_of_older_versions_goes_with_the_upgrade(database_url: str) -> None:
    before = snapshot_of(database_url)
    database = Database.open(database_url)
    schema.downgrade(database, target="0008")
    with database.write() as tx:
        for statement in _WORDS[database.kind]:
            tx.connection.exec_driver_sql(statement)
    assert snapshot_of(database_url) != before
    assert schema.upgrade(database) is True
    assert snapshot_of(database_url) == before
    database.close()


def test_the_stated_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(Path(schema.__file__).parent / "migrations")).get_current_head() == schema.HEAD


def test_the_schema_is_the_one_of_the_snapshot(empty_database_url: str) -> None:
    """Renew a snapshot, and review what changed, after a migration was added: delete the file and run this test twice."""
    path = SNAPSHOTS[empty_database_url.partition(":")[0]]
    database = Database.open(empty_database_url)
    with database.write() as tx:
        # Migrations make the schema where a table is. A new SQLite file would have it from the snapshot.
        tx.connection.exec_driver_sql("CREATE TABLE first (id INTEGER)")
    schema.upgrade(database)
    with database.write() as tx:
        tx.connection.exec_driver_sql("DROP TABLE first")
    database.close()
    snapshot = snapshot_of(empty_database_url)
    if not path.exists():
        path.write_text(snapshot)
        pytest.fail(f"{path} was missing and has been written. Review it, then run the test again.")
    assert snapshot == path.read_text(), (
        f"The schema is not the one in {path}. If that is meant, delete the file and run the test twice."
    )


def test_a_new_sqlite_file_gets_the_schema_of_the_snapshot(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    assert schema.upgrade(database) is True
    assert schema.is_current(database)
    database.close()
    assert snapshot_of(sqlite_url) == schema.NEWEST_SQLITE.read_text()


def test_a_database_of_a_newer_promptuary_is_refused_and_left_alone(database: Database) -> None:
    with database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not schema.is_current(database)
    with pytest.raises(SchemaMismatch, match="9999, which a newer Promptuary has written"):
        schema.upgrade(database)
    with database.read() as tx:
        assert schema.current_revision(tx) == "9999"
