"""Create orders, their lines and what was requested of Stripe for them."""

from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    currency,
    identity,
    integer,
    jsonb,
    minor_units,
    references,
    text,
    text_array,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0004_orders"
down_revision = "0003_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_orders()
    _create_order_lines()
    _create_payment_requests()
    _create_checkout_sessions()


def _create_orders() -> None:
    op.create_table(
        "orders",
        *identity(),
        text("order_number"),
        uuid("customer_id", nullable=True),
        text("customer_email", nullable=True),
        text("email_key", nullable=True),
        text("customer_name", nullable=True),
        text("locale", nullable=True),
        minor_units("amount"),
        *currency(),
        boolean("livemode"),
        text("source"),
        text("request_id", nullable=True),
        text("opener_network", nullable=True),
        text("free_product_id", nullable=True),
        *choice("release_on_failure", "at_once", "at_deadline"),
        jsonb("metadata"),
        *choice(
            "status",
            "pending",
            "processing",
            "completed",
            "failed",
            "cancelled",
            "partially_refunded",
            "refunded",
            "disputed",
        ),
        *choice("review_reason", "amount_mismatch", "currency_mismatch", nullable=True),
        timestamp("review_released_at", nullable=True),
        timestamp("closed_at", nullable=True),
        timestamp("sold_out_at", nullable=True),
        timestamp("completed_at", nullable=True),
        minor_units("refunded_amount"),
        minor_units("net_paid"),
        timestamp("erased_at", nullable=True),
        timestamp("next_poll_at", nullable=True),
        integer("polls"),
        *created_and_updated(),
        check("amount_is_not_negative", "amount >= 0"),
        check("refunded_amount_is_not_negative", "refunded_amount >= 0"),
        check("locale_is_known", "locale IN ('fr', 'en')"),
        check("free_costs_nothing", "free_product_id IS NULL OR amount = 0"),
        references("customers", "customer_id"),
        references("products", "free_product_id"),
        unique("order_number"),
        unique("customer_id", "free_product_id"),
    )
    op.create_index("ix_orders_by_email", "orders", ["tenant_id", "email_key"])
    op.create_index("ix_orders_by_update", "orders", ["tenant_id", "updated_at"])
    op.create_index(
        "ix_orders_by_opener",
        "orders",
        ["tenant_id", "opener_network", "created_at"],
        postgresql_where="opener_network IS NOT NULL",
    )
    op.create_index("ix_orders_by_status", "orders", ["tenant_id", "status", "id"])
    op.create_index(
        "ix_orders_to_poll",
        "orders",
        ["tenant_id", "next_poll_at"],
        postgresql_where="next_poll_at IS NOT NULL",
    )
    protect("orders")
    show_to_sweep("orders", "tenant_id, id, order_number")
    create_sweep_function(
        "lumira_find_order(requested_number text)",
        "TABLE (tenant_id integer, id uuid)",
        "SELECT o.tenant_id, o.id FROM orders o WHERE o.order_number = requested_number",
    )


def _create_order_lines() -> None:
    op.create_table(
        "order_lines",
        *identity(),
        uuid("order_id"),
        integer("position"),
        text("product_id"),
        text("product_name"),
        *choice("kind", "level", "digital", "physical"),
        integer("level_number", nullable=True),
        text_array("included_products"),
        integer("quantity"),
        minor_units("unit_amount"),
        integer("access_days", nullable=True),
        jsonb("deliverables"),
        *choice("on_partial_refund", "keep", "revoke", check_name="policy_is_known"),
        boolean("restock_on_refund"),
        boolean("delayed_methods"),
        check("quantity_is_positive", "quantity > 0"),
        check("unit_amount_is_not_negative", "unit_amount >= 0"),
        check("only_levels_include", "included_products = '{}' OR level_number IS NOT NULL"),
        check("access_days_are_positive", "access_days > 0"),
        check("goods_do_not_expire", "access_days IS NULL OR kind <> 'physical'"),
        references("orders", "order_id"),
        references("products", "product_id"),
        unique("order_id", "product_id"),
    )
    protect("order_lines")


def _create_payment_requests() -> None:
    op.create_table(
        "payment_requests",
        *identity(),
        uuid("order_id"),
        *choice("kind", "payment_intent", "checkout_session"),
        integer("attempt"),
        jsonb("parameters"),
        text("stripe_key"),
        *choice("state", "frozen", "accepted", "refused", "unknown"),
        jsonb("refusal", nullable=True),
        timestamp("responded_at", nullable=True),
        *created_and_updated(),
        check("attempt_is_positive", "attempt > 0"),
        references("orders", "order_id"),
        unique("order_id", "attempt"),
    )
    protect("payment_requests")


def _create_checkout_sessions() -> None:
    op.create_table(
        "checkout_sessions",
        *identity(),
        uuid("order_id"),
        text("stripe_session_id"),
        *choice("state", "open", "expired", "complete"),
        boolean("is_paid"),
        boolean("has_failed"),
        text("stripe_payment_intent_id", nullable=True),
        timestamp("expires_at"),
        *created_and_updated(),
        references("orders", "order_id"),
        unique("stripe_session_id"),
    )
    op.create_index("ix_checkout_sessions_by_order", "checkout_sessions", ["tenant_id", "order_id"])
    protect("checkout_sessions")


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_find_order(text)")
    for table in ("checkout_sessions", "payment_requests", "order_lines", "orders"):
        op.drop_table(table)
