"""Search by words on SQLite. It is derived like the index of trigrams, and `store.schema` builds both after the migration."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing: the index is rebuilt after the migration."""


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("list_entries_inserted", "list_entries_deleted", "list_entries_moved", "search_texts_unlisted"):
            op.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for table in ("search_words_used", "search_words_index", "search_words_unread", "search_words_trigrams", "search_words"):
            op.execute(f"DROP TABLE IF EXISTS {table}")
