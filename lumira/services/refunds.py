"""What went back of an order's money."""

from lumira.models import Order, RefundStatus

_LIVE = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED)


def refunded_amount(order: Order) -> int:
    """Minor units that went back or are on their way.

    For each charge the larger of what its known refunds add up to and what Stripe said of the charge less
    what failed since: a refund that failed counts back, and one that we have not met yet counts already.
    """
    charges = {refund.stripe_charge_id for refund in order.refunds}
    charges |= {charge.stripe_charge_id for charge in order.charges}
    return sum(_refunded_of(order, charge_id) for charge_id in charges)


def _refunded_of(order: Order, charge_id: str | None) -> int:
    refunds = [refund for refund in order.refunds if refund.stripe_charge_id == charge_id]
    live = sum(refund.amount for refund in refunds if refund.status in _LIVE)
    dead = sum(refund.amount for refund in refunds if refund.status not in _LIVE)
    told = sum(c.amount_refunded for c in order.charges if c.stripe_charge_id == charge_id)
    return max(live, told - dead)
