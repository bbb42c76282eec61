"""The index of words on SQLite: words with trigrams of their own, and an FTS5 table of the texts that have them.

Words are split outside the database, so triggers record the texts that are not split yet.
"""

# ruff: noqa: S608 - what is put into these statements are the constants of this module

import json
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, column, literal, select, table

from promptuary.store.engine.compiled import run_on_sqlite
from promptuary.store.lists.words import LONG, MAX_WORDS, SEPARATORS, Found, is_word

_WORDS = re.compile(f"[^{SEPARATORS}]+")

_MAX_LONG_WORDS = 1000
"""Long words that are looked through one by one. With more the index cannot tell."""

_MAX_QUESTION_BYTES = 30_000
"""FTS5 cuts off longer words."""

_MAX_KNOWN_WORDS = 1_000_000
"""Words kept in memory while many texts are read, so that each is written to the database once."""

_BATCH = 500

_MOST_PARTS = 8
"""Parts of the index that are left as they are."""

_MERGED_PAGES = 100
"""Amount of merging in a transaction: some 20 milliseconds of work."""

_TEXT_ID_BITS = 32
"""A row of the index is a text's id behind its project, so that each project has a range of rows."""

_ROW = f"(project_id << {_TEXT_ID_BITS}) + search_text_id"
_LATEST = "label = ''"

_ADD = f"""INSERT INTO search_words_index(rowid, name, text)
        SELECT (new.project_id << {_TEXT_ID_BITS}) + id, name, text FROM search_texts WHERE id = new.search_text_id;
      INSERT OR IGNORE INTO search_words_unread VALUES (new.search_text_id);"""
_FORGET = f"""INSERT INTO search_words_index(search_words_index, rowid, name, text)
        SELECT 'delete', (old.project_id << {_TEXT_ID_BITS}) + id, name, text FROM search_texts WHERE id = old.search_text_id;
      DELETE FROM search_words_unread WHERE text_id = old.search_text_id;"""

_CREATES = (
    "CREATE TABLE search_words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
    f"CREATE INDEX ix_search_words_long ON search_words (id) WHERE length(word) > {LONG}",
    """
    CREATE VIRTUAL TABLE search_words_trigrams USING fts5(
      word, content='search_words', content_rowid='id', columnsize=0, tokenize='trigram case_sensitive 1')
    """,
    f"""
    CREATE TRIGGER search_words_inserted AFTER INSERT ON search_words WHEN length(new.word) <= {LONG} BEGIN
      INSERT INTO search_words_trigrams(rowid, word) VALUES (new.id, new.word);
    END
    """,
    # Texts whose words are not all in `search_words` yet; empty after every transaction of who knows of words.
    "CREATE TABLE search_words_unread (text_id INTEGER PRIMARY KEY)",
    "CREATE VIRTUAL TABLE search_words_index USING fts5(name, text, content='', detail=none, tokenize=\"ascii separators 'A'\")",
    "CREATE VIRTUAL TABLE search_words_used USING fts5vocab(search_words_index, row)",
    # FTS5 wants rows in their order; a plain join would sort the texts themselves.
    "INSERT INTO search_words_index(search_words_index, rank) VALUES ('automerge', 12)",
    f"""
    INSERT INTO search_words_index(rowid, name, text)
    SELECT row, name, text
    FROM (SELECT {_ROW} AS row, search_text_id FROM list_entries WHERE {_LATEST} ORDER BY 1)
    CROSS JOIN search_texts ON id = search_text_id
    """,
    "INSERT INTO search_words_index(search_words_index) VALUES ('optimize')",
    f"INSERT INTO search_words_unread SELECT search_text_id FROM list_entries WHERE {_LATEST}",
    f"""
    CREATE TRIGGER list_entries_inserted AFTER INSERT ON list_entries WHEN new.{_LATEST} BEGIN
      {_ADD}
    END
    """,
    f"""
    CREATE TRIGGER list_entries_deleted AFTER DELETE ON list_entries WHEN old.{_LATEST} BEGIN
      {_FORGET}
    END
    """,
    f"""
    CREATE TRIGGER list_entries_moved AFTER UPDATE OF search_text_id ON list_entries WHEN new.{_LATEST} BEGIN
      {_FORGET}
      {_ADD}
    END
    """,
    # Entries go before their text, which the index needs again to delete it.
    """
    CREATE TRIGGER search_texts_unlisted BEFORE DELETE ON search_texts BEGIN
      DELETE FROM list_entries WHERE search_text_id = old.id;
    END
    """,
)
_DROPS = (
    "DROP TRIGGER IF EXISTS list_entries_inserted",
    "DROP TRIGGER IF EXISTS list_entries_deleted",
    "DROP TRIGGER IF EXISTS list_entries_moved",
    "DROP TRIGGER IF EXISTS search_texts_unlisted",
    "DROP TABLE IF EXISTS search_words_used",
    "DROP TABLE IF EXISTS search_words_index",
    "DROP TABLE IF EXISTS search_words_unread",
    "DROP TABLE IF EXISTS search_words_trigrams",
    "DROP TABLE IF EXISTS search_words",
)
_SELECT_UNREAD = "SELECT name, text FROM search_words_unread JOIN search_texts ON id = text_id"
_SELECT_SOME_UNREAD = "SELECT text_id FROM search_words_unread LIMIT 2"
_DELETE_UNREAD = "DELETE FROM search_words_unread"
_SELECT_GAPS = (
    "SELECT (SELECT count(*) FROM search_words_unread) AS unread, "
    f"(SELECT count(*) FROM search_words WHERE length(word) > {LONG}) AS long_words"
)
# Most words are known already, and to look for those is cheaper than to be refused.
_INSERT_WORDS = "INSERT INTO search_words(word) SELECT value FROM json_each(?) WHERE value NOT IN (SELECT word FROM search_words)"
_SELECT_WORDS = f"""
    SELECT word FROM search_words_trigrams WHERE search_words_trigrams MATCH ? AND instr(word, ?) > 0
    UNION ALL
    SELECT word FROM search_words WHERE length(word) > {LONG} AND instr(word, ?) > 0
    LIMIT {MAX_WORDS + 1}
"""
_COUNT_PARTS = "SELECT count(DISTINCT segid) FROM search_words_index_idx"
_COUNT_CHANGES = "SELECT total_changes()"
_MERGE = "INSERT INTO search_words_index(search_words_index, rank) VALUES ('merge', ?)"
_COUNT = "SELECT count(*) FROM search_words_index WHERE search_words_index MATCH ? AND rowid BETWEEN ? AND ?"


def create_index(connection: Connection) -> None:
    """Index what lists show without a label, now and in future."""
    for statement in _CREATES:
        connection.exec_driver_sql(statement)
    read_words(connection)


def drop_index(connection: Connection) -> None:
    """Take the index away, if there is one."""
    for statement in _DROPS:
        connection.exec_driver_sql(statement)


def read_words(connection: Connection) -> None:
    """Learn the words of all texts that came into the index; until then it cannot tell."""
    known: set[str] = set()
    rows = connection.exec_driver_sql(_SELECT_UNREAD)
    for batch in rows.partitions(_BATCH):
        words = {word for row in batch for text in row for word in _WORDS.findall(text)}.difference(known)
        _insert_words(connection, words)
        if len(known) > _MAX_KNOWN_WORDS:
            known.clear()
        known.update(words)
    run_on_sqlite(connection, _DELETE_UNREAD)


def read_words_of(connection: Connection, text_id: int, *texts: str) -> None:
    """Do what `read_words` does where a text came in that its writer still has: it need not be read again."""
    if run_on_sqlite(connection, _SELECT_SOME_UNREAD) == [(text_id,)]:
        _insert_words(connection, {word for text in texts for word in _WORDS.findall(text)})
        run_on_sqlite(connection, _DELETE_UNREAD)
    else:
        # Who knew nothing of words has left others.
        read_words(connection)


def find(connection: Connection, needle: str, *, project_id: int) -> Found | None:
    """Find what has a folded needle; `None` when this index cannot tell, or is not the fastest that can."""
    if not is_word(needle):
        return None
    gaps = connection.exec_driver_sql(_SELECT_GAPS).one()
    if gaps.unread or gaps.long_words > _MAX_LONG_WORDS:
        return None
    words = connection.exec_driver_sql(_SELECT_WORDS, (f'"{needle[:LONG]}"', needle, needle)).scalars().all()
    question = " OR ".join(f'"{word}"' for word in words)
    if len(words) > MAX_WORDS or len(question.encode()) > _MAX_QUESTION_BYTES:
        return None
    return Found(question, project_id)


def count(connection: Connection, found: Found) -> int:
    """Count what was found."""
    counted: int = connection.exec_driver_sql(_COUNT, (found.question, *_rows_of(found.project_id))).scalar_one()
    return counted


def contains(found: Found, *, text_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Match rows that refer by ``text_id`` to a text that was found."""
    index = table("search_words_index", column("rowid"))
    rows = select(index.c.rowid.bitwise_and(literal((1 << _TEXT_ID_BITS) - 1))).where(
        column("search_words_index").op("MATCH")(literal(found.question)), index.c.rowid.between(*_rows_of(found.project_id))
    )
    return text_id.in_(rows)


def is_scattered(connection: Connection) -> bool:
    """Return `True` if writers have left the index in many parts. A search looks for each of its words in each part."""
    [(parts,)] = run_on_sqlite(connection, _COUNT_PARTS)
    return bool(parts > _MOST_PARTS)


def merge_some(connection: Connection, *, is_first: bool) -> bool:
    """Merge the next pages of the parts, in the way that FTS5 documents; return whether there is more to do.

    Only the first of these calls takes in all parts that are there.
    """
    [(before,)] = run_on_sqlite(connection, _COUNT_CHANGES)
    run_on_sqlite(connection, _MERGE, (-_MERGED_PAGES if is_first else _MERGED_PAGES,))
    [(after,)] = run_on_sqlite(connection, _COUNT_CHANGES)
    return bool(after - before > 1)


def problems(connection: Connection) -> Sequence[object]:
    """List rows that are in the index without being listed, or listed without being in the index, and words that it misses."""
    listed, indexed = f"SELECT {_ROW} FROM list_entries WHERE {_LATEST}", "SELECT id FROM search_words_index_docsize"
    differences = (
        f"{listed} EXCEPT {indexed} LIMIT 1",
        f"{indexed} EXCEPT {listed} LIMIT 1",
        "SELECT text_id FROM search_words_unread LIMIT 1",
        f"SELECT term FROM search_words_used WHERE length(term) <= {LONG} EXCEPT SELECT word FROM search_words LIMIT 1",
    )
    return [row for difference in differences for row in connection.exec_driver_sql(difference)]


def _rows_of(project_id: int) -> tuple[int, int]:
    """Return the first and the last row that a project can have."""
    return project_id << _TEXT_ID_BITS, (project_id + 1 << _TEXT_ID_BITS) - 1


def _insert_words(connection: Connection, words: Iterable[str]) -> None:
    short = [word for word in words if len(word) <= LONG]
    long = [word for word in words if len(word) > LONG]
    if long:
        [(_, long_words)] = run_on_sqlite(connection, _SELECT_GAPS)
        if long_words > _MAX_LONG_WORDS:
            long = []
    run_on_sqlite(connection, _INSERT_WORDS, (json.dumps(sorted(short) + long),))
