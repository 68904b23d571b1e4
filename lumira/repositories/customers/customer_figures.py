"""What customers ordered, paid and can access now: summed from the rows at every call, and stored nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from lumira.database import db
from lumira.models import Order, Payment, PaymentState, SubscriptionStatus
from lumira.repositories.orders import sale_mode


@dataclass(slots=True)
class CustomerFigures:
    """The figures of one customer."""

    #: Orders that were fulfilled, also if they were refunded since.
    total_orders: int = 0
    #: Minor units by the currency that was paid: what was received less what was refunded or lost to disputes.
    total_spent: dict[str, int] = field(default_factory=dict)
    #: When the newest of those orders was created.
    last_order_at: datetime | None = None
    subscription_status: SubscriptionStatus = SubscriptionStatus.INACTIVE


# Whether any access that was paid for or granted manually is open, or only free access.
_OPEN_ACCESS = text(
    """
    SELECT customer_id, bool_or(is_paid_or_manual) AS is_active
    FROM (
        SELECT g.customer_id, g.reason <> 'free' AS is_paid_or_manual FROM access_grants AS g
        JOIN orders AS o ON o.tenant_id = g.tenant_id AND o.id = g.order_id
        WHERE g.tenant_id = :tenant_id AND g.customer_id = ANY(:customer_ids)
            AND g.active AND (g.expires_at IS NULL OR g.expires_at > :now)
            -- As `sale_mode.counts`.
            AND (o.livemode OR o.amount = 0 OR NOT (SELECT livemode FROM tenants WHERE id = :tenant_id))
        UNION ALL
        SELECT customer_id, true FROM manual_grants
        WHERE tenant_id = :tenant_id AND customer_id = ANY(:customer_ids)
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
    ) AS open_access
    GROUP BY customer_id
    """
)


def figures_of(tenant_id: int, customer_ids: Sequence[UUID], *, now: datetime) -> dict[UUID, CustomerFigures]:
    """Return the figures of each of these customers, by two statements for any number of them."""
    figures = {customer_id: CustomerFigures() for customer_id in customer_ids}
    _add_orders(tenant_id, figures)
    parameters = {"tenant_id": tenant_id, "customer_ids": list(customer_ids), "now": now}
    for row in db.session.execute(_OPEN_ACCESS, parameters):
        status = SubscriptionStatus.ACTIVE if row.is_active else SubscriptionStatus.TRIAL
        figures[row.customer_id].subscription_status = status
    return figures


def _add_orders(tenant_id: int, figures: dict[UUID, CustomerFigures]) -> None:
    # An operator may have accepted a payment in another currency than the order's: the customer spent that one.
    paid = (
        select(Payment.order_id, func.min(Payment.currency).label("currency"))
        .join(Order, (Order.tenant_id == Payment.tenant_id) & (Order.id == Payment.order_id))
        .where(Payment.tenant_id == tenant_id, Payment.state == PaymentState.SUCCEEDED)
        .where(Order.customer_id == func.any(list(figures)))
        .group_by(Payment.order_id)
        .subquery()
    )
    query = (
        select(
            Order.customer_id,
            paid.c.currency,
            func.count(Order.completed_at).label("orders"),
            func.max(Order.created_at).filter(Order.completed_at.is_not(None)).label("last_order_at"),
            func.sum(Order.net_paid).label("spent"),
        )
        .outerjoin(paid, paid.c.order_id == Order.id)
        .where(Order.tenant_id == tenant_id, Order.customer_id == func.any(list(figures)))
        .where(sale_mode.counts(tenant_id))
        .group_by(Order.customer_id, paid.c.currency)
    )
    for row in db.session.execute(query):
        customer = figures[row.customer_id]
        customer.total_orders += row.orders
        customer.last_order_at = max(filter(None, (customer.last_order_at, row.last_order_at)), default=None)
        if row.currency is not None:
            customer.total_spent[row.currency] = int(row.spent)
