"""Search by words on PostgreSQL. It is derived from lists and texts, and `store.schema` builds it after the migration."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing: the index is rebuilt after the migration."""


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Its triggers go with it.
        op.execute("DROP FUNCTION IF EXISTS search_words_follow() CASCADE")
        for function in ("search_texts_with(integer[], integer)", "search_word_numbers(text[])", "search_filled_up(integer[])"):
            op.execute(f"DROP FUNCTION IF EXISTS {function}")
        for table in ("search_text_words", "search_words"):
            op.execute(f"DROP TABLE IF EXISTS {table}")
        for function in ("search_trigrams_of(text)", "search_words_in(text)"):
            op.execute(f"DROP FUNCTION IF EXISTS {function}")
