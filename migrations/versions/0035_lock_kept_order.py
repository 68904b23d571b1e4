"""Lock an order that a process has kept, and return what shows whether it was changed, in one statement."""

from alembic import op

revision = "0035_lock_kept_order"
down_revision = "0034_withdrawals"
branch_labels = None
depends_on = None

#: The tables whose rows a kept order never has.
_OTHERS = (
    "checkout_sessions",
    "payments",
    "declines",
    "charges",
    "refunds",
    "refund_requests",
    "disputes",
    "access_grants",
    "outbox_messages",
    "withdrawals",
)


def upgrade() -> None:
    any_other = " OR ".join(
        f"EXISTS (SELECT FROM {table} WHERE tenant_id = tenant AND order_id = wanted)" for table in _OTHERS
    )
    # Two statements: the second one sees what was committed while the first one waited for the lock.
    op.execute(
        f"""
        CREATE FUNCTION lumira_lock_kept_order(
            tenant integer, wanted uuid, OUT stored text, OUT has_others boolean, OUT request_states text[],
            OUT reservation_states text[], OUT reservation_ends timestamptz[]
        ) LANGUAGE plpgsql AS $$
        BEGIN
            SELECT orders::text INTO stored FROM orders WHERE tenant_id = tenant AND id = wanted FOR UPDATE;
            SELECT {any_other}, (
                SELECT array_agg(state ORDER BY attempt) FROM payment_requests
                WHERE tenant_id = tenant AND order_id = wanted
            ), (
                SELECT array_agg(state ORDER BY product_id) FROM stock_reservations
                WHERE tenant_id = tenant AND order_id = wanted
            ), (
                SELECT array_agg(expires_at ORDER BY product_id) FROM stock_reservations
                WHERE tenant_id = tenant AND order_id = wanted
            ) INTO has_others, request_states, reservation_states, reservation_ends;
        END $$
        """  # noqa: S608 - the tables are those above
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_lock_kept_order(integer, uuid)")
