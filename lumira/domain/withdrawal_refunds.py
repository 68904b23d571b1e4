"""What is refunded because of withdrawals, and what is withheld until goods are back. Makes no query.

All numbers of articles are of the French code de la consommation.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from lumira.domain.goods import parcels
from lumira.domain.order_money import lost_amount, settling_payment
from lumira.domain.refund_lines import (
    amount_of,
    refundable_postage,
    refundable_quantity,
    refunded_as_returned,
    unshipped_units,
)
from lumira.domain.refunds import is_disputed, refundable_amount
from lumira.domain.withdrawal import are_all_withdrawn, are_goods_withdrawn, units_of
from lumira.models import Order, Payment, RequestState, Withdrawal


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund that follows from an accepted withdrawal; the amount in minor units."""

    withdrawal: Withdrawal
    payment: Payment
    amount: int
    #: The units that it refunds, as `refund_lines.freeze_lines` returns them.
    lines: list[dict[str, Any]]
    #: The part of the amount that is postage.
    shipping_amount: int = 0


def due_refunds(order: Order, *, if_accepted: bool = False) -> list[DueRefund]:
    """Return the refunds that accepted withdrawals still require; with `if_accepted` also those that wait.

    A withdrawal of everything is refunded with what is refundable, another one with the prices of its units. The one
    after which the buyer keeps none of the goods is refunded with the postage too (code de la consommation, L221-24):
    each order has one standard delivery, and no dearer one. Each is refunded once from the payment that settles the
    order. An open dispute withholds the money: the refund is due once it is won. What a lost dispute took, the buyer
    has. One that waits for the return of goods is due once they are back, or once the buyer has proved that they were
    sent (L221-24).
    """
    accepted = [each for each in order.withdrawals if each.is_accepted or (if_accepted and each.is_waiting)]
    payment = settling_payment(order) if accepted else None
    if payment is None or is_disputed(order, payment):
        return []
    due: list[DueRefund] = []
    remaining = refundable_amount(order, payment) - lost_amount(order)
    settled = [each for each in accepted if _is_requested(order, each, payment)]
    postage_left = refundable_postage(order)
    for number, withdrawal in enumerate(accepted, start=1):
        if withdrawal in settled or is_withheld_until_return(order, withdrawal, accepted[:number]):
            continue
        settled.append(withdrawal)
        others = [line for each in due for line in each.lines]
        lines = _unrefunded_lines(order, withdrawal, others)
        postage = postage_left if are_goods_withdrawn(order, settled) else 0
        is_last = are_all_withdrawn(order, settled)
        # The prices are in the order's currency: a part of a payment in another one is for an operator to refund.
        prices = amount_of(order, lines, others=others) + postage
        part = prices if payment.currency == order.currency else 0
        amount = remaining if is_last else min(part, remaining)
        if amount > 0:
            postage = min(postage, amount)
            due.append(DueRefund(withdrawal, payment, amount, lines, postage))
            remaining -= amount
            postage_left -= postage
    return due


def is_withheld_until_return(
    order: Order, withdrawal: Withdrawal, accepted: Sequence[Withdrawal] | None = None
) -> bool:
    """Whether the refund of an accepted withdrawal waits for goods that were shipped and are not back.

    `accepted` are the accepted withdrawals up to this one: goods that came back count for the first of them.
    """
    if not withdrawal.waits_for_return or withdrawal.sent_back_at is not None:
        return False
    if accepted is None:
        until_this = order.withdrawals[: order.withdrawals.index(withdrawal) + 1]
        accepted = [each for each in until_this if each.is_accepted]
    units = units_of(accepted)
    concerned = {line.order_line_id for line in withdrawal.lines}
    return any(
        units[line.id] - unshipped_units(order, line)
        > parcels.returned_units(order, line) - refunded_as_returned(order, line)
        for line in parcels.goods_of(order)
        if line.id in concerned
    )


def withheld(order: Order) -> list[Withdrawal]:
    """Return the accepted withdrawals whose refund waits for goods."""
    return [each for each in order.withdrawals if each.is_accepted and is_withheld_until_return(order, each)]


def _is_requested(order: Order, withdrawal: Withdrawal, payment: Payment) -> bool:
    return any(
        request.withdrawal_id == withdrawal.id
        and request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        for request in order.refund_requests
    )


def _unrefunded_lines(
    order: Order, withdrawal: Withdrawal, others: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The units of a withdrawal, without those that were refunded for another reason meanwhile or are in `others`."""
    lines = {line.id: line for line in order.lines}
    units = {
        each.order_line_id: min(
            each.quantity, refundable_quantity(order, lines[each.order_line_id], others=others)
        )
        for each in withdrawal.lines
    }
    return [{"line_id": str(line_id), "quantity": number} for line_id, number in units.items() if number > 0]


def amount_for_withdrawals(order: Order) -> int:
    """Return the minor units that are refunded, or being refunded, because of withdrawals and returns of goods.

    A product's policy for partial refunds does not apply to them: they concern other lines.
    """
    live = {refund.stripe_refund_id for refund in order.refunds if refund.is_live}
    known: Collection[str] = {refund.stripe_refund_id for refund in order.refunds}
    return sum(
        request.amount
        for request in order.refund_requests
        if (request.withdrawal_id is not None or request.return_id is not None)
        and request.state is not RequestState.REFUSED
        and (request.stripe_refund_id in live or request.stripe_refund_id not in known)
    )
