"""Rows with numbers of their own: the audit log, receipts, stock figures, and events by month."""

from collections.abc import Iterator

from lumira import event_payloads
from lumira.database import Base
from tests.benchmarks.scale.columns import CHUNK, Connection, Size, renamed, texts_of, value_of
from tests.benchmarks.scale.template import Template
from tests.support.factories import Brand

#: More documents than a tenant has in a year.
_BEHIND = 100_000_000


def copy_audit(connection: Connection, brand: Brand) -> str:
    rows = connection.execute(
        f"""
        INSERT INTO audit_entries (tenant_id, id, at, actor, action, subject, details)
        SELECT p.tenant_id, pg_temp.copied(t.id, p.n, p.at), t.at + p.shift, actor, action,
            {renamed("subject")}, ({renamed("details::text")})::jsonb
        FROM seed_templates AS s
        JOIN audit_entries AS t ON t.tenant_id = {brand.id}
            AND (strpos(t.subject, s.order_id::text) > 0 OR strpos(t.subject, s.order_number) > 0)
        JOIN seed_plan AS p ON p.kind = s.kind
        """  # noqa: S608
    ).rowcount
    return f"audit_entries: {rows:,}"


def copy_receipts(connection: Connection, brand: Brand, templates: list[Template]) -> str:
    """Copy the receipts and credit notes, with numbers that have no gap in each tenant and year."""
    table = Base.metadata.tables["receipts"]
    texts = texts_of(connection, brand, templates, table, "t.order_id") - {"label", "corrects_label"}
    year = "extract(year FROM p.at AT TIME ZONE t.time_zone)::int"
    special = {
        "year": year,
        "number": f"(row_number() OVER (PARTITION BY p.tenant_id, t.kind, {year} ORDER BY p.n))::int",
        "label": "pg_temp.copied(t.id, p.n, p.at)::text",
        "issued_at": "p.at",
    }
    values = ", ".join(special.get(column.name) or value_of(column, table, texts) for column in table.columns)
    names = ", ".join(column.name for column in table.columns)
    # The documents that are copied are newer than every copy, so their numbers follow.
    connection.execute(f"UPDATE receipts SET number = number + {_BEHIND} WHERE tenant_id = {brand.id}")  # noqa: S608
    rows = connection.execute(
        f"INSERT INTO receipts ({names}) SELECT {values} FROM seed_plan AS p "  # noqa: S608
        f"JOIN receipts AS t ON t.tenant_id = {brand.id} AND t.order_id = p.order_id"
    ).rowcount
    connection.execute(
        f"""
        UPDATE receipts AS r SET number = r.number - {_BEHIND} + coalesce((SELECT max(number) FROM receipts AS o
            WHERE o.tenant_id = r.tenant_id AND o.kind = r.kind AND o.year = r.year AND o.number < {_BEHIND}), 0)
        WHERE number > {_BEHIND}
        """  # noqa: S608
    )
    connection.execute(
        """
        UPDATE receipts AS r SET label = t.order_prefix || CASE kind WHEN 'receipt' THEN '-TEST-R-' ELSE '-TEST-A-' END
            || year || '-' || lpad(number::text, 6, '0')
        FROM tenants AS t WHERE t.id = r.tenant_id
        """
    )
    connection.execute(
        "UPDATE receipts AS r SET corrects_label = c.label FROM receipts AS c "
        "WHERE c.tenant_id = r.tenant_id AND c.id = r.corrects_id"
    )
    connection.execute("DELETE FROM receipt_counters")
    connection.execute(
        "INSERT INTO receipt_counters (tenant_id, series, livemode, year, last_number, last_issued_at) "
        "SELECT tenant_id, kind, livemode, year, max(number), max(issued_at) FROM receipts GROUP BY 1, 2, 3, 4"
    )
    return f"receipts: {rows:,}"


def count_stock(connection: Connection, brand: Brand) -> str:
    """Enter so many units that the copied sales had them, and write the figures that follow from the movements."""
    connection.execute(
        f"""
        INSERT INTO stock_movements (tenant_id, id, product_id, reason, on_hand, reserved, sold, actor, created_at)
        SELECT tenant_id, gen_random_uuid(), product_id, 'correction', 10000000, 0, 0, 'operator',
            now() - interval '3 years'
        FROM stock_items WHERE tenant_id >= {brand.id}
        """  # noqa: S608
    )
    rows = connection.execute(
        """
        UPDATE stock_items AS s SET on_hand = m.on_hand, reserved = m.reserved, sold = m.sold
        FROM (SELECT tenant_id, product_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(sold) AS sold
            FROM stock_movements GROUP BY 1, 2) AS m
        WHERE m.tenant_id = s.tenant_id AND m.product_id = s.product_id
        """
    ).rowcount
    return f"stock_items: {rows:,}"


def copy_events(connection: Connection, brand: Brand, size: Size) -> Iterator[str]:
    """Create events of the last thirteen months: one of each five has acted on an order, the others were ignored.

    Those older than 90 days have no payload any more.
    """
    _decompress(connection, brand)
    connection.execute(
        "SELECT lumira_create_event_partition(at) FROM "
        "generate_series(now() - interval '13 months', now(), interval '1 month') AS at"
    )
    [(recent,)] = connection.execute(
        "SELECT count(*) FROM seed_plan WHERE at > now() - interval '13 months'"
    ).fetchall()
    each = max(1, round(size.events / max(recent, 1)))
    copied = 0
    for start in range(0, size.orders, CHUNK):
        copied += connection.execute(
            f"""
            INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, api_version, livemode,
                payload, payload_removed_at, status, order_id, attempts, received_at, next_attempt_at, processed_at)
            SELECT p.tenant_id, pg_temp.copied(t.id, p.n * 1000 + e, p.at), 'evt_' || p.n || '_' || e,
                date_trunc('second', p.at), CASE WHEN e = 1 THEN t.type ELSE 'charge.updated' END, t.api_version, false,
                CASE WHEN p.at < now() - interval '90 days' THEN '{{}}'
                    WHEN e = 1 THEN ({renamed("t.payload::text")})::json
                    ELSE json_build_object('id', 'evt_' || p.n || '_' || e, 'object', 'event', 'type', 'charge.updated')
                END,
                CASE WHEN p.at < now() - interval '90 days' THEN p.at + interval '90 days' END,
                CASE WHEN e = 1 THEN 'processed' ELSE 'ignored' END, CASE WHEN e = 1 THEN p.new_order_id END, 1,
                p.at, p.at, p.at
            FROM seed_plan AS p
            JOIN LATERAL (SELECT * FROM webhook_events AS t WHERE t.tenant_id = {brand.id} AND t.order_id = p.order_id
                ORDER BY t.id LIMIT 1) AS t ON true
            CROSS JOIN generate_series(1, {each}) AS e
            WHERE p.n > {start} AND p.n <= {start + CHUNK} AND p.at > now() - interval '13 months'
            """  # noqa: S608
        ).rowcount
        if copied:
            yield f"webhook_events: {copied:,}"


def _decompress(connection: Connection, brand: Brand) -> None:
    """Write the payloads of the templates as text, whose ids SQL can replace; Lumira reads both."""
    compressed = connection.execute(
        "SELECT id, compressed_payload FROM webhook_events WHERE tenant_id = %s AND compressed_payload IS NOT NULL",
        (brand.id,),
    ).fetchall()
    for event_id, payload in compressed:
        connection.execute(
            "UPDATE webhook_events SET payload = %s::json, compressed_payload = NULL WHERE tenant_id = %s AND id = %s",
            (event_payloads.text_of(payload), brand.id, event_id),
        )
