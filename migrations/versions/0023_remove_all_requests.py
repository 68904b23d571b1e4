"""Remove every payment request of an unpaid order, whatever is known about it.

An order whose first request stayed unknown, and whose second one was accepted, was never removed.
"""

from alembic import op

revision = "0023_remove_all_requests"
down_revision = "0022_list_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whether Stripe may have created a payment follows from all facts of the order: `is_removable` decides it.
    _replace_order_function(requests="")


def downgrade() -> None:
    _replace_order_function(requests="AND state IN ('accepted', 'refused')")


def _replace_order_function(*, requests: str) -> None:
    # The application has no privilege to delete payments or orders: what was paid can be removed by no mistake in it.
    # A row that is not among these references the order, and its foreign key stops the removal.
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION lumira_remove_unpaid_orders(order_ids uuid[]) RETURNS integer LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            tenant integer := NULLIF(current_setting('lumira.tenant_id', true), '')::integer;
            removed integer;
        BEGIN
            IF EXISTS (
                SELECT FROM stock_movements WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                GROUP BY order_id, product_id HAVING sum(on_hand) <> 0 OR sum(reserved) <> 0 OR sum(sold) <> 0
            ) THEN
                RAISE EXCEPTION 'An order to be removed has stock.';
            END IF;
            UPDATE webhook_events SET order_id = NULL WHERE tenant_id = tenant AND order_id = ANY (order_ids);
            DELETE FROM declines WHERE tenant_id = tenant AND order_id = ANY (order_ids);
            DELETE FROM outbox_messages WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                AND status <> 'pending';
            DELETE FROM stock_movements WHERE tenant_id = tenant AND order_id = ANY (order_ids);
            DELETE FROM stock_reservations WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                AND state = 'released';
            DELETE FROM payment_requests WHERE tenant_id = tenant AND order_id = ANY (order_ids) {requests};
            DELETE FROM checkout_sessions WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                AND NOT is_paid AND (state = 'expired' OR has_failed);
            DELETE FROM payments WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                AND state <> 'succeeded' AND amount_received = 0 AND amount_funded = 0;
            DELETE FROM order_lines WHERE tenant_id = tenant AND order_id = ANY (order_ids);
            DELETE FROM orders WHERE tenant_id = tenant AND id = ANY (order_ids)
                AND completed_at IS NULL AND status IN ('cancelled', 'failed');
            GET DIAGNOSTICS removed = ROW_COUNT;
            RETURN removed;
        END $$
        """  # noqa: S608 - the condition is one of the two above
    )
