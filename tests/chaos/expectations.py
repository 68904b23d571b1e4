"""What must have become of an order, worked out from Stripe's books and the product's contract alone.

Nothing of Lumira's own derivation is used here: a mistake of its would otherwise be in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.plan import GOODS, NOT_RESTOCKED, RELEASES_AT_ONCE, REVOKED_BY_PART, Purchase
from tests.chaos.stripe_side import Intent, Session

_LIVE_REFUND = ("pending", "requires_action", "succeeded")
_OPEN_DISPUTE = ("needs_response", "under_review")
#: The types of event that mean something to Lumira; each of them must have been handled.
ACTING = frozenset((
    "payment_intent.succeeded", "payment_intent.processing", "payment_intent.requires_action",
    "payment_intent.payment_failed", "payment_intent.canceled", "charge.refunded", "refund.created",
    "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
    "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Books:
    """What Stripe knows of one order: its payments, and its pages, the oldest first."""

    intents: Sequence[Intent]
    sessions: Sequence[Session]

    @property
    def paid(self) -> Intent | None:
        """The payment that paid."""
        return next((intent for intent in self.intents if intent.is_paid), None)

    @property
    def shown(self) -> Intent | None:
        """The payment that paid, else the newest."""
        return self.paid or next(reversed(self.intents), None)

    @property
    def has_finished_page(self) -> bool:
        return any(session.status == "complete" for session in self.sessions)

    @property
    def in_hand(self) -> Intent | None:
        """The payment with which it can be paid now: that of the newest page, where there are pages."""
        if not self.sessions:
            return self.shown
        wanted = self.sessions[-1].payment_intent
        return next((intent for intent in self.intents if intent.id == wanted), None)


@dataclass(frozen=True, slots=True)
class Expected:
    """`active` says of each digital product whether it is open, and is `None` where there must be no grant.

    A message is `True` where it must have been sent, `False` where it may have been overtaken by what happened
    next. `pieces` says what the order has of each of the goods.
    """

    status: str
    active: dict[str, bool] | None
    refunded: int
    messages: dict[tuple[str, str], bool]
    pieces: dict[str, str]


def expect_free(purchase: Purchase) -> Expected:
    """A free order is completed at once, and nothing ever takes it back."""
    messages = {("order_confirmation", ""): True}
    return Expected("completed", {purchase.product: True}, 0, messages, {})


def expect(purchase: Purchase, books: Books, *, is_sold_out: bool) -> Expected:
    """What the payments of an order make of it; `is_sold_out` if there were no pieces left when it was paid."""
    has_email = purchase.email is not None or books.has_finished_page
    intent = books.paid
    if intent is None:
        status = _unpaid_status(books)
        messages = _messages(books, status, has_email=has_email)
        return Expected(status, None, 0, messages, _unpaid_pieces(purchase, books, status))
    refunded = sum(refund["amount"] for refund in intent.refunds.values() if refund["status"] in _LIVE_REFUND)
    if is_sold_out:
        status = "refunded" if refunded >= intent.amount else "processing"
        messages = _messages(books, status, has_email=has_email)
        return Expected(status, None, refunded, messages, dict.fromkeys(purchase.goods, "released"))
    status = _paid_status(intent, refunded)
    messages = _messages(books, status, has_email=has_email)
    if has_email:
        # Thanks that were not true when their turn came, as in a dispute, are said once they are true again.
        messages["order_confirmation", ""] = status in ("completed", "partially_refunded")
    digital = [product for product, _ in purchase.items if product not in GOODS]
    active = {product: _is_open(product, status) for product in digital}
    if has_email and digital:
        messages |= {("access_ready", won): any(active.values()) for won in _won(intent)}
    return Expected(status, active, refunded, messages, _paid_pieces(purchase, intent))


def _paid_status(intent: Intent, refunded: int) -> str:
    lost = sum(dispute["amount"] for dispute in intent.disputes.values() if dispute["status"] == "lost")
    is_held = any(dispute["status"] in _OPEN_DISPUTE for dispute in intent.disputes.values())
    left = intent.amount - refunded - lost
    if is_held or (lost and left <= 0):
        return "disputed"
    if refunded >= intent.amount:
        return "refunded"
    return "partially_refunded" if left < intent.amount else "completed"


def _won(intent: Intent) -> list[str]:
    """Disputes after which what they had closed is open again."""
    return [dispute["id"] for dispute in intent.disputes.values() if dispute["status"] == "won"]


def _is_open(product: str, status: str) -> bool:
    return status == "completed" or (status == "partially_refunded" and product != REVOKED_BY_PART)


def _unpaid_status(books: Books) -> str:
    page, intent = next(reversed(books.sessions), None), books.in_hand
    if page is not None and page.status == "expired":
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


def _paid_pieces(purchase: Purchase, intent: Intent) -> dict[str, str]:
    back = sum(refund["amount"] for refund in intent.refunds.values() if refund["status"] == "succeeded")
    return {
        product: "released" if back >= intent.amount and product != NOT_RESTOCKED else "sold"
        for product in purchase.goods
    }


def _unpaid_pieces(purchase: Purchase, books: Books, status: str) -> dict[str, str]:
    has_bounced = books.in_hand is not None and books.in_hand.was_processing
    is_given_back = status == "cancelled" or (
        # Nobody comes back to a debit that came to nothing.
        status == "failed" and (purchase.tenant == RELEASES_AT_ONCE or has_bounced)
    )
    return dict.fromkeys(purchase.goods, "released" if is_given_back else "reserved")


def _messages(books: Books, status: str, *, has_email: bool) -> dict[tuple[str, str], bool]:
    messages: dict[tuple[str, str], bool] = {}
    for intent in books.intents:
        _add_alerts(messages, intent)
    if not has_email:
        return messages
    attempts = {subject for intent in books.intents for subject in intent.failed_attempts}
    for subject in attempts:
        messages["payment_failed", subject] = len(attempts) == 1 and status == "failed"
    for intent in books.intents:
        for refund in intent.succeeded_refunds:
            messages["order_refunded", refund] = intent.refunds[refund]["status"] == "succeeded"
    return messages


def _add_alerts(messages: dict[tuple[str, str], bool], intent: Intent) -> None:
    for dispute in intent.disputes.values():
        has_escalated = not dispute["status"].startswith("warning_")
        if dispute["id"] in intent.inquiries:
            # A question is not told any more once it has become a dispute: of that there is another message.
            messages["dispute_alert", f"inquiry:{dispute['id']}"] = not has_escalated
        if has_escalated:
            messages["dispute_alert", dispute["id"]] = True
