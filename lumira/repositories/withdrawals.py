"""Withdrawals: listed for operators. An order is loaded with its own."""

from collections.abc import Sequence

from sqlalchemy import select

from lumira.database import constant, db
from lumira.models import Order, Withdrawal


def list_withdrawals(
    tenant_id: int, *, includes_decided: bool = False, limit: int = 50
) -> Sequence[tuple[Withdrawal, str]]:
    """List the withdrawals that wait for a decision, or all, newest first, with the numbers of their orders."""
    query = (
        select(Withdrawal, Order.order_number)
        .join(Order, (Order.tenant_id == Withdrawal.tenant_id) & (Order.id == Withdrawal.order_id))
        .where(Withdrawal.tenant_id == tenant_id)
        .order_by(Withdrawal.id.desc())
        .limit(constant(limit))
    )
    if not includes_decided:
        query = query.where(Withdrawal.decision.is_(None))
    return [(row[0], row[1]) for row in db.session.execute(query)]
