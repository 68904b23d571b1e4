"""Withdrawals: listed for operators. An order is loaded with its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_

from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.models import Order, Withdrawal
from lumira.repositories.orders import orders, sale_mode


def list_withdrawals(
    tenant_id: int, *, includes_decided: bool = False, limit: int = 50
) -> Sequence[tuple[Withdrawal, str]]:
    """List the withdrawals that wait for a decision, or all, newest first, with the numbers of their orders."""
    query = (
        select(Withdrawal, Order.order_number)
        .join(Order, (Order.tenant_id == Withdrawal.tenant_id) & (Order.id == Withdrawal.order_id))
        .where(Withdrawal.tenant_id == tenant_id)
        .limit(constant(limit))
    )
    if includes_decided:
        query = query.order_by(Withdrawal.id.desc())
    else:
        query = query.where(Withdrawal.decision.is_(None)).order_by(
            Withdrawal.requested_at.desc(), Withdrawal.id.desc()
        )
    return [(row[0], row[1]) for row in db.session.execute(query)]


@dataclass(frozen=True, slots=True)
class ListedWithdrawal:
    """A withdrawal with its order, whose lines are loaded."""

    withdrawal: Withdrawal
    order: Order


def list_page(
    tenant_id: int, *, is_decided: bool, after: Position | None, limit: int
) -> list[ListedWithdrawal]:
    """List those that wait, the nearest deadline first, or the decided ones, the last decision first.

    A refund is due a fixed time after the statement, so that the order of the statements is that of the deadlines.
    """
    query = (
        select(Withdrawal, Order)
        .join(Order, (Order.tenant_id == Withdrawal.tenant_id) & (Order.id == Withdrawal.order_id))
        .where(Withdrawal.tenant_id == tenant_id, sale_mode.counts(tenant_id))
        .limit(constant(limit))
    )
    if is_decided:
        query = query.where(Withdrawal.decision.is_not(None))
        position = tuple_(Withdrawal.decided_at, Withdrawal.id)
        if after is not None:
            query = query.where(position < tuple_(after.at, after.id))
        query = query.order_by(Withdrawal.decided_at.desc(), Withdrawal.id.desc())
    else:
        query = query.where(Withdrawal.decision.is_(None))
        position = tuple_(Withdrawal.requested_at, Withdrawal.id)
        if after is not None:
            query = query.where(position > tuple_(after.at, after.id))
        query = query.order_by(Withdrawal.requested_at, Withdrawal.id)
    listed = [ListedWithdrawal(row[0], row[1]) for row in db.session.execute(query)]
    orders.load_rows(tenant_id, [each.order for each in listed], (Order.lines,))
    return listed


def position_of(listed: ListedWithdrawal) -> Position:
    """Return where the page after this withdrawal begins."""
    withdrawal = listed.withdrawal
    return Position(withdrawal.decided_at or withdrawal.requested_at, withdrawal.id)
