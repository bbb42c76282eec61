"""Keep all moves of labels, and when prompts were active. `store.schema` derives both from the change log after the migration."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "label_moves",
        sa.Column("id", _SEQUENCE, nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("label", sortable(128), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=True),
        sa.Column("to_version", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("release_id", sortable(36), nullable=True),
        sa.Column("change_request_id", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("key_id", sortable(36), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_label_moves_prompt_id_prompts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_label_moves_created_by_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_label_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_label_moves_label", "label_moves", ["prompt_id", "label", "id"])
    op.create_index("ix_label_moves_release_id", "label_moves", ["release_id"])
    op.create_table(
        "prompt_periods",
        sa.Column("id", _SEQUENCE, nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sortable(255), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_prompt_periods_prompt_id_prompts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_periods"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_prompt_periods_name", "prompt_periods", ["project_id", "name", "started_at"])
    op.create_index("ix_prompt_periods_prompt_id", "prompt_periods", ["prompt_id"])


def downgrade() -> None:
    op.drop_table("prompt_periods")
    op.drop_table("label_moves")
