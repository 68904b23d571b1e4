"""Add the lines of a free order that repeat an earlier order of the customer."""

import sqlalchemy as sa
from alembic import op

revision = "0014_repeated_lines"
down_revision = "0013_webhook_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Code that does not know the column yet opens no repeated line.
    is_repeated = sa.Column[bool]("is_repeated", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("order_lines", is_repeated)
    op.create_check_constraint(
        "only_free_lines_are_repeated", "order_lines", "NOT is_repeated OR unit_amount = 0"
    )


def downgrade() -> None:
    op.drop_column("order_lines", "is_repeated")
