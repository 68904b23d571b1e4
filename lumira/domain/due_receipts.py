"""Which receipts and credit notes an order needs, and their contents, derived from its facts.

Makes no query and changes nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from lumira.domain import refunds
from lumira.domain.goods.shipping import postage_name
from lumira.domain.order_money import settling_payment
from lumira.domain.order_status import is_fulfilled
from lumira.models import Order, Payment, ReceiptKind, Refund

#: How far a document's date may be ahead of the clock: the clocks of two processes differ by less.
MAX_DATE_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """The content of one receipt or credit note that follows from the order; amounts in minor units, VAT included."""

    kind: ReceiptKind
    #: The id of the payment on the receipt of a sale, else of the refund.
    subject: str
    #: The id of the payment that was received or refunded.
    payment_intent_id: str
    moved_at: datetime
    amount: int
    currency: str
    lines: tuple[dict[str, Any], ...]

    @property
    def is_of_sale(self) -> bool:
        """Whether it is the receipt of a payment, and corrects no other document."""
        return self.subject == self.payment_intent_id


def list_due(order: Order, receipted: Collection[str] = ()) -> list[ReceiptContent]:
    """Return every receipt and credit note that the order needs.

    `receipted` are the ids of the payments that have a receipt. Each of these payments and the payment that settles
    the order needs a receipt; each of their refunds needs a credit note, and one that failed afterwards a receipt
    that corrects it. So the documents add up to what remains of those payments, in whatever order they succeeded.
    """
    settling = find_receipted_payment(order)
    payments = [
        payment
        for payment in order.payments
        if payment is settling or payment.stripe_payment_intent_id in receipted
    ]
    if not payments:
        return []
    return [*(_of_sale(order, payment) for payment in payments), *_of_refunds(order, payments)]


def find_receipted_payment(order: Order) -> Payment | None:
    """Return the payment that settles a fulfilled order, if it received money.

    `None` for a free order, one under review, and one that was paid when its stock was sold out.
    """
    if not is_fulfilled(order) or order.review_reason is not None:
        return None
    payment = settling_payment(order)
    return payment if payment is not None and payment.amount_received > 0 else None


def _of_sale(order: Order, payment: Payment) -> ReceiptContent:
    return ReceiptContent(
        kind=ReceiptKind.RECEIPT,
        subject=payment.stripe_payment_intent_id,
        payment_intent_id=payment.stripe_payment_intent_id,
        moved_at=payment.succeeded_at or payment.updated_at,
        amount=payment.amount_received,
        currency=payment.currency,
        lines=tuple(_sold_lines(order, payment)),
    )


def _of_refunds(order: Order, payments: Sequence[Payment]) -> Iterator[ReceiptContent]:
    """The same documents in whatever order a refund's success and its later failure were recorded."""
    for refund in order.refunds:
        # A refund that cannot be attributed to a payment belongs to the sale.
        payment = refunds.payment_of(order, refund) or payments[0]
        if not refund.has_succeeded or refund.amount == 0 or payment not in payments:
            continue
        yield _of_refund(order, refund, payment, ReceiptKind.CREDIT_NOTE, refund.created_at)
        if not refund.is_live:
            # A credit note stays as it was issued: a receipt corrects it.
            yield _of_refund(order, refund, payment, ReceiptKind.RECEIPT, refund.updated_at)


def _of_refund(
    order: Order, refund: Refund, payment: Payment, kind: ReceiptKind, moved_at: datetime
) -> ReceiptContent:
    return ReceiptContent(
        kind=kind,
        subject=refund.stripe_refund_id,
        payment_intent_id=payment.stripe_payment_intent_id,
        moved_at=moved_at,
        amount=refund.amount,
        currency=refund.currency,
        lines=tuple(_refunded_lines(order, refund)),
    )


def included_vat(amount: int, rate: str) -> int:
    """Return the VAT that an amount includes, for a rate in percent; half a minor unit is rounded up."""
    hundredths = int(Decimal(rate) * 100)
    whole = 10_000 + hundredths
    return (2 * amount * hundredths + whole) // (2 * whole)


def _sold_lines(order: Order, payment: Payment) -> list[dict[str, Any]]:
    """The order's lines and its discount; a further one makes up the difference to another amount that was paid."""
    if payment.currency != order.currency:
        return [_line(order.product_name, 1, payment.amount_received)]
    lines = [_line(line.product_name, line.quantity, line.unit_amount) for line in order.lines]
    if order.discount_amount:
        lines.append(_line("", 1, -order.discount_amount) | {"promotion_code": order.promotion_code or ""})
    lines += _postage_lines(order, order.shipping_amount)
    difference = payment.amount_received - order.amount
    return [*lines, _line("", 1, difference)] if difference else lines


def _postage_lines(order: Order, amount: int) -> list[dict[str, Any]]:
    """The line of this much postage; none if it is nothing."""
    return [_line(postage_name(order.shipping_zone or "", order.locale), 1, amount)] if amount else []


def _refunded_lines(order: Order, refund: Refund) -> list[dict[str, Any]]:
    """What a refund is of: the postage has a line of its own if the request names its part."""
    postage = sum(
        request.shipping_amount
        for request in order.refund_requests
        if request.stripe_refund_id == refund.stripe_refund_id and request.amount == refund.amount
    )
    goods = refund.amount - postage
    lines = [_line(order.product_name, 1, goods)] if goods else []
    return [*lines, *_postage_lines(order, postage)]


def _line(name: str, quantity: int, unit_amount: int) -> dict[str, Any]:
    return {"name": name, "quantity": quantity, "unit_amount": unit_amount, "amount": quantity * unit_amount}
