"""Store the payloads of events compressed, and several events with one call.

The column beside `payload` is the first step of a change of type: both are read, the new one is written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0074_compressed_payloads"
down_revision = "0073_ledger_entries"
branch_labels = None
depends_on = None

# Every call takes its locks in the order of tenant, event and job, so that two calls with the same events do not wait
# for each other: the caller sorts the events. A tenant's events are inserted under its own policies. One row a
# statement, because a statement that selects what it inserts cannot be distributed by tenant.
_RECEIVE = """
    CREATE FUNCTION lumira_receive_events(events jsonb, payloads bytea[]) RETURNS boolean[] LANGUAGE plpgsql AS $$
    DECLARE
        are_new boolean[] := array_fill(false, ARRAY[cardinality(payloads)]);
        is_any_new boolean := false;
        current integer;
        event record;
        n integer := 0;
    BEGIN
        FOR event IN SELECT * FROM jsonb_to_recordset(events) AS e(
            tenant integer, id uuid, stripe_id text, created timestamptz, type text, version text, live boolean,
            account text, at timestamptz
        ) LOOP
            n := n + 1;
            IF current IS DISTINCT FROM event.tenant THEN
                IF is_any_new THEN
                    PERFORM lumira_enqueue_job('process_events', current);
                END IF;
                current := event.tenant;
                is_any_new := false;
                PERFORM set_config('lumira.tenant_id', current::text, true);
                PERFORM pg_advisory_xact_lock_shared(hashtext('process_events'), current);
            END IF;
            INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, api_version,
                livemode, stripe_account, payload, compressed_payload, status, attempts, received_at, next_attempt_at)
            VALUES (current, event.id, event.stripe_id, event.created, event.type, event.version,
                event.live, event.account, '{}', payloads[n], 'received', 0, event.at, event.at)
            ON CONFLICT (tenant_id, stripe_event_id, stripe_created_at) DO NOTHING;
            IF FOUND THEN
                are_new[n] := true;
                is_any_new := true;
            ELSE
                -- A delivery never waits for the worker that is processing its event.
                UPDATE webhook_events SET is_pulled = false WHERE (tenant_id, id, stripe_created_at) IN (
                    SELECT e.tenant_id, e.id, e.stripe_created_at FROM webhook_events AS e
                    WHERE e.tenant_id = current AND e.stripe_event_id = event.stripe_id
                        AND e.stripe_created_at = event.created AND e.is_pulled
                    FOR UPDATE SKIP LOCKED);
            END IF;
        END LOOP;
        IF is_any_new THEN
            PERFORM lumira_enqueue_job('process_events', current);
        END IF;
        RETURN are_new;
    END $$
"""


def upgrade() -> None:
    op.add_column("webhook_events", sa.Column("compressed_payload", sa.LargeBinary(), nullable=True))
    # PostgreSQL would try in vain to compress them again. Months that are created later take it over.
    op.execute("ALTER TABLE webhook_events ALTER COLUMN compressed_payload SET STORAGE EXTERNAL")
    op.execute(_RECEIVE)


def downgrade() -> None:
    # The earlier release cannot read these payloads: they have to be kept elsewhere before.
    op.execute("DROP FUNCTION lumira_receive_events(jsonb, bytea[])")
    op.drop_column("webhook_events", "compressed_payload")
