"""Count the work of all tenants for the metrics: functions that return numbers and times only."""

from alembic import op

from migrations.row_level_security import SWEEP, create_sweep_function

revision = "0047_installation_figures"
down_revision = "0046_webhook_probes"
branch_labels = None
depends_on = None

#: What the functions read, beyond what the sweep role may read already.
_READ = {
    "orders": "status, review_reason",
    "webhook_events": "received_at",
    "alerts": "kind, resolved_at",
}

# Each reads at most `most` rows of an index that has only what is not done yet; `oldest` is one probe of an index for
# each tenant. Only the orders are counted whole.
_COUNT_EVENTS = """
    SELECT 'received', count(*), (
        SELECT min(first.received_at) FROM tenants t CROSS JOIN LATERAL (
            SELECT e.received_at FROM webhook_events e WHERE e.tenant_id = t.id AND e.status = 'received'
            ORDER BY e.next_attempt_at LIMIT 1) first)
    FROM (SELECT FROM webhook_events WHERE status = 'received' LIMIT most) counted
    UNION ALL SELECT 'parked', count(*), NULL
    FROM (SELECT FROM webhook_events WHERE status = 'parked' LIMIT most) counted
    UNION ALL SELECT 'failed', count(*), NULL
    FROM (SELECT FROM webhook_events WHERE status = 'failed' LIMIT most) counted
"""
_COUNT_MESSAGES = """
    SELECT 'pending', count(*) FROM (SELECT FROM outbox_messages WHERE status = 'pending' LIMIT most) counted
    UNION ALL SELECT 'dead', count(*) FROM (SELECT FROM outbox_messages WHERE status = 'dead' LIMIT most) counted
"""
# Money that is under way keeps its units for days: a bank debit, or an order under review.
_COUNT_RESERVATIONS = """
    SELECT 'reserved', count(*) FROM (SELECT FROM stock_reservations WHERE state = 'reserved' LIMIT most) counted
    UNION ALL SELECT 'overdue', count(*) FROM tenants t CROSS JOIN LATERAL (
        SELECT FROM stock_reservations r JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
        WHERE r.tenant_id = t.id AND r.state = 'reserved' AND r.expires_at <= ended_before
            AND o.status IN ('pending', 'failed') AND o.review_reason IS NULL LIMIT most) counted
"""
# Most orders have a poll scheduled, for months: those that are due are found for each tenant.
_COUNT_POLLS = """
    SELECT count(*), min(counted.next_poll_at) FROM tenants t CROSS JOIN LATERAL (
        SELECT o.next_poll_at FROM orders o WHERE o.tenant_id = t.id AND o.next_poll_at <= at
        ORDER BY o.next_poll_at LIMIT most) counted
"""
_COUNT_ALERTS = """
    SELECT counted.kind, count(*) FROM (SELECT a.kind FROM alerts a WHERE a.resolved_at IS NULL LIMIT most) counted
    GROUP BY counted.kind
"""
_COUNT_ORDERS = "SELECT status, count(*) FROM orders GROUP BY status"

_FUNCTIONS = (
    (
        "lumira_count_events(most integer)",
        "TABLE(state text, number bigint, oldest timestamptz)",
        _COUNT_EVENTS,
    ),
    ("lumira_count_messages(most integer)", "TABLE(state text, number bigint)", _COUNT_MESSAGES),
    (
        "lumira_count_reservations(ended_before timestamptz, most integer)",
        "TABLE(state text, number bigint)",
        _COUNT_RESERVATIONS,
    ),
    (
        "lumira_count_due_polls(at timestamptz, most integer)",
        "TABLE(number bigint, oldest timestamptz)",
        _COUNT_POLLS,
    ),
    ("lumira_count_alerts(most integer)", "TABLE(state text, number bigint)", _COUNT_ALERTS),
    ("lumira_count_orders()", "TABLE(state text, number bigint)", _COUNT_ORDERS),
)


def upgrade() -> None:
    # Among millions that were sent or superseded.
    op.create_index(
        "ix_outbox_messages_dead", "outbox_messages", ["tenant_id"], postgresql_where="status = 'dead'"
    )
    for table, columns in _READ.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {SWEEP}")
    for signature, returns, query in _FUNCTIONS:
        create_sweep_function(signature, returns, query)


def downgrade() -> None:
    for signature, _, _ in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for table, columns in _READ.items():
        op.execute(f"REVOKE SELECT ({columns}) ON {table} FROM {SWEEP}")  # noqa: S608 - a constant
    op.drop_index("ix_outbox_messages_dead", "outbox_messages")
