"""Create Stripe's events, and the function that stores an event and enqueues its job in one transaction."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, identity, integer, references, text, timestamp, unique, uuid
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0013_webhook_events"
down_revision = "0012_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_webhook_events()
    create_sweep_function(
        "lumira_tenants_with_due_events(at timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM webhook_events "
        "WHERE status IN ('received', 'parked') AND next_attempt_at <= at",
    )
    _create_receive_function()


def _create_webhook_events() -> None:
    op.create_table(
        "webhook_events",
        *identity(references_tenant=False),
        text("stripe_event_id"),
        timestamp("stripe_created_at"),
        text("type"),
        text("api_version", nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=True),
        text("stripe_account", nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        *choice("status", "received", "processed", "ignored", "parked", "foreign", "failed"),
        text("reason", nullable=True),
        uuid("order_id", nullable=True),
        text("stripe_payment_intent_id", nullable=True),
        integer("attempts"),
        text("last_error", nullable=True),
        timestamp("received_at"),
        timestamp("next_attempt_at"),
        timestamp("processed_at", nullable=True),
        references("orders", "order_id"),
        unique("stripe_event_id", "stripe_created_at"),
    )
    op.create_index("ix_webhook_events_by_order", "webhook_events", ["tenant_id", "order_id"])
    op.create_index(
        "ix_webhook_events_due",
        "webhook_events",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="status IN ('received', 'parked')",
    )
    op.create_index(
        "ix_webhook_events_parked",
        "webhook_events",
        ["tenant_id", "stripe_payment_intent_id"],
        postgresql_where="status = 'parked'",
    )
    protect("webhook_events")
    show_to_sweep("webhook_events", "tenant_id, status, next_attempt_at")


def _create_receive_function() -> None:
    # The lock that `lumira_enqueue_job` takes is needed before the insert already; taking it twice is harmless.
    op.execute(
        """
        CREATE FUNCTION lumira_receive_event(
            tenant integer, event_id uuid, stripe_id text, stripe_created timestamptz, event_type text,
            version text, live boolean, account text, body json, at timestamptz
        ) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            is_new boolean;
        BEGIN
            PERFORM set_config('lumira.tenant_id', tenant::text, true);
            PERFORM pg_advisory_xact_lock_shared(hashtext('process_events'), tenant);
            INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, api_version,
                livemode, stripe_account, payload, status, attempts, received_at, next_attempt_at)
            VALUES (tenant, event_id, stripe_id, stripe_created, event_type, version,
                live, account, body, 'received', 0, at, at)
            ON CONFLICT (tenant_id, stripe_event_id, stripe_created_at) DO NOTHING;
            is_new := FOUND;
            IF is_new THEN
                PERFORM lumira_enqueue_job('process_events', tenant);
            END IF;
            RETURN is_new;
        END $$
        """
    )


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION lumira_receive_event("
        "integer, uuid, text, timestamptz, text, text, boolean, text, json, timestamptz)"
    )
    op.execute("DROP FUNCTION lumira_tenants_with_due_events(timestamptz)")
    op.drop_table("webhook_events")
