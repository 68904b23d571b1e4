"""Which papers an order asks for and what they say, from the facts on it. Makes no query and changes nothing."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from lumira.models import Order, Payment, ReceiptKind, Refund


@dataclass(frozen=True, slots=True)
class Terms:
    """Which money moved, and for what; minor units, all included."""

    kind: ReceiptKind
    #: The id of the payment on the receipt of a sale, else of the refund.
    subject: str
    #: The id of the payment whose money it is.
    payment_intent_id: str
    moved_at: datetime
    amount: int
    currency: str
    lines: tuple[dict[str, Any], ...]

    @property
    def is_of_sale(self) -> bool:
        """Whether it says that money came, and not that something else was wrong."""
        return self.subject == self.payment_intent_id


def list_due(order: Order, receipted: Collection[str] = ()) -> list[Terms]:
    """Every paper that the order asks for, where these payments were receipted already.

    Of each payment that was receipted once, and of the one that pays for the order now, a receipt; for each of
    their refunds a credit note, and where it failed after all a receipt that takes the note back. So the papers
    come to what is left of those payments, whichever of several was told of first.
    """
    kept = find_kept(order)
    due = [
        payment
        for payment in order.payments
        if payment is kept or payment.stripe_payment_intent_id in receipted
    ]
    if not due:
        return []
    return [*(_of_sale(order, payment) for payment in due), *_returns(order, due)]


def find_kept(order: Order) -> Payment | None:
    """The payment that pays for the order: the first that was right, else the first that a person accepted.

    None for what is free, for what is not paid or under review, and for what was paid too late and never served.
    """
    if order.completed_at is None or order.review_reason is not None:
        return None
    paid = [each for each in order.payments if each.has_succeeded and each.amount_received > 0]
    right = [each for each in paid if (each.amount_received, each.currency) == (order.amount, order.currency)]
    return next(iter(right or paid), None)


def _of_sale(order: Order, payment: Payment) -> Terms:
    return Terms(
        kind=ReceiptKind.RECEIPT,
        subject=payment.stripe_payment_intent_id,
        payment_intent_id=payment.stripe_payment_intent_id,
        moved_at=payment.succeeded_at or payment.updated_at,
        amount=payment.amount_received,
        currency=payment.currency,
        lines=tuple(_sold_lines(order, payment)),
    )


def _returns(order: Order, due: Sequence[Payment]) -> Iterator[Terms]:
    """The same papers in whatever order it was learned that a refund succeeded, and that it failed after all."""
    for refund in order.refunds:
        # Where Stripe has not told whose money went back, it is that of the sale.
        payment = _refunded_payment(order, refund) or due[0]
        if not refund.has_succeeded or refund.amount == 0 or payment not in due:
            continue
        yield _of_refund(order, refund, payment, ReceiptKind.CREDIT_NOTE, refund.created_at)
        if not refund.is_live:
            # A credit note stands as it was issued: the money that came back has a paper of its own.
            yield _of_refund(order, refund, payment, ReceiptKind.RECEIPT, refund.updated_at)


def _of_refund(
    order: Order, refund: Refund, payment: Payment, kind: ReceiptKind, moved_at: datetime
) -> Terms:
    return Terms(
        kind=kind,
        subject=refund.stripe_refund_id,
        payment_intent_id=payment.stripe_payment_intent_id,
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


def _refunded_payment(order: Order, refund: Refund) -> Payment | None:
    """The payment whose money went back; `None` where neither Stripe has told nor we have asked for it."""
    named = {refund.stripe_payment_intent_id} | {
        request.stripe_payment_intent_id
        for request in order.refund_requests
        if request.stripe_refund_id == refund.stripe_refund_id
    }
    known = (
        payment
        for payment in order.payments
        if payment.stripe_payment_intent_id in named
        or (payment.stripe_charge_id is not None and payment.stripe_charge_id == refund.stripe_charge_id)
    )
    return next(known, None)


def _sold_lines(order: Order, payment: Payment) -> list[dict[str, Any]]:
    """What was bought; where a person accepted another amount than the price, the lines still make the sum."""
    if payment.currency != order.currency:
        return [_line(order.product_name, 1, payment.amount_received)]
    lines = [_line(each.product_name, each.quantity, each.unit_amount) for each in order.lines]
    difference = payment.amount_received - order.amount
    return [*lines, _line("", 1, difference)] if difference else lines


def _line(name: str, quantity: int, unit_amount: int) -> dict[str, Any]:
    return {"name": name, "quantity": quantity, "unit_amount": unit_amount, "amount": quantity * unit_amount}
