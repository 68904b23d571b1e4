"""Validate the checks about shipments, and index the orders to ship and the refunds of returns, while sales run."""

import sqlalchemy as sa
from alembic import op

revision = "0063_check_shipments"
down_revision = "0062_shipments"
branch_labels = None
depends_on = None

_ADDED = (
    ("orders", "ck_orders_fulfilment_is_known"),
    ("order_lines", "ck_order_lines_shipped_before_returned"),
    ("stock_reservations", "ck_stock_reservations_restocked_in_part"),
    ("refund_requests", "fk_refund_requests_tenant_id_return_id_returns"),
)


def upgrade() -> None:
    for table, name in _ADDED:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that is not valid.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_to_ship")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_refund_requests_return")
        op.create_index(
            "ix_orders_to_ship",
            "orders",
            ["tenant_id", "completed_at", "id"],
            postgresql_where=sa.text("fulfilment IN ('to_ship', 'partially_shipped')"),
            postgresql_concurrently=True,
        )
        op.create_index(
            "uq_refund_requests_return",
            "refund_requests",
            ["tenant_id", "return_id", "stripe_payment_intent_id"],
            unique=True,
            postgresql_where=sa.text("return_id IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("uq_refund_requests_return", "refund_requests")
    op.drop_index("ix_orders_to_ship", "orders")
