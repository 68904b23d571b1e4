"""What customers bought, spent and have now: asked of the rows every time, and kept nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from lumira.database import db
from lumira.models import SubscriptionStatus


@dataclass(slots=True)
class CustomerFigures:
    """One customer in numbers."""

    #: Orders that were served, also those whose money went back since.
    total_orders: int = 0
    #: Minor units by currency: what was paid less what went back or was lost to a bank.
    total_spent: dict[str, int] = field(default_factory=dict)
    #: When the newest of those orders was opened.
    last_order_at: datetime | None = None
    subscription_status: SubscriptionStatus = SubscriptionStatus.INACTIVE


# What went back is counted as `refunds.refunded_amount` counts it: for each charge the larger of what its live
# refunds add up to and what Stripe told less what failed since. A refund that names no charge is of the only one.
_BOUGHT = text(
    """
    WITH bought AS (
        SELECT id, customer_id, currency, created_at, completed_at
        FROM orders WHERE tenant_id = :tenant_id AND customer_id = ANY(:customer_ids)
    ), paid AS (
        SELECT order_id, min(currency) AS currency, sum(amount_received) AS amount
        FROM payments
        WHERE tenant_id = :tenant_id AND state = 'succeeded' AND order_id IN (SELECT id FROM bought)
        GROUP BY order_id
    ), refunded AS (
        SELECT order_id, stripe_charge_id, amount, status NOT IN ('failed', 'canceled') AS is_live
        FROM refunds WHERE tenant_id = :tenant_id AND order_id IN (SELECT id FROM bought)
    ), charged AS (
        SELECT order_id, stripe_charge_id, amount_refunded - uncaptured AS told
        FROM charges WHERE tenant_id = :tenant_id AND order_id IN (SELECT id FROM bought)
    ), known AS (
        SELECT order_id, min(stripe_charge_id) AS only_charge_id
        FROM (
            SELECT order_id, stripe_charge_id FROM charged
            UNION SELECT order_id, stripe_charge_id FROM refunded WHERE stripe_charge_id IS NOT NULL
        ) AS each_charge
        GROUP BY order_id HAVING count(*) = 1
    ), facts AS (
        SELECT order_id, stripe_charge_id, told, 0 AS live, 0 AS dead FROM charged
        UNION ALL
        SELECT r.order_id, coalesce(r.stripe_charge_id, k.only_charge_id, ''), 0,
            CASE WHEN is_live THEN amount ELSE 0 END, CASE WHEN is_live THEN 0 ELSE amount END
        FROM refunded r LEFT JOIN known k ON k.order_id = r.order_id
    ), by_charge AS (
        SELECT order_id, greatest(sum(live), sum(told) - sum(dead)) AS amount
        FROM facts GROUP BY order_id, stripe_charge_id
    ), gone AS (
        SELECT order_id, sum(amount) AS amount
        FROM (
            SELECT order_id, amount FROM by_charge
            UNION ALL
            SELECT order_id, amount FROM disputes
            WHERE tenant_id = :tenant_id AND status = 'lost' AND order_id IN (SELECT id FROM bought)
        ) AS each_way
        GROUP BY order_id
    )
    SELECT b.customer_id, coalesce(p.currency, b.currency) AS currency,
        count(b.completed_at) AS orders,
        max(b.created_at) FILTER (WHERE b.completed_at IS NOT NULL) AS last_order_at,
        count(p.amount) AS payments,
        coalesce(sum(p.amount), 0) - coalesce(sum(g.amount) FILTER (WHERE p.amount IS NOT NULL), 0) AS spent
    FROM bought b LEFT JOIN paid p ON p.order_id = b.id LEFT JOIN gone g ON g.order_id = b.id
    GROUP BY b.customer_id, coalesce(p.currency, b.currency)
    """
)

# Whether anything that was paid for or given by hand is open now, or only what is free.
_OPEN = text(
    """
    SELECT customer_id, bool_or(is_worth_something) AS is_active
    FROM (
        SELECT customer_id, reason <> 'free' AS is_worth_something FROM access_grants
        WHERE tenant_id = :tenant_id AND customer_id = ANY(:customer_ids)
            AND active AND (expires_at IS NULL OR expires_at > :now)
        UNION ALL
        SELECT customer_id, true FROM manual_grants
        WHERE tenant_id = :tenant_id AND customer_id = ANY(:customer_ids)
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
    ) AS open_now
    GROUP BY customer_id
    """
)


def figures_of(tenant_id: int, customer_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, CustomerFigures]:
    """The figures of each of these customers, in two statements however many there are."""
    figures = {customer_id: CustomerFigures() for customer_id in customer_ids}
    asked = {"tenant_id": tenant_id, "customer_ids": list(customer_ids)}
    for row in db.session.execute(_BOUGHT, asked):
        known = figures[row.customer_id]
        known.total_orders += row.orders
        known.last_order_at = max(filter(None, (known.last_order_at, row.last_order_at)), default=None)
        if row.payments:
            known.total_spent[row.currency] = int(row.spent)
    for row in db.session.execute(_OPEN, asked | {"now": now}):
        status = SubscriptionStatus.ACTIVE if row.is_active else SubscriptionStatus.TRIAL
        figures[row.customer_id].subscription_status = status
    return figures
