"""Count fetches: by version, day, key and label, and when each version was fetched last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fetches",
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key_id", sortable(36), nullable=False),
        sa.Column("label", sortable(128), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_fetched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "day", "key_id", "label", name="pk_fetches"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fetches_day", "fetches", ["day"])
    op.create_table(
        "last_fetches",
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("last_fetched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_last_fetches"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("last_fetches")
    op.drop_table("fetches")
