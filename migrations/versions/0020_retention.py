"""Let the application remove unpaid orders, through a function that refuses every order with money, and old alerts."""

from alembic import op

from migrations.row_level_security import APPLICATION

revision = "0020_retention"
down_revision = "0019_event_partitions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(f"GRANT DELETE ON alerts TO {APPLICATION}")
    _create_order_function()
    _create_customer_function()


def _create_order_function() -> None:
    # The application has no privilege to delete payments or orders: what was paid can be removed by no mistake in it.
    # A row that is not among these references the order, and its foreign key stops the removal.
    op.execute(
        """
        CREATE FUNCTION lumira_remove_unpaid_orders(order_ids uuid[]) RETURNS integer LANGUAGE plpgsql
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
            DELETE FROM payment_requests WHERE tenant_id = tenant AND order_id = ANY (order_ids)
                AND state IN ('accepted', 'refused');
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
        """
    )
    _grant("lumira_remove_unpaid_orders(uuid[])")


def _create_customer_function() -> None:
    # Locked first, and checked by a second statement, which sees what was committed until then. A customer that a sale
    # has locked is kept: the sale adds an order.
    op.execute(
        """
        CREATE FUNCTION lumira_remove_unused_customers(customer_ids uuid[]) RETURNS integer LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            tenant integer := NULLIF(current_setting('lumira.tenant_id', true), '')::integer;
            locked uuid[];
            unused uuid[];
        BEGIN
            SELECT array_agg(id) INTO locked FROM (
                SELECT id FROM customers WHERE tenant_id = tenant AND id = ANY (customer_ids)
                    AND erased_at IS NULL AND merged_into_id IS NULL
                FOR UPDATE SKIP LOCKED
            ) AS found;
            SELECT array_agg(id) INTO unused FROM customers AS c
            WHERE tenant_id = tenant AND id = ANY (locked)
                AND NOT EXISTS (SELECT FROM orders WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM access_grants WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM manual_grants WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM customers WHERE tenant_id = tenant AND merged_into_id = c.id);
            DELETE FROM access_links WHERE tenant_id = tenant AND customer_id = ANY (unused);
            DELETE FROM customers WHERE tenant_id = tenant AND id = ANY (unused);
            RETURN coalesce(array_length(unused, 1), 0);
        END $$
        """
    )
    _grant("lumira_remove_unused_customers(uuid[])")


def _grant(function: str) -> None:
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_remove_unused_customers(uuid[])")
    op.execute("DROP FUNCTION lumira_remove_unpaid_orders(uuid[])")
    op.execute(f"REVOKE DELETE ON alerts FROM {APPLICATION}")
