"""Note who vouches for an account and for a one-time link, and authors that an import brought and that have no account.

Links made before are refused: nothing says who made them. `store.schema` turns accounts that imports made into recorded authors.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.DateTime(), "sqlite")

COLUMNS = (
    ("users", "invited_to_id", sa.Integer()),
    ("users", "address_changed_at", MOMENT),
    ("sign_in_links", "is_operators", sa.Boolean(create_constraint=False)),
    ("sign_in_links", "project_id", sa.Integer()),
    ("sign_in_links", "made_by_id", sa.Integer()),
    ("versions", "recorded_author", sa.Text()),
    ("labels", "recorded_author", sa.Text()),
)


def upgrade() -> None:
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
