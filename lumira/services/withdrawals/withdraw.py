"""Records a buyer's withdrawal: it is acknowledged at once, and refunded at once or decided by an operator."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.commands import WithdrawalCommand
from lumira.domain.withdrawal import (
    NoRight,
    WithdrawalRight,
    is_accepted_at_once,
    record_withdrawal,
    right_of,
)
from lumira.errors.orders import NotWithdrawable, WithdrawalsChanged
from lumira.link_tokens import LinkAddress, WithdrawalAddress
from lumira.models import Order, Withdrawal, WithdrawalVia
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.withdrawals.view_withdrawal import find_as_guest, find_by_link
from lumira.settlement.settle_order import settle_order

_BUYER = "buyer"


@retried
def withdraw_by_link(address: LinkAddress, order_id: UUID, command: WithdrawalCommand) -> bool:
    """Withdraw as the owner of a portal link; `False` if the link does not open the order.

    Raises `NotWithdrawable`. Repeated, it changes nothing.
    """
    with atomic(address.tenant_id):
        view = find_by_link(address, order_id, orders.lock_order)
        if view is not None:
            _withdraw(view.order, view.right, command, WithdrawalVia.PORTAL, view.requested_at)
        return view is not None


@retried
def withdraw_as_guest(address: WithdrawalAddress, command: WithdrawalCommand) -> bool:
    """Withdraw as the holder of a link that was sent by e-mail; `False` if the link has expired.

    Raises `NotWithdrawable`. Repeated, it changes nothing.
    """
    with atomic(address.tenant_id):
        view = find_as_guest(address, orders.lock_order)
        if view is not None:
            _withdraw(view.order, view.right, command, WithdrawalVia.GUEST, view.requested_at)
        return view is not None


@retried
def record_statement(
    tenant_id: int,
    order_id: UUID,
    *,
    requested_at: datetime,
    reason: str | None,
    actor: str,
    units: Mapping[UUID, int] | None = None,
    seen: int | None = None,
) -> Order:
    """Record a statement that reached the shop in another way: about these units, by order line, or about everything.

    Everything is what the buyer may withdraw from. Raises `NotWithdrawable` and `OrderNotFound`, and
    `WithdrawalsChanged` if the order has another number of withdrawals than the operator has `seen`: a form that is
    sent twice records one statement.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        if seen is not None and seen != len(order.withdrawals):
            raise WithdrawalsChanged(f"The order {order.order_number} has other withdrawals now.")
        zone = ZoneInfo(tenants.get(tenant_id).time_zone)
        right = right_of(order, zone=zone, at=requested_at, is_by_operator=True)
        if units is None:
            units = {each.line.id: each.quantity for each in right.lines if each.quantity}
        if not right.permits(units):
            raise NotWithdrawable(_refusal(order, right))
        _record(order, units, reason, WithdrawalVia.OPERATOR, requested_at, actor=actor)
        return order


def _withdraw(
    order: Order,
    right: WithdrawalRight,
    command: WithdrawalCommand,
    via: WithdrawalVia,
    requested_at: datetime,
) -> None:
    rights = {each.line.id: each for each in right.lines}
    chosen = [rights[line_id] for line_id in command.units if line_id in rights]
    if chosen and all(each.why_not is NoRight.WITHDRAWN for each in chosen):
        # The same form, sent again.
        return
    if not right.permits(command.units):
        raise NotWithdrawable(_refusal(order, right))
    _record(order, command.units, command.reason, via, requested_at, actor=_BUYER)


def _record(
    order: Order,
    units: Mapping[UUID, int],
    reason: str | None,
    via: WithdrawalVia,
    requested_at: datetime,
    *,
    actor: str,
) -> Withdrawal:
    tenant = tenants.get(order.tenant_id)
    withdrawal = record_withdrawal(
        order,
        units,
        via=via,
        reason=reason,
        requested_at=requested_at,
        now=utc_now(),
        is_accepted=is_accepted_at_once(tenant, order),
        waits_for_return=tenant.refund_on_return,
    )
    audit.record(
        order.tenant_id,
        actor=actor,
        action="withdrawal_requested",
        subject=f"order:{order.id}",
        withdrawal=str(withdrawal.id),
        via=str(via),
        units=sum(units.values()),
        accepted=withdrawal.is_accepted,
    )
    # A refund that settling decides references the withdrawal.
    db.session.flush()
    settle_order(order, actor=actor)
    return withdrawal


def _refusal(order: Order, right: WithdrawalRight) -> str:
    number = order.order_number
    match right.why_not:
        case NoRight.ENDED:
            return f"The period of the order {number} ended on {right.last_day}."
        case NoRight.WAIVED:
            return f"The buyer of the order {number} asked for immediate delivery, which ended the right."
        case NoRight.WITHDRAWN:
            return f"The buyer has withdrawn from the order {number} already."
        case NoRight.REFUNDED:
            return f"The order {number} is refunded."
        case NoRight.REFUSED:
            return f"An earlier withdrawal from the order {number} was refused."
        case NoRight.NOTHING:
            return f"Nothing of the order {number} can be withdrawn from: it is {order.status}."
        case None:
            return f"These units of the order {number} cannot be withdrawn from."
