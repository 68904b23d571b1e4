"""Name a transaction's tenant through a function, which also works where the tables are distributed by tenant.

What the functions of the inbox, the catalog and the retention run names its tenant and writes in no common table
expression, so that one server can run each statement. The functions with their earlier arguments stay for processes of
the previous version.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import APPLICATION

revision = "0075_set_tenant"
down_revision = "0074_compressed_payloads"
branch_labels = None
depends_on = None

#: In PL/pgSQL, which costs less than SQL that is parsed for each transaction. `lumira/domain/distribution.py` has the
#: bodies for a cluster, where only the command SET LOCAL reaches the other servers.
_SETTERS = (
    ("lumira_set_tenant(tenant integer)", "lumira.tenant_id", "coalesce(tenant::text, '')"),
    ("lumira_set_operator(operator uuid)", "lumira.operator_id", "coalesce(operator::text, '')"),
)
#: What becomes another text in the function that stores several events.
_IN_BATCH = (
    ("PERFORM set_config('lumira.tenant_id', current::text, true)", "PERFORM lumira_set_tenant(current)"),
    ("is_pulled = false WHERE (tenant_id,", "is_pulled = false WHERE tenant_id = current AND (tenant_id,"),
)
_BY_SETTING = "set_config('lumira.tenant_id', tenant::text, true)"
_BY_FUNCTION = "lumira_set_tenant(tenant)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for signature, setting, value in _SETTERS:
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS text LANGUAGE plpgsql VOLATILE AS "
            f"$$ BEGIN RETURN set_config('{setting}', {value}, true); END $$"
        )
    op.execute(_RECEIVE % {"set": _BY_FUNCTION, "own": "w.tenant_id = tenant AND "})
    _replace_in_batch(_IN_BATCH)
    op.execute(_CATALOG % {"set": _BY_FUNCTION})
    op.execute(_PARTITION % {"move": _MOVE})
    op.execute(_RESERVE)
    op.execute(_REMOVE)
    signature = "lumira_remove_default_events(integer, timestamptz, integer)"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APPLICATION}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_remove_default_events(integer, timestamptz, integer)")
    op.execute(f"DROP FUNCTION {_RESERVE_SIGNATURE}")
    op.execute(_PARTITION % {"move": _MOVE_AT_ONCE})
    op.execute(_CATALOG % {"set": _BY_SETTING})
    _replace_in_batch([(new, old) for old, new in _IN_BATCH])
    op.execute(_RECEIVE % {"set": _BY_SETTING, "own": ""})
    op.execute("DROP FUNCTION lumira_set_operator(uuid)")
    op.execute("DROP FUNCTION lumira_set_tenant(integer)")


def _replace_in_batch(texts: Iterable[tuple[str, str]]) -> None:
    query = sa.text("SELECT pg_get_functiondef('lumira_receive_events(jsonb, bytea[])'::regprocedure)")
    definition = op.get_bind().execute(query).scalar_one()
    for old, new in texts:
        if old not in definition:
            raise RuntimeError(f"lumira_receive_events has no {old!r}.")
        definition = definition.replace(old, new)
    # Not as a template of SQLAlchemy, which takes a colon for a parameter.
    op.get_bind().exec_driver_sql(definition)


_RECEIVE = """
    CREATE OR REPLACE FUNCTION lumira_receive_event(
        tenant integer, event_id uuid, stripe_id text, stripe_created timestamptz, event_type text,
        version text, live boolean, account text, body json, at timestamptz
    ) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        is_new boolean;
    BEGIN
        PERFORM %(set)s;
        PERFORM pg_advisory_xact_lock_shared(hashtext('process_events'), tenant);
        INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, api_version,
            livemode, stripe_account, payload, status, attempts, received_at, next_attempt_at)
        VALUES (tenant, event_id, stripe_id, stripe_created, event_type, version,
            live, account, body, 'received', 0, at, at)
        ON CONFLICT (tenant_id, stripe_event_id, stripe_created_at) DO NOTHING;
        is_new := FOUND;
        IF is_new THEN
            PERFORM lumira_enqueue_job('process_events', tenant);
        ELSE
            UPDATE webhook_events AS w SET is_pulled = false
            WHERE %(own)s(w.tenant_id, w.id, w.stripe_created_at) IN (
                SELECT e.tenant_id, e.id, e.stripe_created_at FROM webhook_events AS e
                WHERE e.tenant_id = tenant AND e.stripe_event_id = stripe_id
                    AND e.stripe_created_at = stripe_created AND e.is_pulled
                FOR UPDATE SKIP LOCKED);
        END IF;
        RETURN is_new;
    END $$
"""

_CATALOG = """
    CREATE OR REPLACE FUNCTION lumira_catalog_state(
        tenant integer, OUT created_at timestamptz, OUT version integer, OUT available text
    ) LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM %(set)s;
        SELECT t.created_at, t.catalog_version, (
            SELECT json_object_agg(i.product_id, i.on_hand - i.reserved ORDER BY i.product_id)::text
            FROM stock_items i WHERE i.tenant_id = tenant
        ) INTO created_at, version, available FROM tenants t WHERE t.id = tenant;
    END $$
"""

# The rows of a month that has no partition yet are in the default one, and PostgreSQL attaches none beside them.
_PARTITION = """
    CREATE OR REPLACE FUNCTION lumira_create_event_partition(at timestamptz) RETURNS integer LANGUAGE plpgsql
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
            'CREATE TABLE public.%%I (LIKE webhook_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        EXECUTE format('ALTER TABLE public.%%I ENABLE ROW LEVEL SECURITY', name);
        LOCK TABLE webhook_events_default IN ACCESS EXCLUSIVE MODE;
        %(move)s
        EXECUTE format('ALTER TABLE webhook_events ATTACH PARTITION public.%%I FOR VALUES FROM (%%L) TO (%%L)',
            name, first, last);
        RETURN moved;
    END $$
"""
_MOVE_AT_ONCE = """
        EXECUTE format(
            'WITH moved AS (DELETE FROM webhook_events_default WHERE stripe_created_at >= %L '
            'AND stripe_created_at < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
            first, last, name);
        GET DIAGNOSTICS moved = ROW_COUNT;
"""
# Two statements, which the lock makes one; the new month is a table of this server until it is attached.
_MOVE = """
        EXECUTE format('INSERT INTO public.%I SELECT * FROM webhook_events_default '
            'WHERE stripe_created_at >= %L AND stripe_created_at < %L', name, first, last);
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved > 0 THEN
            DELETE FROM webhook_events_default WHERE stripe_created_at >= first AND stripe_created_at < last;
        END IF;
"""

_REMOVE = """
    CREATE FUNCTION lumira_remove_default_events(tenant integer, before timestamptz, up_to integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
    DECLARE
        removed integer;
    BEGIN
        DELETE FROM webhook_events_default AS w
        WHERE w.tenant_id = tenant AND (w.tenant_id, w.id, w.stripe_created_at) IN (
            SELECT e.tenant_id, e.id, e.stripe_created_at FROM webhook_events_default AS e
            WHERE e.tenant_id = tenant AND e.received_at < least(before, now() - interval '60 days')
                AND e.status IN ('processed', 'ignored', 'foreign')
            LIMIT up_to
            FOR UPDATE SKIP LOCKED
        );
        GET DIAGNOSTICS removed = ROW_COUNT;
        RETURN removed;
    END $$
"""

# The figures change last: the row of a popular product is locked from there to the commit. They change only if enough
# units are available then; the statement before spares a product that is sold out, or was never counted, the rest.
_RESERVE = """
    CREATE FUNCTION lumira_reserve_units(
        tenant integer, of_order uuid, product text, units integer, until timestamptz, by_actor text, at timestamptz,
        movement uuid, reservation uuid
    ) RETURNS uuid LANGUAGE plpgsql AS $$
    DECLARE
        reserved_by uuid;
    BEGIN
        PERFORM 1 FROM stock_items
            WHERE tenant_id = tenant AND product_id = product AND on_hand >= reserved + units;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        INSERT INTO stock_movements
            (tenant_id, id, product_id, order_id, reason, on_hand, reserved, sold, actor, created_at)
            VALUES (tenant, movement, product, of_order, 'reserve', 0, units, 0, by_actor, at);
        INSERT INTO stock_reservations
            (tenant_id, id, order_id, product_id, quantity, state, expires_at, created_at, updated_at)
            VALUES (tenant, reservation, of_order, product, units, 'reserved', until, at, at)
            ON CONFLICT (tenant_id, order_id, product_id) DO UPDATE
                SET state = excluded.state, expires_at = excluded.expires_at, updated_at = excluded.updated_at
            RETURNING id INTO reserved_by;
        UPDATE stock_items SET reserved = reserved + units, updated_at = at
            WHERE tenant_id = tenant AND product_id = product AND on_hand >= reserved + units;
        RETURN CASE WHEN FOUND THEN reserved_by END;
    END $$
"""
_RESERVE_SIGNATURE = (
    "lumira_reserve_units(integer, uuid, text, integer, timestamptz, text, timestamptz, uuid, uuid)"
)
