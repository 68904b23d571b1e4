"""What was received for an order, what of it was refunded or lost, and whether it is what was requested."""

from dataclasses import dataclass

from lumira.domain import disputes, refunds
from lumira.models import Dispute, Order, Payment, ReviewReason

#: Percent of what remains of a payment: a lost dispute of at least so much takes all of it. Banks convert currencies
#: and subtract fees, so the amount of a dispute about a whole payment often differs a little from the payment's.
_LOST_WHOLE_FROM = 95


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
        lost=lost_amount(order),
        disputed=disputes.is_disputed(order),
    )


def succeeded_payments(order: Order) -> list[Payment]:
    """Return the payments that Stripe has taken, in the order in which they were opened."""
    return [payment for payment in order.payments if payment.has_succeeded]


def received_amount(order: Order) -> int:
    """Return the minor units that all succeeded payments received."""
    return sum(payment.amount_received for payment in succeeded_payments(order))


def lost_amount(order: Order) -> int:
    """Return the minor units of the received amount that lost disputes took.

    A dispute in another currency than its payment's takes all that remains of the payment, because their amounts cannot
    be compared, and so does one of nearly all that remains.
    """
    by_payment: dict[Payment | None, list[Dispute]] = {}
    for dispute in disputes.lost_disputes(order):
        by_payment.setdefault(disputed_payment(order, dispute), []).append(dispute)
    return sum(_lost_amount_of(order, payment, lost) for payment, lost in by_payment.items())


def disputed_payment(order: Order, dispute: Dispute) -> Payment | None:
    """Return the payment whose charge is disputed; the one that settles the order if its charge is not known yet."""
    of_charge = (
        payment
        for payment in succeeded_payments(order)
        if dispute.stripe_charge_id is not None and payment.stripe_charge_id == dispute.stripe_charge_id
    )
    return next(of_charge, None) or settling_payment(order)


def lost_amount_of(order: Order, dispute: Dispute) -> int:
    """Return the minor units that one dispute took, or would take if it is lost.

    The disputes of a payment that are lost add up to what they took together.
    """
    payment = disputed_payment(order, dispute)
    lost = [each for each in disputes.lost_disputes(order) if disputed_payment(order, each) is payment]
    if dispute not in lost:
        return _lost_amount_of(order, payment, [dispute])
    before = lost[: lost.index(dispute)]
    return _lost_amount_of(order, payment, [*before, dispute]) - (
        _lost_amount_of(order, payment, before) if before else 0
    )


def _lost_amount_of(order: Order, payment: Payment | None, lost: list[Dispute]) -> int:
    currency = order.currency if payment is None else payment.currency
    amount = sum(dispute.amount for dispute in lost if dispute.currency == currency)
    if payment is None:
        return amount
    remaining = max(payment.amount_received - refunds.refunded_amount_of(order, payment), 0)
    is_any_converted = any(dispute.currency != currency for dispute in lost)
    is_whole = is_any_converted or amount * 100 >= remaining * _LOST_WHOLE_FROM
    return max(amount, remaining) if is_whole else amount


def is_refunded_or_being_refunded(order: Order) -> bool:
    """Whether nothing of what was received remains once the refunds that are under way are made."""
    succeeded = succeeded_payments(order)
    remaining = sum(refunds.refundable_amount(order, payment) for payment in succeeded)
    return received_amount(order) > 0 and remaining <= lost_amount(order)


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
