"""What went back of an order's money."""

from dataclasses import dataclass

from lumira.clock import utc_now
from lumira.models import Charge, Order, Refund, RefundStatus, RequestState
from lumira.models.columns import uuid7


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What Stripe says of one refund; amount in minor units."""

    id: str
    charge_id: str | None
    amount: int
    currency: str
    status: RefundStatus
    payment_intent_id: str | None = None
    #: Our decision that it carries out, as its metadata tell; `None` where it was made in Stripe's dashboard.
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """What Stripe says of one charge; amounts in minor units, `amount_refunded` cumulative."""

    id: str
    payment_intent_id: str | None
    amount: int
    currency: str
    amount_refunded: int
    uncaptured: int


def record_refund(order: Order, facts: RefundFacts) -> None:
    """Note what Stripe says of one refund; an older word never overwrites a later one.

    Whoever tells of a refund that we asked for answers our request: nobody has to ask for it again.
    """
    _answer(order, facts)
    known = next((refund for refund in order.refunds if refund.stripe_refund_id == facts.id), None)
    has_succeeded = facts.status is RefundStatus.SUCCEEDED
    if known is None:
        order.refunds.append(
            Refund(
                id=uuid7(),
                stripe_refund_id=facts.id,
                stripe_charge_id=facts.charge_id,
                stripe_payment_intent_id=facts.payment_intent_id,
                amount=facts.amount,
                currency=facts.currency,
                status=facts.status,
                has_succeeded=has_succeeded,
            )
        )
        return
    known.status = known.status.furthest(facts.status)
    known.has_succeeded = known.has_succeeded or has_succeeded
    known.stripe_charge_id = known.stripe_charge_id or facts.charge_id
    known.stripe_payment_intent_id = known.stripe_payment_intent_id or facts.payment_intent_id


def _answer(order: Order, facts: RefundFacts) -> None:
    for request in order.refund_requests:
        # Metadata can be written by hand, so what they claim has to fit.
        if (
            str(request.id) == facts.request_id
            and request.amount == facts.amount
            and facts.payment_intent_id in (None, request.stripe_payment_intent_id)
            and request.stripe_refund_id is None
        ):
            request.state = RequestState.ACCEPTED
            request.stripe_refund_id = facts.id
            request.responded_at = utc_now()
            request.leased_until = None


def record_amount_refunded(order: Order, facts: ChargeFacts) -> None:
    """Note how much of a charge went back in all: cumulative at Stripe, so the largest ever told counts."""
    known = next((charge for charge in order.charges if charge.stripe_charge_id == facts.id), None)
    if known is None:
        order.charges.append(
            Charge(
                id=uuid7(),
                stripe_charge_id=facts.id,
                amount_refunded=facts.amount_refunded,
                uncaptured=facts.uncaptured,
            )
        )
        return
    known.amount_refunded = max(known.amount_refunded, facts.amount_refunded)
    known.uncaptured = max(known.uncaptured, facts.uncaptured)


def refunded_amount(order: Order) -> int:
    """Minor units that went back or are on their way.

    For each charge the larger of what its known refunds add up to and what Stripe said of the charge less
    what failed since: a refund that failed counts back, and one that we have not met yet counts already.
    """
    return sum(max(live, told - dead) for live, told, dead in _by_charge(order))


def has_unknown_refunds(order: Order) -> bool:
    """Whether Stripe told of more going back than the refunds that we know of explain."""
    return any(told > live + dead for live, told, dead in _by_charge(order))


def _by_charge(order: Order) -> list[tuple[int, int, int]]:
    """For each charge: what is live of its refunds, what Stripe told, what is dead."""
    known = {charge.stripe_charge_id for charge in order.charges}
    known |= {refund.stripe_charge_id for refund in order.refunds if refund.stripe_charge_id is not None}
    # A refund that names no charge is of the only one there is; of several nobody can tell which.
    only = next(iter(known)) if len(known) == 1 else None
    charge_ids = known | {refund.stripe_charge_id or only for refund in order.refunds}
    return [_sums(order, charge_id, only) for charge_id in sorted(charge_ids, key=str)]


def _sums(order: Order, charge_id: str | None, only: str | None) -> tuple[int, int, int]:
    refunds = [refund for refund in order.refunds if (refund.stripe_charge_id or only) == charge_id]
    live = sum(refund.amount for refund in refunds if refund.is_live)
    dead = sum(refund.amount for refund in refunds if not refund.is_live)
    told = sum(
        charge.amount_refunded - charge.uncaptured
        for charge in order.charges
        if charge.stripe_charge_id == charge_id
    )
    return live, told, dead
