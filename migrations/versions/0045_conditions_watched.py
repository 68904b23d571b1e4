"""Let alerts watch conditions that end by themselves, and note which events no webhook has delivered."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import timestamp

revision = "0045_conditions_watched"
down_revision = "0044_audit_lists"
branch_labels = None
depends_on = None

_KINDS = ("webhooks_missing", "event_waiting")
_RECEIVE = """
    CREATE OR REPLACE FUNCTION lumira_receive_event(
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
        %s
        END IF;
        RETURN is_new;
    END $$
"""
# A delivery never waits for the worker that is processing its event.
_REPEATED = """
        ELSE
            UPDATE webhook_events SET is_pulled = false WHERE (tenant_id, id, stripe_created_at) IN (
                SELECT e.tenant_id, e.id, e.stripe_created_at FROM webhook_events AS e
                WHERE e.tenant_id = tenant AND e.stripe_event_id = stripe_id
                    AND e.stripe_created_at = stripe_created AND e.is_pulled
                FOR UPDATE SKIP LOCKED);
"""


def upgrade() -> None:
    accept("alerts", "kind", *_KINDS)
    op.add_column("alerts", timestamp("seen_at", nullable=True))
    op.add_column("alerts", timestamp("recovery_notified_at", nullable=True))
    op.add_column(
        "webhook_events",
        sa.Column[bool]("is_pulled", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(_RECEIVE % _REPEATED)


def downgrade() -> None:
    op.execute(_RECEIVE % "")
    op.drop_column("webhook_events", "is_pulled")
    op.drop_column("alerts", "recovery_notified_at")
    op.drop_column("alerts", "seen_at")
    accept_no_longer("alerts", "kind", *_KINDS)
