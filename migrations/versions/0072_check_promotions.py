"""Validate the checks about promotion codes and postage, and index the orders with a code, while sales run.

A migration of its own, which can be repeated after each of its steps: an index that is built concurrently needs the
transactions before it to be committed.
"""

from alembic import op

revision = "0072_check_promotions"
down_revision = "0071_unshipped_alert"
branch_labels = None
depends_on = None

_ADDED = (
    ("orders", "ck_orders_promotion_use_is_known"),
    ("orders", "ck_orders_promotion_is_whole"),
    ("orders", "ck_orders_promotion_is_reserved_until_then"),
    ("orders", "ck_orders_shipping_amount_is_a_part"),
    ("orders", "ck_orders_postage_has_a_zone"),
    ("orders", "ck_orders_shipping_address_is_an_object"),
    ("orders", "fk_orders_tenant_id_promotion_code_id"),
    ("order_lines", "ck_order_lines_discount_is_part_of_price"),
    ("refund_requests", "ck_refund_requests_shipping_amount_is_a_part"),
)


def upgrade() -> None:
    for table, name in _ADDED:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        # A build that was interrupted leaves an index that is not valid.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_by_promotion")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_by_promotion_and_email")
        op.create_index(
            "ix_orders_by_promotion",
            "orders",
            ["tenant_id", "promotion_code_id", "id"],
            postgresql_where="promotion_code_id IS NOT NULL",
            postgresql_concurrently=True,
        )
        op.create_index(
            "ix_orders_by_promotion_and_email",
            "orders",
            ["tenant_id", "promotion_code_id", "email_key"],
            postgresql_ops={"email_key": "text_pattern_ops"},
            postgresql_where="promotion_code_id IS NOT NULL",
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_orders_by_promotion_and_email", "orders")
    op.drop_index("ix_orders_by_promotion", "orders")
