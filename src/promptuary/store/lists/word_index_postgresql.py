"""The index of words on PostgreSQL, without any extension: words with trigrams of their own, and the words of each text by number.

Triggers in the database split what is listed, so the index is always up to date. A long word is indexed in pieces that
overlap by as many characters as a needle may have.
"""

# ruff: noqa: S608 - what is put into these statements are the constants of this module

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Text,
    bindparam,
    cast,
    func,
    inspect,
    literal,
    select,
    text,
)

from promptuary.store.engine.dialect import CHANGE_LOG_LOCK
from promptuary.store.lists.words import LONG, MAX_WORDS, SEPARATORS, SHORTEST, Found, is_word

_LEAST_NUMBERS = 512
"""Numbers of words that a row has at least. PostgreSQL keeps an array out of line, packed, if its row is over 2 kB without that.

Rows become so narrow that to count hits reads few pages. What is missing is filled up with the last number, which costs next to
nothing: packed it is nearly gone, and the index has each number of a row once.
"""

_AT_ONCE = 16
"""Words of a question that the index is asked for at once. For each hit it looks at all of them."""

# PostgreSQL has no text with NUL.
_SEPARATORS = "[" + SEPARATORS.replace("\0", r"\u0001").replace("\x7f", r"\u007f") + "]+"

_LATEST = "label = ''"
_FOLDED = "name || ' ' || text"

_SPLIT = f"""
    CREATE OR REPLACE FUNCTION search_words_in(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
      WITH found AS MATERIALIZED (
        SELECT DISTINCT word FROM regexp_split_to_table(folded COLLATE "C", '{_SEPARATORS}') AS word
        WHERE length(word) >= {SHORTEST}
      )
      SELECT ARRAY(
        SELECT word FROM found WHERE length(word) <= {LONG}
        UNION
        SELECT piece
        FROM found CROSS JOIN LATERAL (
          SELECT half[1] || lead(half[1]) OVER (ORDER BY number) AS piece
          FROM regexp_matches(word, '.{{1,{LONG}}}', 'g') WITH ORDINALITY AS halves(half, number)
        ) AS pieces
        WHERE length(word) > {LONG} AND piece IS NOT NULL
      )
    $$
"""
_TRIGRAMS = """
    CREATE OR REPLACE FUNCTION search_trigrams_of(word text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
      SELECT array_agg(DISTINCT substr(word, place, 3)) FROM generate_series(1, length(word) - 2) AS place
    $$
"""
# Whatever the statistics say, words are looked up one by one.
_NUMBERS = """
    CREATE OR REPLACE FUNCTION search_word_numbers(words text[]) RETURNS integer[] LANGUAGE sql STABLE
    SET search_path FROM CURRENT SET enable_seqscan = off AS $$
      SELECT ARRAY(SELECT id FROM search_words WHERE word = ANY (words) ORDER BY id)
    $$
"""
_FILL_UP = f"""
    CREATE OR REPLACE FUNCTION search_filled_up(numbers integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
      SELECT CASE WHEN cardinality(numbers) BETWEEN 1 AND {_LEAST_NUMBERS - 1}
        THEN numbers || array_fill(numbers[cardinality(numbers)], ARRAY[{_LEAST_NUMBERS} - cardinality(numbers)])
        ELSE numbers END
    $$
"""
# Writers hold the lock of the change log before they add a word: one whose word another is about to add would have to wait for it.
_FOLLOW = f"""
    CREATE OR REPLACE FUNCTION search_words_follow() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET enable_seqscan = off AS $$
      DECLARE
        numbers integer[];
        new_words text[];
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          DELETE FROM search_text_words WHERE search_text_id = old.search_text_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          SELECT array_agg(search_words.id), array_agg(listed_word) FILTER (WHERE search_words.id IS NULL)
          INTO numbers, new_words
          FROM search_texts
          CROSS JOIN unnest(search_words_in({_FOLDED})) AS listed_word
          LEFT JOIN search_words ON word = listed_word
          WHERE search_texts.id = new.search_text_id;
          IF new_words IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock({CHANGE_LOG_LOCK});
            INSERT INTO search_words (word)
            SELECT new_word FROM unnest(new_words) AS new_word
            WHERE NOT EXISTS (SELECT FROM search_words WHERE word = new_word);
            numbers := numbers || search_word_numbers(new_words);
          END IF;
          INSERT INTO search_text_words
          SELECT new.search_text_id, new.project_id,
            search_filled_up(ARRAY(SELECT number FROM unnest(numbers) AS number WHERE number IS NOT NULL ORDER BY number));
        END IF;
        RETURN NULL;
      END
    $$
"""
_SOME = " OR ".join(f"word_numbers && numbers[{first}:{first + _AT_ONCE - 1}]" for first in range(1, MAX_WORDS + 1, _AT_ONCE))
# Nothing but bitmaps of the index: to compare arrays takes a thousand times as long, of which PostgreSQL knows nothing. All at
# once, because the settings are made and unmade whenever the function is called for another row.
_HITS = f"""
    CREATE OR REPLACE FUNCTION search_texts_with(numbers integer[], project integer) RETURNS bigint[] LANGUAGE sql STABLE
    SET search_path FROM CURRENT SET enable_seqscan = off SET enable_indexscan = off SET jit = off AS $$
      SELECT ARRAY(SELECT search_text_id FROM search_text_words WHERE ({_SOME}) AND project_id = project)
    $$
"""
_TRIGGERS = (
    f"""
    CREATE OR REPLACE TRIGGER search_words_listed AFTER INSERT ON list_entries
    FOR EACH ROW WHEN (new.{_LATEST}) EXECUTE FUNCTION search_words_follow()
    """,
    f"""
    CREATE OR REPLACE TRIGGER search_words_unlisted AFTER DELETE ON list_entries
    FOR EACH ROW WHEN (old.{_LATEST}) EXECUTE FUNCTION search_words_follow()
    """,
    f"""
    CREATE OR REPLACE TRIGGER search_words_moved AFTER UPDATE OF search_text_id ON list_entries
    FOR EACH ROW WHEN (new.{_LATEST}) EXECUTE FUNCTION search_words_follow()
    """,
)
_CREATES = (
    _SPLIT,
    _TRIGRAMS,
    """
    CREATE TABLE IF NOT EXISTS search_words (
      id integer GENERATED ALWAYS AS IDENTITY,
      word text COLLATE "C" NOT NULL CONSTRAINT uq_search_words_word UNIQUE
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS search_text_words (
      search_text_id bigint CONSTRAINT pk_search_text_words PRIMARY KEY,
      project_id integer NOT NULL,
      word_numbers integer[] NOT NULL
    ) WITH (toast_tuple_target = 128)
    """,
    _NUMBERS,
    _FILL_UP,
    _FOLLOW,
    _HITS,
    # Each text is split once; the table of that is gone before the end.
    f"""
    CREATE TABLE search_words_unread AS
    SELECT search_text_id, project_id, search_words_in({_FOLDED}) AS words
    FROM (SELECT search_text_id, project_id FROM list_entries WHERE {_LATEST}) AS listed JOIN search_texts ON id = search_text_id
    """,
    "INSERT INTO search_words (word) SELECT DISTINCT word FROM search_words_unread CROSS JOIN unnest(words) AS word",
    "ANALYZE search_words",
    """
    INSERT INTO search_text_words
    SELECT search_text_id, project_id,
      search_filled_up(coalesce(array_agg(id ORDER BY id) FILTER (WHERE id IS NOT NULL), '{}'))
    FROM search_words_unread
    LEFT JOIN LATERAL unnest(words) AS listed_word ON true
    LEFT JOIN search_words ON word = listed_word
    GROUP BY search_text_id, project_id
    """,
    "DROP TABLE search_words_unread",
    # What waits to be merged into an index would have to be looked through by each search.
    """
    CREATE INDEX ix_search_words_trigrams ON search_words USING gin (search_trigrams_of(word) COLLATE "C") WITH (fastupdate = off)
    """,
    "CREATE INDEX ix_search_text_words_numbers ON search_text_words USING gin (word_numbers) WITH (fastupdate = off)",
    *_TRIGGERS,
    "ALTER TABLE list_entries ENABLE TRIGGER USER",
)
_DROPS = (
    # To drop them would keep lists waiting.
    "ALTER TABLE list_entries DISABLE TRIGGER USER",
    "DROP INDEX IF EXISTS ix_search_words_trigrams",
    "DROP INDEX IF EXISTS ix_search_text_words_numbers",
    "DELETE FROM search_text_words",
    "DELETE FROM search_words",
)
_SELECT_NUMBERS = text(f"""
    SELECT id FROM search_words
    WHERE search_trigrams_of(word) COLLATE "C" @> search_trigrams_of(:needle) AND strpos(word, :needle) > 0
    LIMIT {MAX_WORDS + 1}
""").bindparams(bindparam("needle", type_=Text))


def create_index(connection: Connection) -> None:
    """Index what lists show without a label, now and in future."""
    for statement in _CREATES:
        connection.exec_driver_sql(statement)


def drop_index(connection: Connection) -> None:
    """Empty the index, if there is one; its tables stay, because who has begun to read before may still see what was in them."""
    if inspect(connection).has_table("search_text_words"):
        for statement in _DROPS:
            connection.exec_driver_sql(statement)


def find(connection: Connection, needle: str, *, project_id: int) -> Found | None:
    """Find what has a folded needle; `None` when this index cannot tell, or is not the fastest that can."""
    if not is_word(needle) or len(needle) > LONG:
        return None
    numbers = connection.execute(_SELECT_NUMBERS, {"needle": needle}).scalars().all()
    if len(numbers) > MAX_WORDS:
        return None
    return Found(f"{{{','.join(map(str, numbers))}}}" if numbers else "", project_id)


def count(connection: Connection, found: Found) -> int:
    """Count what was found."""
    counted: int = connection.execute(select(func.cardinality(_hits(found)))).scalar_one()
    return counted


def contains(found: Found, *, text_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Match rows that refer by ``text_id`` to a text that was found."""
    # As a subquery, so that they are not found for the planner before.
    return text_id.in_(select(func.unnest(select(_hits(found)).scalar_subquery())))


def gather(found: Found) -> CTE:
    """Return the ids of the texts that were found as one row with an array, ``text_ids``."""
    return select(_hits(found).label("text_ids")).cte("hits")


def problems(connection: Connection) -> Sequence[object]:
    """List texts whose words the index does not have as they are, or which are not listed."""
    listed = f"SELECT search_text_id, project_id FROM list_entries WHERE {_LATEST}"
    expected = f"""
        SELECT search_text_id, project_id, search_filled_up(search_word_numbers(search_words_in({_FOLDED}))) AS word_numbers
        FROM ({listed}) AS listed JOIN search_texts ON id = search_text_id
    """
    difference = f"""
        SELECT search_text_id FROM ({expected}) AS expected FULL JOIN search_text_words AS present USING (search_text_id)
        WHERE (expected.project_id, expected.word_numbers) IS DISTINCT FROM (present.project_id, present.word_numbers) LIMIT 1
    """
    return connection.exec_driver_sql(difference).all()


def _hits(found: Found) -> ColumnElement[Sequence[int]]:
    numbers = cast(literal(found.question), ARRAY(Integer))
    return func.search_texts_with(numbers, found.project_id, type_=ARRAY(BigInteger))
