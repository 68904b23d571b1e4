"""Fills a database by SQL: every row of a few orders is copied, with other ids, tenants, times and numbers.

Which columns are ids, times or texts is read from the models, so that a new column needs no change here.
"""

import time
from collections.abc import Callable, Iterator

from sqlalchemy import Table

from lumira import models
from lumira.database import Base
from tests.benchmarks.scale.columns import CHUNK, Connection, Size, texts_of, value_of
from tests.benchmarks.scale.documents import copy_audit, copy_events, copy_receipts, count_stock
from tests.benchmarks.scale.template import Template
from tests.support.factories import Brand

assert models.__all__

#: Of a hundred orders, those of the measured tenant; the others belong to all other tenants alike.
_LARGE_SHARE = 40
#: Two years. An interval of months times a fraction would not be monotonic.
_SECONDS = 730 * 24 * 3600
#: Tables that are filled otherwise, or that the copied orders have no rows in.
_OTHERWISE = {"customers", "receipts", "webhook_events", "idempotency_keys"}

Log = Callable[[str], None]


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
                    ELSE {brand.id} + 1 + (n::bigint * 7919) % {size.tenants - 1} END AS tenant_id,
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
            for start in range(0, size.orders, CHUNK):
                copied += _copy_rows(connection, brand, templates, table, start)
            if copied:
                yield f"{table.name}: {copied:,}"
    yield copy_audit(connection, brand)
    yield copy_receipts(connection, brand, templates)
    yield count_stock(connection, brand)
    yield from copy_events(connection, brand, size)


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
    sample = texts_of(connection, brand, templates, table, own)
    values = ", ".join(value_of(column, table, sample) for column in table.columns)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return connection.execute(
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM seed_plan AS p "  # noqa: S608
        f"JOIN {table.name} AS t ON t.tenant_id = {brand.id} AND {own} = p.order_id "
        f"WHERE p.n > {start} AND p.n <= {start + CHUNK} ORDER BY p.n"
    ).rowcount
