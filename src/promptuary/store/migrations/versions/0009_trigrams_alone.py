"""Drop the index of words: search goes by trigrams alone.

Servers of the revision before cannot write without it: stop them before the upgrade. After a downgrade, `promptuary db reindex` of
the older version builds it again.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQLITE_TRIGGERS = ("list_entries_inserted", "list_entries_deleted", "list_entries_moved", "search_texts_unlisted")
SQLITE_TABLES = ("search_words_used", "search_words_index", "search_words_unread", "search_words_trigrams", "search_words")
POSTGRESQL_TABLES = ("search_text_words", "search_words")
# Each before those that it calls. The triggers of list_entries go with the first.
POSTGRESQL_FUNCTIONS = (
    "search_words_follow()",
    "search_texts_with(integer[], integer)",
    "search_word_numbers(text[])",
    "search_filled_up(integer[])",
)
POSTGRESQL_FUNCTIONS_OF_INDEXES = ("search_trigrams_of(text)", "search_words_in(text)")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        drops = [f"TRIGGER IF EXISTS {name}" for name in SQLITE_TRIGGERS] + [f"TABLE IF EXISTS {name}" for name in SQLITE_TABLES]
    else:
        drops = [f"FUNCTION IF EXISTS {name} CASCADE" for name in POSTGRESQL_FUNCTIONS]
        drops += [f"TABLE IF EXISTS {name}" for name in POSTGRESQL_TABLES]
        drops += [f"FUNCTION IF EXISTS {name}" for name in POSTGRESQL_FUNCTIONS_OF_INDEXES]
    for drop in drops:
        op.execute(f"DROP {drop}")


def downgrade() -> None:
    """Leave the index of words to the older version's `promptuary db reindex`."""
