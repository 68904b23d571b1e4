"""Refunds: their facts, which payment each belongs to, what is refunded, and what may still be refunded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.models import Charge, Dispute, Order, Payment, Refund, RefundRequest, RefundStatus
from lumira.models.columns import uuid7
from lumira.models.payment_request import RequestState


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """The state of one Stripe refund; amount in minor units."""

    id: str
    charge_id: str | None
    amount: int
    currency: str
    status: RefundStatus
    payment_intent_id: str | None = None
    #: The refund request in its metadata; `None` if it was created in Stripe's dashboard.
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    """The state of one Stripe charge; amounts in minor units, `amount_refunded` cumulative."""

    id: str
    payment_intent_id: str | None
    amount: int
    currency: str
    amount_refunded: int
    uncaptured: int


@dataclass(frozen=True, slots=True)
class _ChargeTotals:
    """The refunds of one charge in minor units: live ones, failed ones, and what Stripe reported of the charge."""

    live: int
    failed: int
    reported: int

    @property
    def refunded(self) -> int:
        """A failed refund no longer counts, and a refund that is only known from the charge counts already."""
        return max(self.live, self.reported - self.failed)

    @property
    def has_unknown(self) -> bool:
        return self.reported > self.live + self.failed


def record_refund(order: Order, facts: RefundFacts, *, now: datetime) -> None:
    """Record the state of one refund; an older event never overwrites a later state. Safe to repeat.

    A refund that carries out a request of ours completes that request, whichever call or event reported it.
    """
    request = _find_request(order, facts)
    if request is not None and request.stripe_refund_id is None:
        _complete_request(request, facts, now)
    refund = next((refund for refund in order.refunds if refund.stripe_refund_id == facts.id), None)
    has_succeeded = facts.status is RefundStatus.SUCCEEDED
    if refund is None:
        order.refunds.append(
            Refund(
                id=uuid7(),
                stripe_refund_id=facts.id,
                stripe_charge_id=facts.charge_id,
                stripe_payment_intent_id=facts.payment_intent_id,
                refund_request_id=request.id if request else None,
                amount=facts.amount,
                currency=facts.currency,
                status=facts.status,
                has_succeeded=has_succeeded,
            )
        )
        return
    refund.status = refund.status.furthest(facts.status)
    refund.has_succeeded = refund.has_succeeded or has_succeeded
    refund.stripe_charge_id = refund.stripe_charge_id or facts.charge_id
    refund.stripe_payment_intent_id = refund.stripe_payment_intent_id or facts.payment_intent_id
    refund.refund_request_id = refund.refund_request_id or (request.id if request else None)


def _find_request(order: Order, facts: RefundFacts) -> RefundRequest | None:
    """The request that the refund carries out; metadata can be edited, so the rest of the refund has to agree."""
    for request in order.refund_requests:
        if (
            str(request.id) == facts.request_id
            and request.amount == facts.amount
            and facts.payment_intent_id in (None, request.stripe_payment_intent_id)
        ):
            return request
    return None


def _complete_request(request: RefundRequest, facts: RefundFacts, now: datetime) -> None:
    request.state = RequestState.ACCEPTED
    request.stripe_refund_id = facts.id
    request.responded_at = now
    request.leased_until = None


def duplicate_refunds(order: Order) -> list[Refund]:
    """Return the refunds of requests that Stripe carried out more than once, so that too much was refunded."""
    by_request: dict[UUID, list[Refund]] = {}
    for refund in order.refunds:
        if refund.refund_request_id is not None and refund.is_live:
            by_request.setdefault(refund.refund_request_id, []).append(refund)
    return [refund for refunds in by_request.values() if len(refunds) > 1 for refund in refunds]


def was_ever_duplicate(order: Order) -> bool:
    """Whether Stripe made two refunds of one request, also if one of them failed or was canceled since."""
    request_ids = [item.refund_request_id for item in order.refunds if item.refund_request_id is not None]
    return len(request_ids) > len(set(request_ids))


def is_made_up_for(order: Order, failed: Refund) -> bool:
    """Whether the buyer has the money of a refund that failed: of the same request, or because all is refunded."""
    payment = payment_of(order, failed)
    succeeded = [refund for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED]
    if failed.refund_request_id is not None and any(
        refund.refund_request_id == failed.refund_request_id for refund in succeeded
    ):
        return True
    refunded = sum(refund.amount for refund in succeeded if payment_of(order, refund) is payment)
    return payment is not None and refunded >= payment.amount_received > 0


def repeated_refunds(order: Order, failed_at: Mapping[str, datetime], now: datetime) -> list[str]:
    """Return the ids of failed refunds that were replaced: each by a later one of the same payment and amount.

    `failed_at` holds when each was known to have failed: an equal refund that was known before is another one.
    """
    free = [refund for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED]
    replaced = []
    for failed in order.refunds:
        since = failed_at.get(failed.stripe_refund_id)
        if since is None:
            continue
        for refund in free:
            is_equal = (refund.amount, payment_of(order, refund)) == (
                failed.amount,
                payment_of(order, failed),
            )
            # A refund that is being written has no time of its own yet.
            if is_equal and (refund.created_at or now) > since:
                free.remove(refund)
                replaced.append(failed.stripe_refund_id)
                break
    return replaced


def record_amount_refunded(order: Order, facts: ChargeFacts) -> None:
    """Record how much of a charge is refunded in all: cumulative at Stripe, so the largest amount counts."""
    charge = next((charge for charge in order.charges if charge.stripe_charge_id == facts.id), None)
    if charge is None:
        order.charges.append(
            Charge(
                id=uuid7(),
                stripe_charge_id=facts.id,
                amount_refunded=facts.amount_refunded,
                uncaptured=facts.uncaptured,
            )
        )
        return
    charge.amount_refunded = max(charge.amount_refunded, facts.amount_refunded)
    charge.uncaptured = max(charge.uncaptured, facts.uncaptured)


def payment_of(order: Order, refund: Refund) -> Payment | None:
    """Return the payment that a refund belongs to; `None` if neither Stripe nor a request of ours decides it.

    By the PaymentIntent that the refund or our request names, else by the charge, else the only payment.
    """
    payment_intent_id = refund.stripe_payment_intent_id or _requested_payment_id(order, refund)
    if payment_intent_id is not None:
        return order.find_payment(payment_intent_id)
    if refund.stripe_charge_id is not None:
        for payment in order.payments:
            if payment.stripe_charge_id == refund.stripe_charge_id:
                return payment
    return _only_payment(order)


def _requested_payment_id(order: Order, refund: Refund) -> str | None:
    requested = (
        request.stripe_payment_intent_id
        for request in order.refund_requests
        # A refund that is not written yet may have no id, and no request is for it then.
        if request.stripe_refund_id is not None and request.stripe_refund_id == refund.stripe_refund_id
    )
    return next(requested, None)


def _only_payment(order: Order) -> Payment | None:
    """The only payment that succeeded; `None` if none did, or several."""
    succeeded = [payment for payment in order.payments if payment.has_succeeded]
    return succeeded[0] if len(succeeded) == 1 else None


def refunded_amount(order: Order) -> int:
    """Return the minor units that are refunded or being refunded."""
    return sum(totals.refunded for totals in _totals_by_charge(order))


def succeeded_amount(order: Order) -> int:
    """Return the minor units of the refunds that have succeeded, and not failed afterwards."""
    return sum(refund.amount for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED)


def has_unknown_refunds(order: Order) -> bool:
    """Whether Stripe reported a larger refunded amount than the recorded refunds explain."""
    return any(totals.has_unknown for totals in _totals_by_charge(order))


def _totals_by_charge(order: Order) -> Iterator[_ChargeTotals]:
    charge_ids = {charge.stripe_charge_id for charge in order.charges}
    charge_ids |= {refund.stripe_charge_id for refund in order.refunds if refund.stripe_charge_id is not None}
    # A refund that names no charge is of the only one; of several charges it is counted by itself.
    only = next(iter(charge_ids)) if len(charge_ids) == 1 else None
    for charge_id in charge_ids | {refund.stripe_charge_id or only for refund in order.refunds}:
        refunds = [refund for refund in order.refunds if (refund.stripe_charge_id or only) == charge_id]
        charges = [charge for charge in order.charges if charge.stripe_charge_id == charge_id]
        yield _totals(refunds, charges)


def _totals(refunds: list[Refund], charges: list[Charge]) -> _ChargeTotals:
    return _ChargeTotals(
        live=sum(refund.amount for refund in refunds if refund.is_live),
        failed=sum(refund.amount for refund in refunds if not refund.is_live),
        # Stripe counts what was authorized and never captured as refunded, too.
        reported=sum(charge.amount_refunded - charge.uncaptured for charge in charges),
    )


def refundable_amount(order: Order, payment: Payment) -> int:
    """Return the minor units of one payment that may still be refunded, less the requests that are under way.

    What Stripe reported of the charge and no recorded refund explains may be a request that is under way, so it is
    not counted twice; if it is another refund, Stripe refuses what exceeds the charge.
    """
    if not payment.has_succeeded:
        return 0
    totals = _totals_of(order, payment)
    requested = sum(request.amount for request in requests_under_way(order, payment))
    gone = max(totals.live + requested, totals.reported - totals.failed)
    return max(payment.amount_received - gone, 0)


def refunded_amount_of(order: Order, payment: Payment) -> int:
    """Return the minor units of one payment that are refunded or being refunded."""
    return _totals_of(order, payment).refunded


def _totals_of(order: Order, payment: Payment) -> _ChargeTotals:
    refunds = [refund for refund in order.refunds if payment_of(order, refund) is payment]
    charge_ids = {payment.stripe_charge_id, *(refund.stripe_charge_id for refund in refunds)}
    is_only = payment is _only_payment(order)
    charges = [charge for charge in order.charges if is_only or charge.stripe_charge_id in charge_ids]
    return _totals(refunds, charges)


def requests_under_way(order: Order, payment: Payment) -> list[RefundRequest]:
    """Return the refund requests for one payment that Stripe has not responded to yet."""
    return [
        request
        for request in order.refund_requests
        if request.stripe_payment_intent_id == payment.stripe_payment_intent_id and request.is_under_way
    ]


def is_disputed(order: Order, payment: Payment) -> bool:
    """Whether an open dispute withholds, or may withhold, the payment's money; an inquiry withholds none."""
    return any(dispute.status.is_open and _may_concern(order, dispute, payment) for dispute in order.disputes)


def _may_concern(order: Order, dispute: Dispute, payment: Payment) -> bool:
    charge_ids = (dispute.stripe_charge_id, payment.stripe_charge_id)
    return None in charge_ids or charge_ids[0] == charge_ids[1] or payment is _only_payment(order)
