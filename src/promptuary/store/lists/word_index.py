"""Finding a needle that lies within a word: which words have it, and which texts have these words.

It is the shorter way beside the trigrams of `trigrams`, for the needles and the texts that are asked for most: letters and
digits, in what lists show without a label. All other searches use the trigrams, so this index may always answer that it cannot
tell. Answers are those of a plain scan: a word is the longest run without a separator, so a text has a needle without separators
if and only if one of its words has it. `words` says what a word is; each database has an index of its own.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import CTE, ColumnElement, Connection

from promptuary.store.engine.dialect import is_sqlite
from promptuary.store.lists import word_index_postgresql, word_index_sqlite
from promptuary.store.lists.words import Found


class _Index(Protocol):
    def create_index(self, connection: Connection) -> None: ...
    def drop_index(self, connection: Connection) -> None: ...
    def find(self, connection: Connection, needle: str, *, project_id: int) -> Found | None: ...
    def count(self, connection: Connection, found: Found) -> int: ...
    def contains(self, found: Found, *, text_id: ColumnElement[int]) -> ColumnElement[bool]: ...
    def problems(self, connection: Connection) -> Sequence[object]: ...


def create_index(connection: Connection) -> None:
    """Index what lists show without a label, now and in future."""
    _index(connection).create_index(connection)


def drop_index(connection: Connection) -> None:
    """Take the index away, if there is one."""
    _index(connection).drop_index(connection)


def read_words(connection: Connection) -> None:
    """Let SQLite know the words of texts that have just been listed; PostgreSQL splits them by itself."""
    if is_sqlite(connection):
        word_index_sqlite.read_words(connection)


def read_words_of(connection: Connection, text_id: int, *texts: str) -> None:
    """Do what `read_words` does where one text has been listed: it is known, name and text."""
    if is_sqlite(connection):
        word_index_sqlite.read_words_of(connection, text_id, *texts)


def find(connection: Connection, needle: str, *, project_id: int) -> Found | None:
    """Find what has a folded needle; `None` when this index cannot tell, or is not the fastest that can."""
    return _index(connection).find(connection, needle, project_id=project_id)


def contains(connection: Connection, found: Found, *, text_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Match rows that refer by ``text_id`` to a text that was found."""
    return _index(connection).contains(found, text_id=text_id)


def count(connection: Connection, found: Found) -> int:
    """Count what was found."""
    return _index(connection).count(connection, found)


def can_gather(connection: Connection) -> bool:
    """Return `True` if the database can have all that was found in memory, see `gather`."""
    return not is_sqlite(connection)


def gather(found: Found) -> CTE:
    """Return the ids of the texts that were found on PostgreSQL, for a statement to ask them more than once.

    It is one row with an array, ``text_ids``.
    """
    return word_index_postgresql.gather(found)


def is_scattered(connection: Connection) -> bool:
    """Return `True` if the index has come into so many parts that searches are slower; PostgreSQL tidies up by itself."""
    return is_sqlite(connection) and word_index_sqlite.is_scattered(connection)


def merge_some(connection: Connection, *, is_first: bool) -> bool:
    """Merge some of the parts of a scattered index, all of which the first call takes in; return whether there is more to do."""
    return word_index_sqlite.merge_some(connection, is_first=is_first)


def problems(connection: Connection) -> Sequence[object]:
    """List what is in the index without being listed, or listed without being in the index, and words that it misses."""
    return _index(connection).problems(connection)


def _index(connection: Connection) -> _Index:
    return word_index_sqlite if is_sqlite(connection) else word_index_postgresql
