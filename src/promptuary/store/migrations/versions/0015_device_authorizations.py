"""Let commands log in by a browser: logins that wait for their users."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "device_authorizations",
        sa.Column("device_code_hash", sa.String(64), nullable=False),
        sa.Column("user_code_hash", sa.String(64), nullable=False),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("project_ids", sa.Text(), nullable=True),
        sa.Column("polled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'approved', 'denied')", name=op.f("ck_device_authorizations_state")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_device_authorizations_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_code_hash", name="pk_device_authorizations"),
        sa.UniqueConstraint("user_code_hash", name="uq_device_authorizations_user_code_hash"),
    )
    op.create_index("ix_device_authorizations_user_id", "device_authorizations", ["user_id"])
    op.create_index("ix_device_authorizations_network", "device_authorizations", ["network"])
    op.create_index("ix_device_authorizations_expires_at", "device_authorizations", ["expires_at"])


def downgrade() -> None:
    op.drop_table("device_authorizations")
