"""Note who proposed the moves of a change request last: an admin may replace those of another user."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("change_requests", sa.Column("revised_by_id", sa.Integer()))


def downgrade() -> None:
    op.drop_column("change_requests", "revised_by_id")
