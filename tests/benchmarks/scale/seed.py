"""Fills a database by SQL: every row of a few orders is copied, with other ids, tenants, times and numbers.

Which columns are ids, times or texts is read from the models, so that a new column needs no change here.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import DateTime, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from lumira import models
from lumira.database import Base
from tests.benchmarks.scale.template import MARK, Template
from tests.support.factories import Brand

assert models.__all__

#: Orders that one statement copies.
_CHUNK = 50_000
#: Of a hundred orders, those of the measured tenant; the others belong to all other tenants alike.
_LARGE_SHARE = 40
#: Two years. An interval of months times a fraction would not be monotonic.
_SECONDS = 730 * 24 * 3600
#: More documents than a tenant has in a year.
_BEHIND = 100_000_000
#: Tables that are filled otherwise, or that the copied orders have no rows in.
_OTHERWISE = {"customers", "receipts", "webhook_events", "idempotency_keys"}

Log = Callable[[str], None]
Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of each kind to create."""

    tenants: int
    orders: int
    events: int

    def __str__(self) -> str:
        return f"{self.tenants:,} tenants, {self.orders:,} orders, {self.events:,} events"


def fill(connection: Connection, brand: Brand, templates: list[Template], size: Size, log: Log) -> None:
    """Create the rows as a superuser; foreign keys are not checked, because every copied row has its copied parent."""
    started = time.perf_counter()
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET timezone = 'UTC'")
    _create_functions(connection)
    _create_tenants(connection, brand, size.tenants)
    _plan(connection, brand, templates, size)
    for what in _copy(connection, brand, templates, size):
        log(f"  {time.perf_counter() - started:6.0f} s  {what}")
    connection.execute("SET session_replication_role = origin")
    connection.execute("DROP TABLE seed_plan, seed_templates")
    connection.execute("VACUUM ANALYZE")
    log(f"  {time.perf_counter() - started:6.0f} s  analyzed")


def _create_functions(connection: Connection) -> None:
    # A UUIDv7 of the copied row's own time, so that ids sort by creation as Lumira's do.
    connection.execute(
        """
        CREATE FUNCTION pg_temp.copied(old uuid, number bigint, at timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
                || '7' || substr(md5(old::text || number), 1, 3)
                || 'a' || substr(md5(old::text || number), 4, 15))::uuid
        $$
        """
    )


def _create_tenants(connection: Connection, brand: Brand, tenants: int) -> None:
    """Copy the tenant with its products and stock."""
    first = "(SELECT coalesce(max(id), 0) FROM tenants)"
    special = {
        "id": f"{first} + i",
        "slug": "slug || '-' || i",
        "order_prefix": "'S' || lpad(i::text, 6, '0')",
        "stripe_account": "NULL",
    }
    table = Base.metadata.tables["tenants"]
    names = [column.name for column in table.columns]
    values = ", ".join(special.get(name, name) for name in names)
    connection.execute(
        f"INSERT INTO tenants ({', '.join(names)}) SELECT {values} "  # noqa: S608
        f"FROM tenants, generate_series(1, {tenants - 1}) AS i WHERE id = {brand.id}"
    )
    for name in ("products", "stock_items"):
        columns = [column.name for column in Base.metadata.tables[name].columns if column.name != "tenant_id"]
        others = ", ".join(columns)
        connection.execute(
            f"INSERT INTO {name} (tenant_id, {others}) SELECT t.id, {', '.join(f's.{c}' for c in columns)} "  # noqa: S608
            f"FROM {name} AS s, tenants AS t WHERE s.tenant_id = {brand.id} AND t.id > {brand.id}"
        )
    connection.execute("SELECT setval('tenants_id_seq', (SELECT max(id) FROM tenants))")


def _plan(connection: Connection, brand: Brand, templates: list[Template], size: Size) -> None:
    """Decide for each order its tenant, its kind, its time within two years, and its customer, who has three orders."""
    connection.execute(
        "CREATE UNLOGGED TABLE seed_templates "
        "(kind int, order_id uuid, order_number text, customer_id uuid, first int, last int, at timestamptz)"
    )
    first = 0
    for kind, template in enumerate(templates):
        connection.execute(
            "INSERT INTO seed_templates SELECT %s, id, order_number, customer_id, %s, %s, created_at FROM orders "
            "WHERE id = %s",
            (kind, first, first + template.percent - 1, template.order_id),
        )
        first += template.percent
    connection.execute(
        f"""
        CREATE UNLOGGED TABLE seed_plan AS
        WITH drawn AS (
            SELECT n, CASE WHEN n * 7 % 100 < {_LARGE_SHARE} THEN {brand.id}
                    ELSE {brand.id} + 1 + (n * 7919) % {size.tenants - 1} END AS tenant_id,
                (n * 31) % 100 AS draw,
                now() - interval '1 hour' - make_interval(secs => {_SECONDS} * (1 - n / {size.orders}::float8)) AS at
            FROM generate_series(1, {size.orders}) AS n
        ), numbered AS (
            SELECT *, (row_number() OVER (PARTITION BY tenant_id ORDER BY n) - 1) / 3 AS customer FROM drawn
        )
        SELECT n::bigint, d.tenant_id, t.kind, d.at, d.at - t.at AS shift, t.order_id, t.order_number, t.customer_id,
            min(n) OVER same AS customer_n, min(d.at) OVER same AS customer_at,
            pg_temp.copied(t.order_id, n, d.at) AS new_order_id,
            pg_temp.copied(first_value(t.customer_id) OVER same, min(n) OVER same, min(d.at) OVER same) AS new_customer_id,
            tenants.order_prefix || '-' || lpad(n::text, 10, '0') AS new_number
        FROM numbered AS d JOIN seed_templates AS t ON d.draw BETWEEN t.first AND t.last
        JOIN tenants ON tenants.id = d.tenant_id
        WINDOW same AS (PARTITION BY d.tenant_id, d.customer ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        """  # noqa: E501, S608
    )
    connection.execute("CREATE INDEX ON seed_plan (n)")
    connection.execute("ANALYZE seed_plan")


def _copy(connection: Connection, brand: Brand, templates: list[Template], size: Size) -> Iterator[str]:
    yield _copy_customers(connection, brand)
    for table in Base.metadata.sorted_tables:
        if table.name not in _OTHERWISE and (table.name == "orders" or "order_id" in table.columns):
            copied = 0
            for start in range(0, size.orders, _CHUNK):
                copied += _copy_rows(connection, brand, templates, table, start)
            if copied:
                yield f"{table.name}: {copied:,}"
    yield _copy_audit(connection, brand)
    yield _copy_receipts(connection, brand, templates)
    yield _count_stock(connection, brand)
    yield from _copy_events(connection, brand, size)


def _copy_customers(connection: Connection, brand: Brand) -> str:
    key = f"customer_n || '@example.com'"  # noqa: F541
    rows = connection.execute(
        f"""
        INSERT INTO customers (tenant_id, id, email, email_key, name, locale, stripe_attempt, created_at, updated_at)
        SELECT DISTINCT ON (new_customer_id) p.tenant_id, new_customer_id, 'buyer-' || {key}, 'buyer-' || {key}, name,
            locale, stripe_attempt, customer_at, customer_at
        FROM seed_plan AS p JOIN customers AS c ON c.tenant_id = {brand.id} AND c.id = p.customer_id
        """  # noqa: S608
    ).rowcount
    return f"customers: {rows:,}"


def _copy_rows(
    connection: Connection, brand: Brand, templates: list[Template], table: Table, start: int
) -> int:
    own = "t.id" if table.name == "orders" else "t.order_id"
    sample = _texts_of(connection, brand, templates, table, own)
    values = ", ".join(_value(column, table, sample) for column in table.columns)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return connection.execute(
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM seed_plan AS p "  # noqa: S608
        f"JOIN {table.name} AS t ON t.tenant_id = {brand.id} AND {own} = p.order_id "
        f"WHERE p.n > {start} AND p.n <= {start + _CHUNK} ORDER BY p.n"
    ).rowcount


def _texts_of(
    connection: Connection, brand: Brand, templates: list[Template], table: Table, own: str
) -> set[str]:
    """Return the names of the columns in which a copied row names its order."""
    parts = [MARK, *(part for each in templates for part in (each.order_number, str(each.order_id)))]
    ids = [each.order_id for each in templates]
    rows = connection.execute(
        f"SELECT to_json(t) FROM {table.name} AS t WHERE tenant_id = %s AND {own} = ANY (%s)",  # noqa: S608
        (brand.id, ids),
    ).fetchall()
    return {
        name for (row,) in rows for name, value in row.items() if any(part in str(value) for part in parts)
    }


def _value(column: Any, table: Table, texts: set[str]) -> str:
    """Return the SQL of one column of a copied row."""
    name = f't."{column.name}"'
    if column.name == "tenant_id":
        return "p.tenant_id"
    if column.name == "next_poll_at":
        return "CASE WHEN p.at > now() - interval '120 days' THEN now() + random() * interval '30 days' END"
    if (table.name, column.name) == ("orders", "id") or column.name == "order_id":
        return "p.new_order_id"
    if column.name == "customer_id":
        return "p.new_customer_id"
    if column.name in ("customer_email", "email_key"):
        return "'buyer-' || p.customer_n || '@example.com'"
    if isinstance(column.type, Uuid):
        return f"pg_temp.copied({name}, p.n, p.at)"
    if isinstance(column.type, DateTime):
        return f"{name} + p.shift"
    if column.name in texts:
        text = _renamed(f"{name}::text")
        return f"({text})::jsonb" if isinstance(column.type, JSONB) else text
    return name


def _renamed(text: str) -> str:
    return (
        f"replace(replace(replace({text}, '{MARK}', p.n::text), p.order_number, p.new_number), "
        "p.order_id::text, p.new_order_id::text)"
    )


def _copy_audit(connection: Connection, brand: Brand) -> str:
    rows = connection.execute(
        f"""
        INSERT INTO audit_entries (tenant_id, id, at, actor, action, subject, details)
        SELECT p.tenant_id, pg_temp.copied(t.id, p.n, p.at), t.at + p.shift, actor, action,
            {_renamed("subject")}, ({_renamed("details::text")})::jsonb
        FROM seed_templates AS s
        JOIN audit_entries AS t ON t.tenant_id = {brand.id}
            AND (strpos(t.subject, s.order_id::text) > 0 OR strpos(t.subject, s.order_number) > 0)
        JOIN seed_plan AS p ON p.kind = s.kind
        """  # noqa: S608
    ).rowcount
    return f"audit_entries: {rows:,}"


def _copy_receipts(connection: Connection, brand: Brand, templates: list[Template]) -> str:
    """Copy the receipts and credit notes, with numbers that have no gap in each tenant and year."""
    table = Base.metadata.tables["receipts"]
    texts = _texts_of(connection, brand, templates, table, "t.order_id") - {"label", "corrects_label"}
    year = "extract(year FROM p.at AT TIME ZONE t.time_zone)::int"
    special = {
        "year": year,
        "number": f"(row_number() OVER (PARTITION BY p.tenant_id, t.kind, {year} ORDER BY p.n))::int",
        "label": "pg_temp.copied(t.id, p.n, p.at)::text",
        "issued_at": "p.at",
    }
    values = ", ".join(special.get(column.name) or _value(column, table, texts) for column in table.columns)
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


def _count_stock(connection: Connection, brand: Brand) -> str:
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


def _copy_events(connection: Connection, brand: Brand, size: Size) -> Iterator[str]:
    """Create events of the last thirteen months: one of each five has acted on an order, the others were ignored.

    Those older than 90 days have no payload any more.
    """
    connection.execute(
        "SELECT lumira_create_event_partition(at) FROM "
        "generate_series(now() - interval '13 months', now(), interval '1 month') AS at"
    )
    [(recent,)] = connection.execute(
        "SELECT count(*) FROM seed_plan WHERE at > now() - interval '13 months'"
    ).fetchall()
    each = max(1, round(size.events / max(recent, 1)))
    copied = 0
    for start in range(0, size.orders, _CHUNK):
        copied += connection.execute(
            f"""
            INSERT INTO webhook_events (tenant_id, id, stripe_event_id, stripe_created_at, type, api_version, livemode,
                payload, payload_removed_at, status, order_id, attempts, received_at, next_attempt_at, processed_at)
            SELECT p.tenant_id, pg_temp.copied(t.id, p.n * 1000 + e, p.at), 'evt_' || p.n || '_' || e,
                date_trunc('second', p.at), CASE WHEN e = 1 THEN t.type ELSE 'charge.updated' END, t.api_version, false,
                CASE WHEN p.at < now() - interval '90 days' THEN '{{}}'
                    WHEN e = 1 THEN ({_renamed("t.payload::text")})::json
                    ELSE json_build_object('id', 'evt_' || p.n || '_' || e, 'object', 'event', 'type', 'charge.updated')
                END,
                CASE WHEN p.at < now() - interval '90 days' THEN p.at + interval '90 days' END,
                CASE WHEN e = 1 THEN 'processed' ELSE 'ignored' END, CASE WHEN e = 1 THEN p.new_order_id END, 1,
                p.at, p.at, p.at
            FROM seed_plan AS p
            JOIN LATERAL (SELECT * FROM webhook_events AS t WHERE t.tenant_id = {brand.id} AND t.order_id = p.order_id
                ORDER BY t.id LIMIT 1) AS t ON true
            CROSS JOIN generate_series(1, {each}) AS e
            WHERE p.n > {start} AND p.n <= {start + _CHUNK} AND p.at > now() - interval '13 months'
            """  # noqa: S608
        ).rowcount
        if copied:
            yield f"webhook_events: {copied:,}"
