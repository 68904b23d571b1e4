"""Stripe's events, and the one function that takes them in: event and wake-up, whole or not at all."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0008_webhook_events"
down_revision = "0007_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "webhook_events",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stripe_event_id", sa.Text(), nullable=False),
        sa.Column("stripe_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=True),
        sa.Column("stripe_account", sa.Text(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('received', 'processed', 'ignored', 'parked', 'foreign', 'failed')",
            name="status_is_known",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_webhook_events_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhook_events_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_events"),
        sa.UniqueConstraint(
            "tenant_id",
            "stripe_event_id",
            "stripe_created_at",
            name="uq_webhook_events_tenant_id_stripe_event_id_stripe_created_at",
        ),
    )
    op.create_index("ix_webhook_events_by_order", "webhook_events", ["tenant_id", "order_id"], unique=False)
    op.create_index(
        "ix_webhook_events_due",
        "webhook_events",
        ["tenant_id", "next_attempt_at"],
        unique=False,
        postgresql_where="status IN ('received', 'parked')",
    )
    protect("webhook_events")

    show_to_sweep("webhook_events", "tenant_id, status, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_events(at timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM webhook_events "
        "WHERE status IN ('received', 'parked') AND next_attempt_at <= at",
    )
    # The lock comes before the insert, as `lumira_enqueue_job` explains; its own taking of it is then free.
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
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "DROP FUNCTION lumira_receive_event("
        "integer, uuid, text, timestamptz, text, text, boolean, text, json, timestamptz)"
    )
    op.execute("DROP FUNCTION lumira_tenants_with_due_events(timestamptz)")
    op.drop_table("webhook_events")
