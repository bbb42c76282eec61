"""Sums of the recent fetches of each prompt. `store.schema` fills it after the migration."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recent_fetches",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql"), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("last_fetched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", name="pk_recent_fetches"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("recent_fetches")
