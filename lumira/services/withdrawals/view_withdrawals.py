"""What operators see of withdrawals: the list, one that they decide about, and one that they record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.days import begin_of
from lumira.domain.list_position import Position
from lumira.domain.order_money import settling_payment
from lumira.domain.outcome import derive
from lumira.domain.refunds import is_disputed, refundable_amount
from lumira.domain.withdrawal import (
    WithdrawalRight,
    is_accepted_at_once,
    right_of,
    waiting,
)
from lumira.domain.withdrawal_refunds import DueRefund, withheld
from lumira.errors import InvalidRequest
from lumira.models import Order, Withdrawal
from lumira.repositories.orders import orders, withdrawals
from lumira.repositories.orders.withdrawals import ListedWithdrawal
from lumira.repositories.tenants import tenants

#: Withdrawals on one page, and the decided ones below those that wait.
PAGE, RECENT = 50, 10


@dataclass(frozen=True, slots=True)
class WithdrawalPage:
    """One page of withdrawals, and where the next one begins."""

    withdrawals: Sequence[ListedWithdrawal]
    next: Position | None


@dataclass(frozen=True, slots=True)
class WithdrawalDecisionView:
    """An order whose withdrawals wait for a decision, and what is refunded if they are accepted."""

    order: Order
    waiting: list[Withdrawal]
    right: WithdrawalRight
    refunds: Sequence[DueRefund]
    #: Whether an open dispute withholds the money, so that nothing is refunded before it is won.
    is_withheld: bool
    #: The ids of accepted withdrawals whose refund waits for goods.
    waiting_for_goods: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class StatementPreview:
    """What a buyer who made the statement at a time may withdraw from, and what recording it does."""

    order: Order
    requested_at: datetime
    right: WithdrawalRight
    #: Whether the refund is made without a decision of an operator.
    is_accepted_at_once: bool
    #: Minor units of the order's currency that are refundable at most.
    refundable: int


def view_withdrawals(
    tenant_id: int, *, is_decided: bool, after: Position | None = None, limit: int = PAGE
) -> WithdrawalPage:
    """Return one page of those that wait, the nearest deadline first, or of the decided ones, the newest first."""
    with atomic(tenant_id):
        found = withdrawals.list_page(tenant_id, is_decided=is_decided, after=after, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return WithdrawalPage(found[:limit], withdrawals.position_of(last) if last else None)


def view_decision(tenant_id: int, reference: str) -> WithdrawalDecisionView:
    """Return the withdrawals from an order that wait, and what accepting them does; raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
        payment = settling_payment(order)
        return WithdrawalDecisionView(
            order=order,
            waiting=waiting(order),
            right=right_of(order, zone=zone, at=utc_now()),
            refunds=derive(order, if_accepted=True).withdrawal_refunds,
            is_withheld=payment is not None and is_disputed(order, payment),
            waiting_for_goods=frozenset(withdrawal.id for withdrawal in withheld(order)),
        )


def preview_statement(tenant_id: int, reference: str, received: date | None) -> StatementPreview:
    """Return what a statement of this day, or of now, can concern; a day is one of the tenant's time zone.

    Raises `InvalidRequest` for a day in the future, and `OrderNotFound`.
    """
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        tenant = tenants.get(tenant_id)
        zone = ZoneInfo(tenant.time_zone)
        requested_at = _begin_of(received, zone)
        payment = settling_payment(order)
        return StatementPreview(
            order=order,
            requested_at=requested_at,
            right=right_of(order, zone=zone, at=requested_at, is_by_operator=True),
            is_accepted_at_once=is_accepted_at_once(tenant, order),
            refundable=0 if payment is None else refundable_amount(order, payment),
        )


def _begin_of(day: date | None, zone: ZoneInfo) -> datetime:
    now = utc_now()
    if day is None:
        return now
    begin = begin_of(day, zone).astimezone(UTC)
    if begin > now:
        raise InvalidRequest("The statement cannot be made in the future.")
    return begin
