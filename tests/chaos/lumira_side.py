"""Lumira's side: its database, read as the superuser across all tenants."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.postgresql import Database

Row = dict[str, Any]

_ORDERS = """
    SELECT t.slug AS tenant, o.id, o.order_number, o.status, o.amount, o.currency, o.customer_email,
           o.metadata->>'chaosCall' AS call, o.review_reason, o.completed_at, o.sold_out_at
    FROM orders o JOIN tenants t ON t.id = o.tenant_id ORDER BY o.id
"""
_PARTS = {
    "lines": "SELECT order_id, id, product_id, quantity FROM order_lines",
    "grants": "SELECT order_id, order_line_id, product_id, active, reason FROM access_grants",
    "messages": "SELECT order_id, id, kind, subject, status, last_error FROM outbox_messages",
    "payments": "SELECT order_id, stripe_payment_intent_id AS id, state, amount_received FROM payments",
    "refunds": "SELECT order_id, stripe_refund_id AS id, amount, status FROM refunds",
    "disputes": "SELECT order_id, stripe_dispute_id AS id, amount, status FROM disputes",
    "sessions": "SELECT order_id, stripe_session_id AS id, state, is_paid FROM checkout_sessions",
    "reservations": "SELECT order_id, product_id, quantity, restocked, state FROM stock_reservations",
    "refund_requests": "SELECT order_id, origin, amount, state, stripe_refund_id FROM refund_requests",
}


@dataclass
class OrderRecord:
    """An order's row with the rows that belong to it."""

    row: Row
    lines: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)
    disputes: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    reservations: list[Row] = field(default_factory=list)
    refund_requests: list[Row] = field(default_factory=list)

    @property
    def is_sold_out(self) -> bool:
        """Whether it was paid when its product was sold out."""
        return self.row["sold_out_at"] is not None

    @property
    def number(self) -> str:
        number: str = self.row["order_number"]
        return number


@dataclass(frozen=True, slots=True)
class LumiraState:
    """All rows of Lumira's database that are compared."""

    orders: list[OrderRecord]
    events: list[Row]
    keys: list[Row]
    alerts: list[Row]
    #: The stock of all physical products.
    stock: list[Row]
    recovered: int
    #: Seconds since the workers last enqueued the periodic sweep.
    sweep_age: float


def is_quiet(database: Database, last_missed_at: float) -> bool:
    """Return whether no work is pending and reconciliation has covered every event without a webhook."""
    [pending] = database.query(
        "SELECT (SELECT count(*) FROM webhook_events WHERE status IN ('received', 'parked')) AS events, "
        "(SELECT count(*) FROM outbox_messages WHERE status = 'pending') AS messages, "
        "(SELECT count(*) FROM refund_requests WHERE state IN ('frozen', 'unknown')) AS refunds, "
        "(SELECT coalesce(min(extract(epoch FROM events_pulled_until)), 0) FROM tenants) AS pulled"
    )
    work = pending["events"] + pending["messages"] + pending["refunds"]
    return bool(work == 0 and pending["pulled"] > last_missed_at + 1)


def read(database: Database) -> LumiraState:
    orders = {row["id"]: OrderRecord(row) for row in database.query(_ORDERS)}
    for part, query in _PARTS.items():
        by_order: dict[Any, list[Row]] = defaultdict(list)
        for row in database.query(query):
            by_order[row["order_id"]].append(row)
        for order_id, rows in by_order.items():
            setattr(orders[order_id], part, rows)
    [audit] = database.query("SELECT count(*) AS number FROM audit_entries WHERE action = 'event_recovered'")
    [clock] = database.query(
        "SELECT coalesce(extract(epoch FROM now()) - max(defer_timestamp), 1e9)::float AS age "
        "FROM procrastinate_periodic_defers WHERE task_name = 'sweep'"
    )
    return LumiraState(
        orders=list(orders.values()),
        events=database.query(
            "SELECT t.slug AS tenant, stripe_event_id AS id, type, status, reason, attempts, last_error "
            "FROM webhook_events e JOIN tenants t ON t.id = e.tenant_id"
        ),
        keys=database.query("SELECT order_id, fence, leased_until, reply_status FROM idempotency_keys"),
        alerts=database.query("SELECT kind, subject, details, resolved_at FROM alerts"),
        stock=database.query(
            "SELECT t.slug AS tenant, product_id, on_hand, reserved, sold "
            "FROM stock_items s JOIN tenants t ON t.id = s.tenant_id ORDER BY 1, 2"
        ),
        recovered=audit["number"],
        sweep_age=clock["age"],
    )
