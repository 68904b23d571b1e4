"""The expected state of an order, derived from Stripe's records and the documented behaviour alone.

It uses none of Lumira's code: a bug there would otherwise hide itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.plan import GOODS, NOT_RESTOCKED, RELEASES_ON_FAILURE, REVOKED_ON_PARTIAL_REFUND, Purchase
from tests.chaos.purchase_log import Entry
from tests.chaos.stripe_side import Intent, Session

_LIVE_REFUND = ("pending", "requires_action", "succeeded")
_OPEN_DISPUTE = ("needs_response", "under_review")
#: The event types that Lumira acts on; each such event must have been processed.
ACTING = frozenset((
    "payment_intent.succeeded", "payment_intent.processing", "payment_intent.requires_action",
    "payment_intent.payment_failed", "payment_intent.canceled", "charge.refunded", "refund.created",
    "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
    "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class StripeOrder:
    """Stripe's records of one order: its PaymentIntents and Checkout Sessions, oldest first."""

    intents: Sequence[Intent]
    sessions: Sequence[Session]

    @property
    def paid(self) -> Intent | None:
        """The PaymentIntent that succeeded."""
        return next((intent for intent in self.intents if intent.is_paid), None)

    @property
    def shown(self) -> Intent | None:
        """The PaymentIntent that succeeded, else the newest."""
        return self.paid or next(reversed(self.intents), None)

    @property
    def has_completed_session(self) -> bool:
        return any(session.status == "complete" for session in self.sessions)

    @property
    def current(self) -> Intent | None:
        """The PaymentIntent that can be paid now: of the newest Checkout Session, if there is one."""
        if not self.sessions:
            return self.shown
        newest = self.sessions[-1].payment_intent
        return next((intent for intent in self.intents if intent.id == newest), None)


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected state of an order.

    `active`: whether the grant of each digital product is active; `None` if there must be no grant. `messages`: `True`
    if the message must have been sent, `False` if it may have been superseded. `reservations`: the state of the
    reservation of each physical product.
    """

    status: str
    active: dict[str, bool] | None
    refunded: int
    messages: dict[tuple[str, str], bool]
    reservations: dict[str, str]


def expect_free(purchase: Purchase) -> Expected:
    """Return the expected state of a free order: it is completed at once, for good."""
    messages = {("order_confirmation", ""): True}
    return Expected("completed", {purchase.product: True}, 0, messages, {})


def knows_email(purchase: Purchase, stripe_order: StripeOrder) -> bool:
    """Whether the buyer's address is known: from the sale, from Stripe's page, or from the form of the paid card."""
    is_typed = stripe_order.paid is not None and stripe_order.paid.receipt_email is not None
    return purchase.email is not None or stripe_order.has_completed_session or is_typed


def expect(entry: Entry, stripe_order: StripeOrder, *, is_sold_out: bool) -> Expected:
    """Return the expected state of an order; `is_sold_out`: it was paid when its product was sold out.

    What happened to its goods is what the shop's calls returned.
    """
    purchase = entry.purchase
    has_email = knows_email(purchase, stripe_order)
    intent = stripe_order.paid
    if intent is None:
        status = _unpaid_status(stripe_order)
        messages = _messages(stripe_order, status, has_email=has_email)
        return Expected(status, None, 0, messages, _unpaid_reservations(purchase, stripe_order, status))
    refunded = _refunded(intent)
    if is_sold_out:
        status = "refunded" if refunded >= intent.amount else "processing"
        messages = _messages(stripe_order, status, has_email=has_email)
        return Expected(status, None, refunded, messages, dict.fromkeys(purchase.goods, "released"))
    status = paid_status(intent)
    messages = _messages(stripe_order, status, has_email=has_email)
    if has_email:
        # A confirmation that was superseded, as during a dispute, is sent once it applies again.
        messages["order_confirmation", ""] = status in ("completed", "partially_refunded")
        for shipment, shipped in entry.shipments.items():
            messages["order_shipped", shipment] = shipped["cancelledAt"] is None
    digital = [product for product, _ in purchase.items if product not in GOODS]
    # A return is about the goods alone.
    is_returned = entry.refunds_of_returns > 0
    active = {product: _is_active(product, status) or is_returned for product in digital}
    if has_email and digital:
        messages |= {("access_ready", dispute): any(active.values()) for dispute in _won(intent)}
    return Expected(status, active, refunded, messages, _paid_reservations(entry, intent))


def _refunded(intent: Intent) -> int:
    return sum(refund["amount"] for refund in intent.refunds.values() if refund["status"] in _LIVE_REFUND)


def paid_status(intent: Intent) -> str:
    """Return the status of an order that this payment settles."""
    refunded = _refunded(intent)
    lost = sum(dispute["amount"] for dispute in intent.disputes.values() if dispute["status"] == "lost")
    is_disputed = any(dispute["status"] in _OPEN_DISPUTE for dispute in intent.disputes.values())
    remaining = intent.amount - refunded - lost
    if is_disputed or (lost and remaining <= 0):
        return "disputed"
    if refunded >= intent.amount:
        return "refunded"
    return "partially_refunded" if remaining < intent.amount else "completed"


def _won(intent: Intent) -> list[str]:
    """Return the won disputes: each restores the access that it had suspended."""
    return [dispute["id"] for dispute in intent.disputes.values() if dispute["status"] == "won"]


def _is_active(product: str, status: str) -> bool:
    return status == "completed" or (status == "partially_refunded" and product != REVOKED_ON_PARTIAL_REFUND)


def _unpaid_status(stripe_order: StripeOrder) -> str:
    session, intent = next(reversed(stripe_order.sessions), None), stripe_order.current
    if session is not None and session.status == "expired":
        return "cancelled"
    if intent is None:
        return "pending"
    match intent.status:
        case "requires_payment_method":
            return "failed" if intent.failed_attempts else "pending"
        case "canceled":
            return "cancelled"
        case _:
            return "processing"


def _paid_reservations(entry: Entry, intent: Intent) -> dict[str, str]:
    """Return `released` where all units are in stock again: those that came back, or were not sent before a refund."""
    refunded = sum(refund["amount"] for refund in intent.refunds.values() if refund["status"] == "succeeded")
    states = {}
    for product, quantity in entry.purchase.goods.items():
        unshipped = quantity - entry.shipped(product) if refunded >= intent.amount else 0
        is_released = entry.back_in_stock(product) + unshipped == quantity and product != NOT_RESTOCKED
        states[product] = "released" if is_released else "sold"
    return states


def _unpaid_reservations(purchase: Purchase, stripe_order: StripeOrder, status: str) -> dict[str, str]:
    has_failed_debit = stripe_order.current is not None and stripe_order.current.was_processing
    is_released = status == "cancelled" or (
        # A debit fails days after the checkout, when the buyer is gone, so it releases the units.
        status == "failed" and (purchase.tenant == RELEASES_ON_FAILURE or has_failed_debit)
    )
    return dict.fromkeys(purchase.goods, "released" if is_released else "reserved")


def _messages(stripe_order: StripeOrder, status: str, *, has_email: bool) -> dict[tuple[str, str], bool]:
    messages: dict[tuple[str, str], bool] = {}
    for intent in stripe_order.intents:
        _add_alerts(messages, intent)
    if not has_email:
        return messages
    attempts = {subject for intent in stripe_order.intents for subject in intent.failed_attempts}
    for subject in attempts:
        messages["payment_failed", subject] = len(attempts) == 1 and status == "failed"
    for intent in stripe_order.intents:
        for refund in intent.succeeded_refunds:
            has_failed = intent.refunds[refund]["status"] != "succeeded"
            messages["order_refunded", refund] = not has_failed
            if has_failed:
                # It corrects the first message, and is superseded if that one was not sent.
                messages["refund_failed", refund] = False
    return messages


def _add_alerts(messages: dict[tuple[str, str], bool], intent: Intent) -> None:
    for dispute in intent.disputes.values():
        has_escalated = not dispute["status"].startswith("warning_")
        if dispute["id"] in intent.inquiries:
            # An inquiry that became a dispute has a message of its own, so this one may be superseded.
            messages["dispute_alert", f"inquiry:{dispute['id']}"] = not has_escalated
        if has_escalated:
            messages["dispute_alert", dispute["id"]] = True
