"""What must have become of an order, worked out from Stripe's books and the product's contract alone.

Nothing of Lumira's own derivation is used here: a mistake of its would otherwise be in both.
"""

from dataclasses import dataclass

from tests.chaos.truth import Intent

_LIVE_REFUND = ("pending", "requires_action", "succeeded")
_OPEN_DISPUTE = ("needs_response", "under_review")
#: The types of event that mean something to Lumira; each of them must have been handled.
ACTING = frozenset((
    "payment_intent.succeeded", "payment_intent.processing", "payment_intent.requires_action",
    "payment_intent.payment_failed", "payment_intent.canceled", "charge.refunded", "refund.created",
    "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
    "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """`active` is `None` where there must be no grant; a message is `True` where it must have been sent,
    `False` where it may have been overtaken by what happened next."""

    status: str
    active: bool | None
    refunded: int
    messages: dict[tuple[str, str], bool]


def expect_free(*, has_email: bool) -> Expected:
    """A free order is completed at once, and nothing ever takes it back."""
    return Expected("completed", True, 0, {("order_confirmation", ""): True} if has_email else {})


def expect(intent: Intent, *, has_email: bool, is_closed_by_part: bool) -> Expected:
    """What the one PaymentIntent of an order makes of it."""
    refunded = sum(refund["amount"] for refund in intent.refunds.values() if refund["status"] in _LIVE_REFUND)
    if not intent.is_paid:
        return Expected(_unpaid_status(intent), None, refunded, _messages(intent, has_email=has_email))
    lost = sum(dispute["amount"] for dispute in intent.disputes.values() if dispute["status"] == "lost")
    is_held = any(dispute["status"] in _OPEN_DISPUTE for dispute in intent.disputes.values())
    left = intent.amount - refunded - lost
    if is_held or (lost and left <= 0):
        status = "disputed"
    elif refunded >= intent.amount:
        status = "refunded"
    else:
        status = "partially_refunded" if left < intent.amount else "completed"
    active = status == "completed" or (status == "partially_refunded" and not is_closed_by_part)
    messages = _messages(intent, has_email=has_email)
    if has_email:
        # Thanks that were not true when their turn came, as in a dispute, are said once they are true again.
        messages["order_confirmation", ""] = status in ("completed", "partially_refunded")
    return Expected(status, active, refunded, messages)


def _unpaid_status(intent: Intent) -> str:
    match intent.status:
        case "requires_payment_method":
            return "failed" if intent.failed_tries else "pending"
        case "canceled":
            return "cancelled"
        case _:
            return "processing"


def _messages(intent: Intent, *, has_email: bool) -> dict[tuple[str, str], bool]:
    messages: dict[tuple[str, str], bool] = {}
    for dispute in intent.disputes.values():
        has_escalated = not dispute["status"].startswith("warning_")
        if dispute["id"] in intent.inquiries:
            # A question is not told any more once it has become a dispute: of that there is another message.
            messages["dispute_alert", f"inquiry:{dispute['id']}"] = not has_escalated
        if has_escalated:
            messages["dispute_alert", dispute["id"]] = True
    if not has_email:
        return messages
    only_try = len(intent.failed_tries) == 1 and intent.status == "requires_payment_method"
    for subject in intent.failed_tries:
        messages["payment_failed", subject] = only_try
    for refund in intent.succeeded_refunds:
        messages["order_refunded", refund] = intent.refunds[refund]["status"] == "succeeded"
    return messages
