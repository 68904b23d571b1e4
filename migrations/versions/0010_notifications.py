"""Create the outbox of e-mails to buyers, and alerts to the team."""

from alembic import op

from migrations.columns import (
    choice,
    created_and_updated,
    identity,
    integer,
    jsonb,
    references,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0010_notifications"
down_revision = "0009_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_outbox()
    _create_alerts()


def _create_outbox() -> None:
    op.create_table(
        "outbox_messages",
        *identity(),
        uuid("order_id"),
        *choice(
            "kind",
            "order_confirmation",
            "payment_failed",
            "order_refunded",
            "refund_failed",
            "access_ready",
            "deliverable_ready",
            "dispute_alert",
            "access_link",
        ),
        text("subject"),
        *choice("status", "pending", "sent", "superseded", "dead"),
        integer("attempts"),
        timestamp("next_attempt_at"),
        text("last_error", nullable=True),
        timestamp("sent_at", nullable=True),
        *created_and_updated(),
        references("orders", "order_id"),
        unique("order_id", "kind", "subject"),
    )
    op.create_index(
        "ix_outbox_messages_due",
        "outbox_messages",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="status = 'pending'",
    )
    op.create_index(
        "ix_outbox_messages_payment_failed",
        "outbox_messages",
        ["tenant_id", "created_at"],
        postgresql_where="kind = 'payment_failed'",
    )
    protect("outbox_messages")
    show_to_sweep("outbox_messages", "tenant_id, status, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_messages(at timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM outbox_messages WHERE status = 'pending' AND next_attempt_at <= at",
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        *identity(),
        *choice(
            "kind",
            "payment_mismatch",
            "paid_without_recipient",
            "duplicate_payment",
            "sold_out_after_payment",
            "stock_missing",
            "duplicate_refund",
            "refund_refused",
            "refund_not_sent",
            "refund_failed",
            "dispute",
            "inquiry",
            "order_overdue",
            "transfer_incomplete",
            "transfer_not_received",
            "event_failed",
            "event_unusable",
            "other_mode",
            "other_account",
            "api_version",
            "stripe_unavailable",
            "stripe_key_refused",
            "clock_differs",
            "receipt_date_ahead",
            "stripe_permission_missing",
            "payment_missing_at_stripe",
            "message_dead",
            "alert_not_sent",
        ),
        text("subject"),
        jsonb("details"),
        timestamp("raised_at"),
        timestamp("resolved_at", nullable=True),
        timestamp("notified_at", nullable=True),
        timestamp("next_notification_at", nullable=True),
        integer("notification_attempts"),
        unique("kind", "subject"),
    )
    op.create_index(
        "ix_alerts_to_send",
        "alerts",
        ["tenant_id", "next_notification_at"],
        postgresql_where="next_notification_at IS NOT NULL",
    )
    protect("alerts")
    show_to_sweep("alerts", "tenant_id, next_notification_at")
    create_sweep_function(
        "lumira_tenants_with_unsent_alerts(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM alerts WHERE next_notification_at <= now",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_tenants_with_unsent_alerts(timestamptz)")
    op.execute("DROP FUNCTION lumira_tenants_with_due_messages(timestamptz)")
    op.drop_table("alerts")
    op.drop_table("outbox_messages")
