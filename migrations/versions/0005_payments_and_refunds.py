"""Create the facts of payments, refunds and disputes, and the refunds requested of Stripe."""

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

revision = "0005_payments_and_refunds"
down_revision = "0004_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_payments()
    _create_declines()
    _create_charges()
    _create_refunds()
    _create_refund_requests()
    _create_disputes()


def _create_payments() -> None:
    op.create_table(
        "payments",
        *identity(),
        uuid("order_id"),
        text("stripe_payment_intent_id"),
        *choice("state", "open", "canceled", "succeeded"),
        minor_units("amount"),
        *currency(checked=False),
        minor_units("amount_received"),
        text("stripe_charge_id", nullable=True),
        text_array("attempts"),
        text_array("ended_attempts"),
        timestamp("transfer_began_at", nullable=True),
        minor_units("amount_funded"),
        timestamp("succeeded_at", nullable=True),
        timestamp("canceled_at", nullable=True),
        *created_and_updated(),
        check("success_has_its_time", "(state = 'succeeded') = (succeeded_at IS NOT NULL)"),
        check("amounts_are_not_negative", "amount >= 0 AND amount_received >= 0"),
        references("orders", "order_id"),
        unique("stripe_payment_intent_id"),
    )
    op.create_index("ix_payments_by_order", "payments", ["tenant_id", "order_id"])
    protect("payments")


def _create_declines() -> None:
    op.create_table(
        "declines",
        *identity(),
        uuid("order_id"),
        uuid("payment_id"),
        text("subject"),
        text("stripe_charge_id", nullable=True),
        text("stripe_payment_method_id", nullable=True),
        text("code", nullable=True),
        text("decline_code", nullable=True),
        timestamp("recorded_at"),
        references("orders", "order_id"),
        references("payments", "payment_id"),
        unique("order_id", "subject"),
    )
    protect("declines")


def _create_charges() -> None:
    op.create_table(
        "charges",
        *identity(),
        uuid("order_id"),
        text("stripe_charge_id"),
        minor_units("amount_refunded"),
        minor_units("uncaptured"),
        *created_and_updated(),
        check("amount_refunded_is_not_negative", "amount_refunded >= 0"),
        references("orders", "order_id"),
        unique("stripe_charge_id"),
    )
    op.create_index("ix_charges_by_order", "charges", ["tenant_id", "order_id"])
    protect("charges")


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        *identity(),
        uuid("order_id"),
        text("stripe_refund_id"),
        text("stripe_charge_id", nullable=True),
        text("stripe_payment_intent_id", nullable=True),
        uuid("refund_request_id", nullable=True),
        minor_units("amount"),
        *currency(checked=False),
        *choice("status", "pending", "requires_action", "succeeded", "failed", "canceled"),
        boolean("has_succeeded"),
        *created_and_updated(),
        check("amount_is_not_negative", "amount >= 0"),
        references("orders", "order_id"),
        unique("stripe_refund_id"),
    )
    op.create_index("ix_refunds_by_order", "refunds", ["tenant_id", "order_id"])
    protect("refunds")


def _create_refund_requests() -> None:
    op.create_table(
        "refund_requests",
        *identity(),
        uuid("order_id"),
        text("stripe_payment_intent_id"),
        minor_units("amount"),
        *choice("origin", "requested", "duplicate_payment", "sold_out"),
        jsonb("parameters"),
        integer("attempt"),
        text("stripe_key"),
        timestamp("keyed_at"),
        *choice("state", "frozen", "accepted", "refused", "unknown"),
        jsonb("refusal", nullable=True),
        text("stripe_refund_id", nullable=True),
        integer("attempts"),
        timestamp("next_attempt_at"),
        timestamp("leased_until", nullable=True),
        timestamp("responded_at", nullable=True),
        *created_and_updated(),
        check("amount_is_positive", "amount > 0"),
        check("attempt_is_positive", "attempt > 0"),
        references("orders", "order_id"),
        unique("stripe_key"),
    )
    # At most one automatic refund for each payment.
    op.create_index(
        "uq_refund_requests_automatic",
        "refund_requests",
        ["tenant_id", "stripe_payment_intent_id"],
        unique=True,
        postgresql_where="origin <> 'requested'",
    )
    op.create_index("ix_refund_requests_by_order", "refund_requests", ["tenant_id", "order_id"])
    op.create_index(
        "ix_refund_requests_due",
        "refund_requests",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="state IN ('frozen', 'unknown')",
    )
    protect("refund_requests")
    show_to_sweep("refund_requests", "tenant_id, state, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_refunds(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM refund_requests "
        "WHERE state IN ('frozen', 'unknown') AND next_attempt_at <= now",
    )


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        *identity(),
        uuid("order_id"),
        text("stripe_dispute_id"),
        text("stripe_charge_id", nullable=True),
        minor_units("amount"),
        *currency(checked=False),
        *choice(
            "status",
            "warning_needs_response",
            "warning_under_review",
            "warning_closed",
            "needs_response",
            "under_review",
            "appeal_needs_response",
            "appeal_under_review",
            "prevented",
            "lost",
            "won",
        ),
        text("reason", nullable=True),
        integer("movements"),
        boolean("was_inquiry"),
        timestamp("due_at", nullable=True),
        *created_and_updated(),
        check("amounts_are_not_negative", "amount >= 0 AND movements >= 0"),
        references("orders", "order_id"),
        unique("stripe_dispute_id"),
    )
    op.create_index("ix_disputes_by_order", "disputes", ["tenant_id", "order_id"])
    protect("disputes")


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_tenants_with_due_refunds(timestamptz)")
    for table in ("disputes", "refund_requests", "refunds", "charges", "declines", "payments"):
        op.drop_table(table)
