"""Finds the orders whose receipts need a comparison with their facts, among millions that obviously agree."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text

from lumira.database import constant, db, plan_for_values
from lumira.models import Order

#: Orders that one statement looks through.
BATCH = 20_000
#: The rows of so many orders are found by index, by a plan that is kept: making one for each tenant takes longer.
_FEW = 1_000

# What an order needs is decided by `due_receipts.list_due` alone. This query only leaves out the orders for which that
# rule can have one result: never paid and without documents; or one payment that completed the order, and only
# refunds that succeeded, each with its document. Everything else, and every difference, is compared by the rule.
_TO_COMPARE = text(
    """
    WITH paid AS (
        SELECT order_id, count(*) AS payments, count(*) FILTER (WHERE state = 'succeeded') AS succeeded
        FROM payments WHERE tenant_id = :tenant_id AND order_id > :after AND order_id <= :until GROUP BY order_id
    ), refunded AS (
        SELECT order_id, count(*) FILTER (WHERE status IN ('failed', 'canceled')) AS failed
        FROM refunds WHERE tenant_id = :tenant_id AND order_id > :after AND order_id <= :until AND has_succeeded
        GROUP BY order_id
    ), expected AS (
        SELECT order_id, 'receipt' AS kind, stripe_payment_intent_id AS subject, amount_received AS amount, currency
        FROM payments WHERE tenant_id = :tenant_id AND order_id > :after AND order_id <= :until
            AND state = 'succeeded' AND amount_received > 0
        UNION ALL
        SELECT order_id, 'credit_note', stripe_refund_id, amount, currency
        FROM refunds WHERE tenant_id = :tenant_id AND order_id > :after AND order_id <= :until
            AND has_succeeded AND amount > 0
    ), issued AS (
        SELECT order_id, kind, subject, amount, currency
        FROM receipts WHERE tenant_id = :tenant_id AND order_id > :after AND order_id <= :until
    ), documents AS (
        SELECT order_id, bool_and((expected.amount, expected.currency) IS NOT DISTINCT FROM
            (issued.amount, issued.currency)) AS agree
        FROM expected FULL JOIN issued USING (order_id, kind, subject) GROUP BY order_id
    )
    SELECT orders.id FROM orders
    JOIN documents ON documents.order_id = orders.id
    LEFT JOIN paid ON paid.order_id = orders.id
    LEFT JOIN refunded ON refunded.order_id = orders.id
    WHERE orders.tenant_id = :tenant_id AND orders.id > :after AND orders.id <= :until
        AND (
            documents.agree AND orders.completed_at IS NOT NULL AND orders.review_reason IS NULL
            AND paid.succeeded = 1
            AND (refunded.failed IS NULL OR (refunded.failed = 0 AND paid.payments = 1))
        ) IS NOT TRUE
    ORDER BY orders.id
    """
)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A stretch of orders, by id: where it ends, and which of them are to be compared."""

    until: UUID
    orders: int
    to_compare: list[UUID]

    @property
    def is_last(self) -> bool:
        """Whether no order followed this stretch when it was read."""
        return self.orders < BATCH


def scan(tenant_id: int, after: UUID) -> Scanned | None:
    """Look through the orders that follow an id, as many as a batch holds; `None` if none follows."""
    following = (
        select(Order.id)
        .where(Order.tenant_id == tenant_id, Order.id > after)
        .order_by(Order.id)
        .limit(constant(BATCH))
        .subquery()
    )
    until, count = db.session.execute(
        select(func.array_agg(following.c.id)[func.count()], func.count())
    ).one()
    if not count:
        return None
    # A plan that is made for any range expects one row of each table, and would compare each with each.
    db.session.execute(text("SET LOCAL enable_nestloop = off"))
    if count > _FEW:
        plan_for_values()
    values = {"tenant_id": tenant_id, "after": after, "until": until}
    return Scanned(until, count, list(db.session.execute(_TO_COMPARE, values).scalars()))


def count_unreceipted(tenant_id: int) -> int:
    """Return how many paid orders have no document, as those of a tenant without a seller's legal lines."""
    query = text(
        "SELECT count(*) FROM orders WHERE tenant_id = :tenant_id AND completed_at IS NOT NULL AND amount > 0 "
        "AND NOT EXISTS (SELECT FROM receipts WHERE receipts.tenant_id = orders.tenant_id "
        "AND receipts.order_id = orders.id)"
    )
    return int(db.session.execute(query, {"tenant_id": tenant_id}).scalar_one())
