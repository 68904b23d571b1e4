"""Let the lock of a kept order show whether events wait for its payment.

The function with two arguments stays for processes of the previous version.
"""

from alembic import op

revision = "0053_continue_order"
down_revision = "0052_receipt_closings"
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
    op.execute("SET LOCAL lock_timeout = '5s'")
    any_other = " OR ".join(
        f"EXISTS (SELECT FROM {table} WHERE tenant_id = tenant AND order_id = wanted)" for table in _OTHERS
    )
    # Statements after the first one see what was committed while that one waited for the lock.
    op.execute(
        f"""
        CREATE FUNCTION lumira_continue_order(
            tenant integer, wanted uuid, payment text, OUT stored text, OUT has_others boolean,
            OUT request_states text[], OUT reservation_states text[], OUT reservation_ends timestamptz[],
            OUT has_parked boolean
        ) LANGUAGE plpgsql AS $$
        BEGIN
            SELECT orders::text INTO stored FROM orders WHERE tenant_id = tenant AND id = wanted FOR UPDATE;
            SELECT {any_other}, requests.states, reservations.states, reservations.ends
            INTO has_others, request_states, reservation_states, reservation_ends
            FROM (
                SELECT array_agg(state ORDER BY attempt) AS states FROM payment_requests
                WHERE tenant_id = tenant AND order_id = wanted
            ) AS requests, (
                SELECT array_agg(state ORDER BY product_id) AS states,
                    array_agg(expires_at ORDER BY product_id) AS ends
                FROM stock_reservations WHERE tenant_id = tenant AND order_id = wanted
            ) AS reservations;
            has_parked := false;
            IF payment IS NOT NULL THEN
                has_parked := EXISTS (
                    SELECT FROM webhook_events
                    WHERE tenant_id = tenant AND stripe_payment_intent_id = payment AND status = 'parked'
                );
            END IF;
        END $$
        """  # noqa: S608 - the tables are those above
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_continue_order(integer, uuid, text)")
