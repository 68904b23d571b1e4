"""What a requested refund consists of: its amount, the units that it refunds, and its part of postage."""

from dataclasses import dataclass
from typing import Any

from lumira.domain.commands import RefundCommand
from lumira.domain.order_money import settling_payment
from lumira.domain.refund_lines import amount_of, freeze_lines, refundable_postage, refundable_quantity
from lumira.domain.refunds import refundable_amount
from lumira.errors.orders import NotRefundable
from lumira.models import Order, Payment
from lumira.money import format_amount


@dataclass(frozen=True, slots=True)
class RefundParts:
    """Amounts in minor units; `shipping_amount` is the part of `amount` that is postage."""

    amount: int
    #: As `refund_lines.freeze_lines` returns them; `None` if the refund names no unit.
    lines: list[dict[str, Any]] | None = None
    shipping_amount: int = 0


def parts_of(order: Order, payment: Payment, command: RefundCommand) -> RefundParts:
    """Return the parts of a refund; raises `NotRefundable` if it names what cannot be refunded.

    A refund of all that remains includes the postage, unless the command leaves it out: then it names all units, so
    that nothing of them is shipped. One of an amount does not say what it is of.
    """
    refundable, postage = refundable_amount(order, payment), _postage(order, payment)
    if command.postage and postage == 0:
        raise NotRefundable("The postage is refunded already, or the order has none.", left=0)
    if command.lines or command.postage:
        lines = freeze_lines(order, payment, command.lines) if command.lines else None
        chosen = postage if command.postage else 0
        return RefundParts(amount_of(order, lines or ()) + chosen, lines, min(chosen, refundable))
    amount = amount_left(order, payment, command)
    if amount == 0 < refundable:
        left = format_amount(refundable, payment.currency)
        raise NotRefundable(f"Only postage is left to refund, {left}: choose it.", left=refundable)
    if _leaves_postage(command):
        return RefundParts(amount, _all_units(order) if postage else None)
    return RefundParts(amount, None, min(postage, refundable) if amount == refundable else 0)


def amount_left(order: Order, payment: Payment, command: RefundCommand) -> int:
    """Return the amount of a refund that names neither units nor the postage; 0 if nothing is left."""
    left_out = _postage(order, payment) if _leaves_postage(command) else 0
    return command.amount or max(refundable_amount(order, payment) - left_out, 0)


def _leaves_postage(command: RefundCommand) -> bool:
    return command.postage is False and command.amount is None and not command.lines


def _postage(order: Order, payment: Payment) -> int:
    # Of the payment that settles the order; a duplicate one paid no other parcel.
    is_of_order = payment is settling_payment(order) and payment.currency == order.currency
    return refundable_postage(order) if is_of_order else 0


def _all_units(order: Order) -> list[dict[str, Any]] | None:
    units = {line.id: refundable_quantity(order, line) for line in order.lines if line.amount}
    return [
        {"line_id": str(line_id), "quantity": number} for line_id, number in units.items() if number > 0
    ] or None
