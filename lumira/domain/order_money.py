"""What came in for an order and what went out again, and whether it is what was asked for."""

from dataclasses import dataclass

from lumira.domain import disputes, refunds
from lumira.models import Order, Payment, ReviewReason


@dataclass(frozen=True, slots=True)
class Money:
    """What came in and what went out, in minor units of the order's currency."""

    price: int
    accepted: int
    refunded: int
    disputed: bool
    lost: int

    @property
    def is_fully_refunded(self) -> bool:
        """Whether nothing of the price is left here."""
        return self.refunded > 0 and self.accepted - self.refunded <= 0

    @property
    def is_lost(self) -> bool:
        return self.lost > 0 and self.accepted - self.refunded - self.lost <= 0

    @property
    def touches_anything(self) -> bool:
        """Whether anything went back or is disputed."""
        return self.disputed or self.refunded > 0 or self.lost > 0

    @property
    def is_partially_refunded(self) -> bool:
        """Whether less than the price is left here. A second payment that went back took nothing away."""
        gone = self.refunded + self.lost
        return gone > 0 and self.accepted - gone < self.price


def money_of(order: Order) -> Money:
    """The sums of everything that is known."""
    disputed, lost = disputes.open_amounts(order)
    return Money(
        price=order.amount,
        accepted=sum(payment.amount_received for payment in order.payments if payment.has_succeeded),
        refunded=refunds.refunded_amount(order),
        disputed=disputed,
        lost=lost,
    )


def review_reason(order: Order) -> ReviewReason | None:
    """Why what was paid is not what was asked; `None` once any payment is right, or a person said so."""
    succeeded = [payment for payment in order.payments if payment.has_succeeded]
    reasons = [_mismatch(order, payment) for payment in succeeded]
    if order.review_released_at is not None or None in reasons:
        return None
    return reasons[0] if reasons else None


def duplicate_payments(order: Order) -> list[Payment]:
    """Every payment but the one that paid for the order: the first that was right, else the first."""
    succeeded = [payment for payment in order.payments if payment.has_succeeded]
    kept = next((payment for payment in succeeded if _mismatch(order, payment) is None), None)
    return [payment for payment in succeeded if payment is not (kept or succeeded[0])]


def _mismatch(order: Order, payment: Payment) -> ReviewReason | None:
    if payment.currency != order.currency:
        return ReviewReason.CURRENCY_MISMATCH
    if payment.amount_received != order.amount:
        return ReviewReason.AMOUNT_MISMATCH
    return None
