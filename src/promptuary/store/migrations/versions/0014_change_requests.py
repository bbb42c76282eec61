"""Rules for labels, and requests to move labels that rules protect."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def reference(table: str, column: str, other: str, on_delete: str) -> sa.ForeignKeyConstraint:
    """Return a foreign key of a column to the id of another table."""
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}", ondelete=on_delete)


def upgrade() -> None:
    op.create_table(
        "label_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("pattern", sortable(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("allows_own_approval", sa.Boolean(), nullable=False),
        sa.Column("breaking_needs_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('editor', 'admin')", name=op.f("ck_label_rules_role")),
        sa.CheckConstraint("approvals BETWEEN 0 AND 5", name=op.f("ck_label_rules_approvals")),
        reference("label_rules", "project_id", "projects", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_label_rules"),
        sa.UniqueConstraint("project_id", "pattern", name="uq_label_rules_project_id_pattern"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("merges_itself", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('open', 'merged', 'closed')", name=op.f("ck_change_requests_state")),
        reference("change_requests", "project_id", "projects", "CASCADE"),
        reference("change_requests", "created_by_id", "users", "SET NULL"),
        reference("change_requests", "ended_by_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_change_requests"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_requests_state", "change_requests", ["project_id", "state", "id"])
    op.create_table(
        "change_request_moves",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("label", sortable(128), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=True),
        sa.Column("to_version", sa.Integer(), nullable=True),
        reference("change_request_moves", "request_id", "change_requests", "CASCADE"),
        reference("change_request_moves", "prompt_id", "prompts", "CASCADE"),
        sa.PrimaryKeyConstraint("request_id", "prompt_id", "label", name="pk_change_request_moves"),
    )
    op.create_index("ix_change_request_moves_prompt_id", "change_request_moves", ["prompt_id"])
    op.create_table(
        "change_request_approvals",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        reference("change_request_approvals", "request_id", "change_requests", "CASCADE"),
        reference("change_request_approvals", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("request_id", "revision", "user_id", name="pk_change_request_approvals"),
    )
    op.create_index("ix_change_request_approvals_user_id", "change_request_approvals", ["user_id"])
    op.create_table(
        "change_request_comments",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        reference("change_request_comments", "request_id", "change_requests", "CASCADE"),
        reference("change_request_comments", "created_by_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_change_request_comments"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_request_comments_request_id", "change_request_comments", ["request_id"])


def downgrade() -> None:
    for table in ("comments", "approvals", "moves"):
        op.drop_table(f"change_request_{table}")
    op.drop_table("change_requests")
    op.drop_table("label_rules")
