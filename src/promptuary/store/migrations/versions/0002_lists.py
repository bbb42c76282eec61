"""Prepare lists and search in tables of their own, which `store.schema` fills after the migration.

Servers of the revision before do not update them: stop those before the upgrade. After a downgrade search finds names only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

INDEXES = {
    "ix_list_entries_project": ["project_id", "label"],
    "ix_list_entries_name": ["project_id", "label", "name", "version_id"],
    "ix_list_entries_created_at": ["project_id", "label", "created_at", "version_id"],
    "ix_list_entries_version": ["project_id", "label", "version", "version_id"],
    "ix_list_entries_latest_version": ["project_id", "label", "latest_version", "version_id"],
    "ix_list_entries_size": ["project_id", "label", "size_bytes", "version_id"],
    "ix_list_entries_first_version": ["project_id", "label", "first_version_created_at", "version_id"],
    "ix_list_entries_author": ["project_id", "label", "created_by_id", "created_at", "version_id"],
}


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_texts",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_search_texts_prompt_id_prompts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_search_texts_version_id_versions", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_search_texts"),
        sa.UniqueConstraint("version_id", name="uq_search_texts_version_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_texts_prompt_id", "search_texts", ["prompt_id"])
    op.create_table(
        "list_entries",
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("label", sortable(128), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("search_text_id", SEQUENCE, nullable=False),
        sa.Column("name", sortable(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("first_version_created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_list_entries_prompt_id_prompts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["search_text_id"], ["search_texts.id"], name="fk_list_entries_search_text_id_search_texts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("prompt_id", "label", name="pk_list_entries"),
        sa.UniqueConstraint("search_text_id", "label", name="uq_list_entries_search_text_id_label"),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "list_entries", columns)
    op.drop_column("versions", "folded_text")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE IF EXISTS search_texts_index")
    op.add_column("versions", sa.Column("folded_text", sa.Text(), nullable=False, server_default=""))
    op.drop_table("list_entries")
    op.drop_table("search_texts")
