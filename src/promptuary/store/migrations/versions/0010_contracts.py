"""Keep with each version the contract of its variables. Versions from before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("variables", sa.Text()))


def downgrade() -> None:
    op.drop_column("versions", "variables")
