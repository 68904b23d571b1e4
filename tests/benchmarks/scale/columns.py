"""How a column of a copied row is computed: which are ids, times or texts is read from the models."""

from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import DateTime, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from tests.benchmarks.scale.template import MARK, Template
from tests.support.factories import Brand

Connection = psycopg.Connection[Any]
#: Orders that one statement copies.
CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows of each kind to create."""

    tenants: int
    orders: int
    events: int

    def __str__(self) -> str:
        return f"{self.tenants:,} tenants, {self.orders:,} orders, {self.events:,} events"


def texts_of(
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


def value_of(column: Any, table: Table, texts: set[str]) -> str:
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
        text = renamed(f"{name}::text")
        return f"({text})::jsonb" if isinstance(column.type, JSONB) else text
    return name


def renamed(text: str) -> str:
    return (
        f"replace(replace(replace({text}, '{MARK}', p.n::text), p.order_number, p.new_number), "
        "p.order_id::text, p.new_order_id::text)"
    )
