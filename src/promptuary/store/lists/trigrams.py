"""Finding a needle anywhere in the texts of `search_texts`: the index of trigrams on either database, and the question to it.

It belongs to `dialect`, from which it is split off, and like it knows which database it talks to. Answers are those of a plain
scan: SQLite's index knows where each trigram stands, PostgreSQL compares what its index proposes.
"""

from sqlalchemy import ColumnElement, Connection, collate, column, func, literal, or_, select, table
from sqlalchemy.exc import DBAPIError

from promptuary.store.engine.dialect import is_sqlite
from promptuary.store.tables import search_texts

TRIGRAM = 3
"""Characters of a trigram. Shorter needles are looked for in all texts."""

_MAX_PHRASE = 16
"""Characters of a needle that the index of SQLite is asked for; the rest of a longer one is compared in the texts that it returns.

Each trigram more is a list to be read: a needle of 64 characters would take five times as long.
"""

_ALIKE = frozenset("\ufffd\ufffe\uffff")
"""Characters that FTS5 does not tell from each other."""

_LITERALLY = str.maketrans({character: f"[{character}]" for character in "*?["})
"""Characters of a pattern of GLOB that would stand for others."""

_SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_texts_index USING fts5("
    "name, text, content='search_texts', content_rowid='id', tokenize='trigram case_sensitive 1')"
)
# FTS5 merges its segments at 4 of a size; at 12 a publish takes a sixth less on average. At 16 it would merge all of them at once.
_SQLITE_PACE = "INSERT INTO search_texts_index(search_texts_index, rank) VALUES ('automerge', 12)"
_SQLITE_FILL = "INSERT INTO search_texts_index(search_texts_index) VALUES ('rebuild')"
_SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER search_texts_inserted AFTER INSERT ON search_texts BEGIN
      INSERT INTO search_texts_index(rowid, name, text) VALUES (new.id, new.name, new.text);
    END
    """,
    """
    CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN
      INSERT INTO search_texts_index(search_texts_index, rowid, name, text) VALUES ('delete', old.id, old.name, old.text);
    END
    """,
)
_SQLITE_DROPS = (
    "DROP TRIGGER IF EXISTS search_texts_inserted",
    "DROP TRIGGER IF EXISTS search_texts_deleted",
    "DROP TABLE IF EXISTS search_texts_index",
)
_POSTGRESQL_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
_POSTGRESQL_INDEXES = tuple(
    f"CREATE INDEX ix_search_texts_{name}_trigrams ON search_texts USING gin ({name} gin_trgm_ops)" for name in ("name", "text")
)
_POSTGRESQL_DROPS = tuple(f"DROP INDEX IF EXISTS ix_search_texts_{name}_trigrams" for name in ("name", "text"))


def create_index(connection: Connection) -> bool:
    """Index all texts that are there and those to come; return `False` where the database offers no index of trigrams.

    That is PostgreSQL without the extension ``pg_trgm``, where a search reads all texts.
    """
    if is_sqlite(connection):
        _execute(connection, _SQLITE_INDEX, _SQLITE_PACE, _SQLITE_FILL, *_SQLITE_TRIGGERS)
        return True
    # Search works without the extension if it cannot be created or used; the transaction continues.
    try:
        with connection.begin_nested():
            _execute(connection, _POSTGRESQL_EXTENSION, *_POSTGRESQL_INDEXES)
    except DBAPIError:
        return False
    return True


def drop_index(connection: Connection) -> None:
    """Take the index away, if there is one."""
    _execute(connection, *(_SQLITE_DROPS if is_sqlite(connection) else _POSTGRESQL_DROPS))


def contains(connection: Connection, needle: str, *, text_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Match rows that refer by ``text_id`` to a row of `search_texts` with a folded needle in its name or text.

    Texts are compared character by character, without wildcards.
    """
    has_it = has_needle(connection, needle)
    if not is_sqlite(connection):
        return text_id.in_(select(search_texts.c.id).where(has_it))
    if len(needle) < TRIGRAM:
        return text_id.in_(select(search_texts.c.id).where(has_it))
    index = table("search_texts_index", column("rowid"))
    phrase = '"' + needle[:_MAX_PHRASE].replace('"', '""') + '"'
    proposed = select(index.c.rowid).where(column("search_texts_index").op("MATCH")(literal(phrase)))
    if len(needle) <= _MAX_PHRASE and _ALIKE.isdisjoint(needle):
        return text_id.in_(proposed)
    return text_id.in_(select(search_texts.c.id).where(search_texts.c.id.in_(proposed), has_it))


def has_needle(connection: Connection, needle: str) -> ColumnElement[bool]:
    """Match rows of `search_texts` that have a folded needle in their name or text, by looking at both."""
    name: ColumnElement[str] = search_texts.c.name
    text: ColumnElement[str] = search_texts.c.text
    if is_sqlite(connection):
        if len(needle) < TRIGRAM:
            # GLOB skips to the next first character, which takes a third of the time of instr(). A pattern has a maximum length.
            pattern = literal(f"*{needle.translate(_LITERALLY)}*")
            return or_(name.op("GLOB")(pattern), text.op("GLOB")(pattern))
        return or_(func.instr(name, literal(needle)) > 0, func.instr(text, literal(needle)) > 0)
    # Other than strpos, LIKE can use the index; it means the same, index or not.
    if len(needle) < TRIGRAM:
        # PostgreSQL would read all of an index that has no such key. Under another collation than its own it is not considered.
        name, text = collate(name, "C"), collate(text, "C")
    return or_(name.contains(needle, autoescape=True), text.contains(needle, autoescape=True))


def index_problems(connection: Connection) -> list[str]:
    """List mismatches between texts and their index on SQLite; PostgreSQL maintains its indexes itself."""
    if not is_sqlite(connection):
        return []
    indexed = table("search_texts_index_docsize", column("id"))
    unindexed = select(search_texts.c.id).except_(select(indexed.c.id))
    unfounded = select(indexed.c.id).except_(select(search_texts.c.id))
    found = [*connection.execute(unindexed.limit(1)), *connection.execute(unfounded.limit(1))]
    return ["the search index does not match its texts; run promptuary admin db reindex"] if found else []


def _execute(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
