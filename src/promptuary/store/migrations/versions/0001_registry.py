"""Create the registry: projects, users, members, keys, prompts, versions, labels and the change log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACTIVE = sa.text("archived_at IS NULL")


def sortable(length: int) -> sa.String:
    """Return a string type that sorts by code point on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_token", sortable(80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("api_token", name="uq_projects_api_token"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sortable(36), nullable=False),
        sa.Column("email", sortable(254), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("role_at_organization", sa.Text()),
        sa.Column("password_hash", sa.Text()),
        sa.Column("is_active", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("current_project_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["current_project_id"], ["projects.id"], name="fk_users_current_project_id_projects", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("uuid", name="uq_users_uuid"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "members",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name=op.f("ck_members_role")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_members_project_id_projects", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "user_id", name="pk_members"),
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_table(
        "keys",
        sa.Column("id", sortable(36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value_hash", sa.String(64), nullable=False),
        sa.Column("mask", sa.String(20), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("project_ids", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_keys_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("value_hash", name="uq_keys_value_hash"),
    )
    op.create_index("ix_keys_user_id", "keys", ["user_id"])
    op.create_table(
        "prompts",
        sa.Column("id", sortable(36), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sortable(255), nullable=False),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("archived_at", MOMENT),
        sa.CheckConstraint("latest_version >= 1", name=op.f("ck_prompts_latest_version")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_prompts_project_id_projects", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_prompts"),
    )
    op.create_index(
        "uq_prompts_active_name",
        "prompts",
        ["project_id", "name"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.create_table(
        "versions",
        sa.Column("id", sortable(36), nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("config", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("folded_text", sa.Text(), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_versions_version")),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_versions_prompt_id_prompts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_versions_created_by_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
        sa.UniqueConstraint("prompt_id", "version", name="uq_versions_prompt_id_version"),
    )
    op.create_table(
        "labels",
        sa.Column("id", sortable(36), nullable=False),
        sa.Column("prompt_id", sortable(36), nullable=False),
        sa.Column("name", sortable(128), nullable=False),
        sa.Column("version_id", sortable(36), nullable=False),
        sa.Column("created_by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_labels_prompt_id_prompts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name="fk_labels_version_id_versions", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name="fk_labels_created_by_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
        sa.UniqueConstraint("prompt_id", "name", name="uq_labels_prompt_id_name"),
    )
    op.create_index("ix_labels_name", "labels", ["name"])
    op.create_index("ix_labels_version_id", "labels", ["version_id"])
    op.create_table(
        "changes",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("project_id", sa.Integer()),
        sa.Column("prompt_id", sortable(36)),
        sa.Column("prompt_name", sa.String(255)),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("actor_user_id", sa.Integer()),
        sa.Column("actor_key_id", sortable(36)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("request_id", sa.String(128)),
        sa.PrimaryKeyConstraint("sequence", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_project_id_sequence", "changes", ["project_id", "sequence"])
    op.create_index("ix_changes_prompt_id_sequence", "changes", ["prompt_id", "sequence"])


def downgrade() -> None:
    for name in ("changes", "labels", "versions", "prompts", "keys", "members", "users", "projects"):
        op.drop_table(name)
