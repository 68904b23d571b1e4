"""Add when a test sale ended because the tenant sells live, and when the units of a product were last counted."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import timestamp

revision = "0016_test_sales"
down_revision = "0015_charge_due"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", timestamp("test_ended_at", nullable=True))
    op.create_index(
        "ix_orders_of_test_mode",
        "orders",
        ["tenant_id", "id"],
        postgresql_where=sa.text("NOT livemode AND test_ended_at IS NULL"),
    )
    op.add_column("stock_items", timestamp("counted_at", nullable=True))


def downgrade() -> None:
    op.drop_column("stock_items", "counted_at")
    op.drop_index("ix_orders_of_test_mode", "orders")
    op.drop_column("orders", "test_ended_at")
