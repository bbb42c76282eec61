"""Keep the references of each version, which `store.schema` derives after the migration, and count fetches of parts."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "version_references",
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("name", sortable(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("label", sortable(128), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.CheckConstraint("occurrences >= 1", name=op.f("ck_version_references_occurrences")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name="fk_version_references_version_id_versions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", "name", "version", "label", name="pk_version_references"),
    )
    op.create_index("ix_version_references_name", "version_references", ["project_id", "name"])
    op.create_table(
        "part_fetches",
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("parent_version_id", sortable(36), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "day", "parent_version_id", name="pk_part_fetches"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_part_fetches_day", "part_fetches", ["day"])


def downgrade() -> None:
    op.drop_table("part_fetches")
    op.drop_table("version_references")
