"""What was received for an order, what of it was refunded or lost, and whether it is what was requested."""

from dataclasses import dataclass

from lumira.domain import disputes, refunds
from lumira.models import Order, Payment, ReviewReason


@dataclass(frozen=True, slots=True)
class Money:
    """What was received for an order and what of it is gone, in minor units of the order's currency."""

    price: int
    received: int
    refunded: int
    lost: int
    #: Whether a dispute is open.
    disputed: bool

    @property
    def net_paid(self) -> int:
        """What was received less what was refunded or lost to disputes."""
        return self.received - self.refunded - self.lost

    @property
    def is_fully_refunded(self) -> bool:
        """Whether nothing of the received amount remains after refunds."""
        return self.refunded > 0 and self.received - self.refunded <= 0

    @property
    def is_lost(self) -> bool:
        """Whether nothing of the received amount remains after refunds and lost disputes."""
        return self.lost > 0 and self.net_paid <= 0

    @property
    def is_refunded_or_disputed(self) -> bool:
        """Whether any amount was refunded, is disputed, or was lost to a dispute."""
        return self.disputed or self.refunded > 0 or self.lost > 0

    @property
    def is_partially_refunded(self) -> bool:
        """Whether less than the price remains. The refund of a duplicate payment leaves the price."""
        return self.refunded + self.lost > 0 and self.net_paid < self.price


def money_of(order: Order) -> Money:
    """Return the sums of all payments, refunds and disputes of the order."""
    return Money(
        price=order.amount,
        received=received_amount(order),
        refunded=refunds.refunded_amount(order),
        lost=disputes.lost_amount(order),
        disputed=disputes.is_disputed(order),
    )


def succeeded_payments(order: Order) -> list[Payment]:
    """Return the payments that Stripe has taken, in the order in which they were opened."""
    return [payment for payment in order.payments if payment.has_succeeded]


def received_amount(order: Order) -> int:
    """Return the minor units that all succeeded payments received."""
    return sum(payment.amount_received for payment in succeeded_payments(order))


def review_reason(order: Order) -> ReviewReason | None:
    """Return how the payment differs from the order; `None` if a payment matches, or an operator released it."""
    reasons = [_mismatch(order, payment) for payment in succeeded_payments(order)]
    if is_completed_without_payment(order):
        reasons.append(ReviewReason.AMOUNT_MISMATCH)
    if order.review_released_at is not None or None in reasons:
        return None
    return reasons[0] if reasons else None


def is_paid(order: Order) -> bool:
    """Whether the order is free, or what was paid for it matches it or was accepted by an operator."""
    is_any_paid = bool(succeeded_payments(order)) or is_completed_without_payment(order)
    return order.is_free or (is_any_paid and review_reason(order) is None)


def is_completed_without_payment(order: Order) -> bool:
    """Whether Stripe completed a session without taking money, for example because of a discount of the whole price.

    An operator releases such an order or cancels it.
    """
    paid_ids = {payment.stripe_payment_intent_id for payment in succeeded_payments(order)}
    return order.closed_at is None and any(
        session.is_paid and session.stripe_payment_intent_id not in paid_ids for session in order.sessions
    )


def settling_payment(order: Order) -> Payment | None:
    """Return the payment that settles the order: the first that matches it, else the first that received money.

    `None` if no payment has succeeded. While the order is under review it is the payment that would settle it.
    Automatic refunds, receipts, the API and the command line all mean this payment.
    """
    succeeded = succeeded_payments(order)
    matching = [payment for payment in succeeded if _mismatch(order, payment) is None]
    paying = [payment for payment in succeeded if payment.amount_received > 0]
    return next(iter(matching or paying or succeeded), None)


def current_payment(order: Order) -> Payment | None:
    """Return the payment that settles the order, else the newest; `None` if no payment was opened."""
    return settling_payment(order) or next(iter(order.payments[-1:]), None)


def duplicate_payments(order: Order) -> list[Payment]:
    """Return every succeeded payment but the one that settles the order."""
    settling = settling_payment(order)
    return [payment for payment in succeeded_payments(order) if payment is not settling]


def _mismatch(order: Order, payment: Payment) -> ReviewReason | None:
    if payment.currency != order.currency:
        return ReviewReason.CURRENCY_MISMATCH
    if payment.amount_received != order.amount:
        return ReviewReason.AMOUNT_MISMATCH
    return None
