"""What a poll looks up and closes at Stripe about one order: ids and values, because no transaction is open then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.domain.order_status import is_closed, lacks_recipient, may_be_orphaned
from lumira.domain.poll_schedule import is_abandoned
from lumira.models import Order, PaymentRequest, RequestKind
from lumira.reconciliation import transfers
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.call_stripe import Lookup


@dataclass(frozen=True, slots=True)
class PollPlan:
    """What to look up about one order, and whether to close it."""

    order_id: UUID
    order_number: str
    payment_intent_ids: tuple[str, ...]
    #: Checkout Sessions whose state may still change.
    session_ids: tuple[str, ...]
    #: For each payment the attempts that were open before Stripe is called.
    open_attempts: Mapping[str, tuple[str, ...]]
    #: How often the order was polled: part of the idempotency key of what is sent once per poll.
    polls: int
    #: Whether what can still be paid is closed at Stripe.
    is_abandoned: bool
    #: Whether the order is closed here even if Stripe does not close its payment; never if it is paid.
    closes_here: bool
    #: Whether the last day of a bank transfer has passed: it is closed like that, unless a part has arrived.
    is_transfer_overdue: bool
    #: Whether the order is paid and no address of its buyer is known.
    lacks_recipient: bool
    #: The request that Stripe may have carried out although its response was lost.
    orphaned_request_id: UUID | None
    lookup: Lookup | None
    request_kind: RequestKind


def can_look_up(order: Order, account: StripeAccount | None) -> bool:
    """Whether the order has anything at Stripe that the tenant's key has access to."""
    if account is None or order.livemode != account.livemode:
        return False
    return bool(order.payments or order.sessions) or may_be_orphaned(order)


def make_plan(order: Order, now: datetime, *, closes_here: bool = False) -> PollPlan:
    """Return the plan for a loaded order; with `closes_here`, as if it had been abandoned."""
    orphaned = order.requests[-1] if may_be_orphaned(order) else None
    return PollPlan(
        order_id=order.id,
        order_number=order.order_number,
        payment_intent_ids=tuple(payment.stripe_payment_intent_id for payment in order.payments),
        session_ids=tuple(s.stripe_session_id for s in order.sessions if s.is_open or s.is_awaited),
        open_attempts={p.stripe_payment_intent_id: tuple(p.attempts) for p in order.payments},
        polls=order.polls,
        # What was closed here while the key had no access to it is closed at Stripe as soon as it has.
        is_abandoned=closes_here
        or transfers.is_overdue(order, now)
        or is_abandoned(order, now)
        or is_closed(order),
        closes_here=closes_here,
        is_transfer_overdue=transfers.is_overdue(order, now),
        lacks_recipient=lacks_recipient(order, order.status),
        orphaned_request_id=orphaned.id if orphaned else None,
        lookup=_lookup(order, orphaned) if orphaned else None,
        request_kind=orphaned.kind if orphaned else RequestKind.PAYMENT_INTENT,
    )


def _lookup(order: Order, request: PaymentRequest) -> Lookup:
    return Lookup(order.order_number, order.created_at, request.parameters.get("customer"))
