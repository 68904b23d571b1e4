"""Partition Stripe's events by the month of Stripe's own time, and let old months be dropped as a whole.

The time is a part of the signed event, so every delivery of an event is in one month, and the unique constraint there
finds a repetition. The application owns no table: functions of the owner create and drop months for it, within narrow
limits. On a large table the copy takes minutes, in which no event is stored and Stripe repeats its deliveries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, identity, integer, references, tenant_id, text, timestamp, unique, uuid
from migrations.row_level_security import APPLICATION, protect, show_to_sweep

revision = "0019_event_partitions"
down_revision = "0018_transfer_message"
branch_labels = None
depends_on = None

_COLUMNS = (
    "tenant_id, id, stripe_event_id, stripe_created_at, type, api_version, livemode, stripe_account, payload, status, "
    "reason, order_id, stripe_payment_intent_id, attempts, last_error, received_at, next_attempt_at, processed_at"
)


def upgrade() -> None:
    _set_aside()
    op.create_table(
        "webhook_events",
        *tenant_id(references_tenant=False),
        uuid("id"),
        *_columns(),
        timestamp("payload_removed_at", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", "stripe_created_at"),
        postgresql_partition_by="RANGE (stripe_created_at)",
    )
    op.execute("CREATE TABLE webhook_events_default PARTITION OF webhook_events DEFAULT")
    op.execute("ALTER TABLE webhook_events_default ENABLE ROW LEVEL SECURITY")
    _create_indexes()
    op.create_index(
        "ix_webhook_events_with_payload",
        "webhook_events",
        ["tenant_id", "processed_at"],
        postgresql_where="processed_at IS NOT NULL AND payload_removed_at IS NULL",
    )
    _create_partition_function()
    _create_months_of_existing_events()
    _copy_back()
    _create_drop_function()
    _create_default_function()


def _columns() -> tuple[sa.schema.SchemaItem, ...]:
    return (
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


def _create_indexes() -> None:
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


def _set_aside() -> None:
    """Rename the table and its indexes, whose names are those of the schema, so that the new table has them."""
    op.execute("ALTER TABLE webhook_events RENAME TO earlier_events")
    op.execute("ALTER TABLE earlier_events NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT indexname FROM pg_indexes "
        "WHERE schemaname = 'public' AND tablename = 'earlier_events' LOOP "
        "EXECUTE format('ALTER INDEX %I RENAME TO %I', name, 'earlier_' || name); END LOOP; END $$"
    )


def _copy_back() -> None:
    op.execute(
        "INSERT INTO webhook_events (columns) SELECT columns FROM earlier_events".replace("columns", _COLUMNS)
    )
    op.execute("DROP TABLE earlier_events")
    protect("webhook_events")
    show_to_sweep("webhook_events", "tenant_id, status, next_attempt_at")


def _create_partition_function() -> None:
    # The rows of a month that has no partition yet are in the default one, and PostgreSQL attaches none beside them.
    op.execute(
        """
        CREATE FUNCTION lumira_create_event_partition(at timestamptz) RETURNS integer LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
        DECLARE
            first timestamptz := date_trunc('month', at);
            last timestamptz := date_trunc('month', at) + interval '1 month';
            name text := 'webhook_events_' || to_char(at, 'YYYY_MM');
            moved integer;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('lumira_event_partitions'));
            IF to_regclass('public.' || name) IS NOT NULL THEN
                RETURN 0;
            END IF;
            EXECUTE format(
                'CREATE TABLE public.%I (LIKE webhook_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
            LOCK TABLE webhook_events_default IN ACCESS EXCLUSIVE MODE;
            EXECUTE format(
                'WITH moved AS (DELETE FROM webhook_events_default WHERE stripe_created_at >= %L '
                'AND stripe_created_at < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
                first, last, name);
            GET DIAGNOSTICS moved = ROW_COUNT;
            EXECUTE format('ALTER TABLE webhook_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                name, first, last);
            RETURN moved;
        END $$
        """
    )
    _grant("lumira_create_event_partition(timestamptz)")


def _create_months_of_existing_events() -> None:
    """Create the months that have events, from five years ago on, and those around today."""
    op.execute(
        """
        DO $$ DECLARE month timestamptz; BEGIN
            FOR month IN
                SELECT generate_series(
                    date_trunc('month', least(
                        now() - interval '1 month',
                        (SELECT min(stripe_created_at) FROM earlier_events
                            WHERE stripe_created_at > now() - interval '5 years'))),
                    now() + interval '3 months', '1 month')
            LOOP
                PERFORM lumira_create_event_partition(month);
            END LOOP;
        END $$
        """
    )


def _create_drop_function() -> None:
    # A month that ended less than 60 days ago is never dropped, whatever a setting or an error says: Stripe lists
    # events for 30 days. The lock stops what would make an event due again between the check and the end.
    op.execute(
        r"""
        CREATE FUNCTION lumira_drop_event_partition(name text) RETURNS integer LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
        DECLARE
            is_handled boolean;
            events integer;
        BEGIN
            IF name !~ '^webhook_events_\d{4}_\d{2}$' OR to_regclass('public.' || name) IS NULL
                OR to_date(right(name, 7), 'YYYY_MM') + interval '1 month' > now() - interval '60 days' THEN
                RAISE EXCEPTION '% is not an old month of events', name;
            END IF;
            EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', name);
            EXECUTE format('SELECT bool_and(status IN (''processed'', ''ignored'', ''foreign'')), count(*) '
                'FROM public.%I', name)
                INTO is_handled, events;
            IF NOT is_handled THEN
                RETURN -1;
            END IF;
            EXECUTE format('DROP TABLE public.%I', name);
            RETURN events;
        END $$
        """
    )
    _grant("lumira_drop_event_partition(text)")


def _create_default_function() -> None:
    # Events whose time no partition covers, such as those without any.
    op.execute(
        """
        CREATE FUNCTION lumira_remove_default_events(before timestamptz, up_to integer) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
        DECLARE
            removed integer;
        BEGIN
            DELETE FROM webhook_events_default WHERE (tenant_id, id, stripe_created_at) IN (
                SELECT tenant_id, id, stripe_created_at FROM webhook_events_default
                WHERE received_at < least(before, now() - interval '60 days')
                    AND status IN ('processed', 'ignored', 'foreign')
                LIMIT up_to
                FOR UPDATE SKIP LOCKED
            );
            GET DIAGNOSTICS removed = ROW_COUNT;
            RETURN removed;
        END $$
        """
    )
    _grant("lumira_remove_default_events(timestamptz, integer)")


def _grant(function: str) -> None:
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")


def downgrade() -> None:
    for function in (
        "lumira_create_event_partition(timestamptz)",
        "lumira_drop_event_partition(text)",
        "lumira_remove_default_events(timestamptz, integer)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    _set_aside()
    op.create_table("webhook_events", *identity(references_tenant=False), *_columns())
    _create_indexes()
    _copy_back()
