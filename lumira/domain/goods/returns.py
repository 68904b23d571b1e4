"""What is refunded because goods came back; makes no query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lumira.domain.goods import parcels
from lumira.domain.order_money import lost_amount, settling_payment
from lumira.domain.refund_lines import (
    amount_of,
    refundable_quantity,
    refunded_as_returned,
    refunded_otherwise,
    unshipped_units,
)
from lumira.domain.refunds import is_disputed, refundable_amount
from lumira.domain.withdrawal import withdrawn_units
from lumira.domain.withdrawal_refunds import DueRefund
from lumira.models import GoodsReturn, Order, OrderLine, Payment


@dataclass(frozen=True, slots=True)
class DueReturnRefund:
    """A refund that follows from a return; the amount in minor units."""

    goods_return: GoodsReturn
    payment: Payment
    amount: int
    #: The units that it refunds, as `refund_lines.freeze_lines` returns them.
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RefundedBefore:
    """What was refunded by hand, and perhaps for units that now come back; the amount in minor units."""

    #: Units of lines that were refunded by name although they were shipped.
    units: tuple[tuple[OrderLine, int], ...]
    #: What was refunded without naming units.
    amount: int


def refunded_before(order: Order) -> RefundedBefore | None:
    """Return what a refund because of a return may repeat; `None` if nothing was refunded by hand.

    A unit that was refunded by name is one that was not shipped, as long as there is one.
    """
    units = ((line, _refunded_although_shipped(order, line)) for line in parcels.goods_of(order))
    found = RefundedBefore(tuple((line, number) for line, number in units if number > 0), _unnamed(order))
    return found if found.units or found.amount else None


def _refunded_although_shipped(order: Order, line: OrderLine) -> int:
    by_hand = refunded_otherwise(order, line) - refunded_as_returned(order, line)
    return by_hand - (line.quantity - parcels.shipped_units(order, line))


def _unnamed(order: Order) -> int:
    """What was refunded of the order's payment, or is being refunded, by requests and events that name no unit."""
    payment = settling_payment(order)
    if payment is None:
        return 0
    of_payment = [
        request
        for request in order.refund_requests
        if request.stripe_payment_intent_id == payment.stripe_payment_intent_id
    ]
    named = {r.stripe_refund_id for r in of_payment if r.lines or r.shipping_amount}
    made = (
        refund.amount
        for refund in order.refunds
        if refund.is_live
        and refund.stripe_payment_intent_id == payment.stripe_payment_intent_id
        and refund.stripe_refund_id not in named
    )
    sent = (r.amount for r in of_payment if r.is_under_way and not r.lines and not r.shipping_amount)
    return sum(made) + sum(sent)


def due_return_refunds(order: Order, withdrawals: Sequence[DueRefund] = ()) -> list[DueReturnRefund]:
    """Return the refunds that returns still require: once each, from the payment that settles the order.

    Units that the buyer has withdrawn from are refunded by the withdrawal, and come first among those that came back,
    unless they were never shipped.
    An open dispute withholds the money: the refund is due once it is won. `withdrawals` are the refunds that are due
    because of those, and come before.
    """
    payment = settling_payment(order) if order.returns else None
    if payment is None or payment.currency != order.currency or is_disputed(order, payment):
        return []
    remaining = (
        refundable_amount(order, payment) - lost_amount(order) - sum(each.amount for each in withdrawals)
    )
    due: list[DueReturnRefund] = []
    for number, goods_return in enumerate(order.returns, start=1):
        if not goods_return.is_refunded or _is_requested(order, goods_return, payment):
            continue
        others = [line for done in withdrawals for line in done.lines]
        others += [line for done in due for line in done.lines]
        lines = _refunded_lines(order, order.returns[: number - 1], goods_return, others)
        amount = min(amount_of(order, lines, others=others), remaining)
        if amount > 0:
            due.append(DueReturnRefund(goods_return, payment, amount, lines))
            remaining -= amount
    return due


def _is_requested(order: Order, goods_return: GoodsReturn, payment: Payment) -> bool:
    return any(
        request.return_id == goods_return.id
        and request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        for request in order.refund_requests
    )


def _refunded_lines(
    order: Order, earlier: list[GoodsReturn], goods_return: GoodsReturn, others: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The units of a return that neither a withdrawal nor another refund is about, nor one of `others`."""
    units = {
        line: min(
            _beyond_withdrawals(order, [*earlier, goods_return], line)
            - _beyond_withdrawals(order, earlier, line),
            refundable_quantity(order, line, others=others),
        )
        for line in order.lines
    }
    return [{"line_id": str(line.id), "quantity": number} for line, number in units.items() if number > 0]


def _beyond_withdrawals(order: Order, returns: list[GoodsReturn], line: OrderLine) -> int:
    returned = sum(
        item.quantity for each in returns for item in each.lines if item.product_id == line.product_id
    )
    # A unit that was withdrawn from is one that was not shipped, as long as there is one: it cannot come back.
    withdrawn = max(withdrawn_units(order, line) - unshipped_units(order, line), 0)
    return max(returned - withdrawn, 0)
