"""Which papers an order asks for and what they say, from the facts on it. Makes no query and changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from lumira.models import Order, Payment, ReceiptKind, Refund, RefundOrigin


@dataclass(frozen=True, slots=True)
class Terms:
    """Which money moved, and for what; minor units, all included."""

    kind: ReceiptKind
    #: The refund's id; empty for the receipt of the sale.
    subject: str
    moved_at: datetime
    amount: int
    currency: str
    lines: tuple[dict[str, Any], ...]


def find_sale(order: Order) -> Terms | None:
    """What the order's receipt says; `None` where none is owed.

    None for what is free, for what is not paid or under review, and for what was paid too late and never served.
    """
    payment = _kept_payment(order)
    is_served = order.completed_at is not None and order.review_reason is None
    if not is_served or payment is None or payment.succeeded_at is None:
        return None
    return Terms(
        kind=ReceiptKind.RECEIPT,
        subject="",
        moved_at=payment.succeeded_at,
        amount=payment.amount_received,
        currency=payment.currency,
        lines=tuple(_sold_lines(order, payment)),
    )


def list_due(order: Order) -> list[Terms]:
    """Every paper that the order asks for: the receipt, each credit note, each receipt that cancels one.

    The same set in whatever order the facts were learned: a refund that succeeded has a credit note also if it
    was known to have failed before that, and a receipt that takes it back.
    """
    sale = find_sale(order)
    return [] if sale is None else [sale, *_returns(order)]


def _returns(order: Order) -> Iterator[Terms]:
    for refund in order.refunds:
        if not refund.has_succeeded or refund.amount == 0 or not _is_of_the_sale(order, refund):
            continue
        yield _of_refund(order, refund, ReceiptKind.CREDIT_NOTE, refund.created_at)
        if not refund.is_live:
            # A credit note stands as it was issued: the money that came back has a paper of its own.
            yield _of_refund(order, refund, ReceiptKind.RECEIPT, refund.updated_at)


def _is_of_the_sale(order: Order, refund: Refund) -> bool:
    """Whether it returns what was receipted: a second payment never was."""
    payment = _refunded_payment(order, refund)
    return not _is_second(order, refund) and payment in (None, _kept_payment(order))


def _of_refund(order: Order, refund: Refund, kind: ReceiptKind, moved_at: datetime) -> Terms:
    return Terms(
        kind=kind,
        subject=refund.stripe_refund_id,
        moved_at=moved_at,
        amount=refund.amount,
        currency=refund.currency,
        lines=(_line(order.product_name, 1, refund.amount),),
    )


def included_vat(amount: int, rate: str) -> int:
    """The VAT inside an amount that includes it, at so many percent; half a minor unit is rounded up."""
    hundredths = int(Decimal(rate) * 100)
    whole = 10_000 + hundredths
    return (2 * amount * hundredths + whole) // (2 * whole)


def _kept_payment(order: Order) -> Payment | None:
    """The payment that paid for the order: the first that was right, else the first that a person accepted."""
    paid = [each for each in order.payments if each.has_succeeded and each.amount_received > 0]
    right = [each for each in paid if (each.amount_received, each.currency) == (order.amount, order.currency)]
    return next(iter(right or paid), None)


def _refunded_payment(order: Order, refund: Refund) -> Payment | None:
    """The payment whose money went back; `None` where Stripe has not told."""
    known = (
        payment
        for payment in order.payments
        if payment.stripe_payment_intent_id == refund.stripe_payment_intent_id
        or (payment.stripe_charge_id is not None and payment.stripe_charge_id == refund.stripe_charge_id)
    )
    return next(known, None)


def _is_second(order: Order, refund: Refund) -> bool:
    return any(
        request.stripe_refund_id == refund.stripe_refund_id and request.origin is RefundOrigin.SECOND_PAYMENT
        for request in order.refund_requests
    )


def _sold_lines(order: Order, payment: Payment) -> list[dict[str, Any]]:
    """What was bought; where a person accepted another amount than the price, the lines still make the sum."""
    if payment.currency != order.currency:
        return [_line(order.product_name, 1, payment.amount_received)]
    lines = [_line(each.product_name, each.quantity, each.unit_amount) for each in order.lines]
    difference = payment.amount_received - order.amount
    return [*lines, _line("", 1, difference)] if difference else lines


def _line(name: str, quantity: int, unit_amount: int) -> dict[str, Any]:
    return {"name": name, "quantity": quantity, "unit_amount": unit_amount, "amount": quantity * unit_amount}
