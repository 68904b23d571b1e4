"""What the catalog file said of each product when it was applied last: the dashboard shows what differs from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0043_values_of_the_file"
down_revision = "0042_dispute_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("file_values", JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("products", "file_values")
