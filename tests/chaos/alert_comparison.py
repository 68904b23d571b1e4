"""Compare the alerts with Stripe's records: each deviation has its alert, and no alert is without a cause."""

from collections.abc import Iterator
from enum import Enum

from tests.chaos.differences import Difference
from tests.chaos.expectations import StripeOrder, knows_email, paid_status
from tests.chaos.lumira_side import LumiraState, OrderRecord
from tests.chaos.plan import Purchase
from tests.chaos.stripe_side import Intent


class Alerted(Enum):
    """What is required of an alert."""

    OPEN = "open"
    RESOLVED = "resolved"
    #: It depends on which of several events arrived first.
    IF_AT_ALL_RESOLVED = "missing or resolved"
    OPTIONAL = "missing, open or resolved"


Alerts = dict[tuple[str, str], Alerted]


def expect_alerts(purchase: Purchase, stripe_order: StripeOrder, order: OrderRecord) -> Alerts:
    """Return the alerts that an order requires, by kind and subject."""
    alerts: Alerts = {}
    for intent in stripe_order.intents:
        alerts |= _of_disputes(intent)
        alerts |= _of_failed_refunds(intent)
    if order.is_sold_out:
        alerts["sold_out_after_payment", order.number] = Alerted.OPEN
    if purchase.goods and any(key[0] == "refund_failed" for key in alerts):
        # Its units may have been sold to another buyer before the refund failed.
        alerts["stock_missing", order.number] = Alerted.OPTIONAL
    if stripe_order.paid is not None and not order.is_sold_out:
        alerts |= _of_recipient(purchase, stripe_order, stripe_order.paid, order.number)
    return alerts


def _of_failed_refunds(intent: Intent) -> Alerts:
    """A failed refund needs an operator, unless other refunds have made up for it."""
    refunds = intent.refunds.values()
    succeeded = [refund["amount"] for refund in refunds if refund["status"] == "succeeded"]
    alerts: Alerts = {}
    for refund in refunds:
        if refund["status"] not in ("failed", "canceled"):
            continue
        if sum(succeeded) >= intent.amount_received:
            required = Alerted.IF_AT_ALL_RESOLVED
        else:
            # An equal refund makes up for it only if it was made later.
            required = Alerted.OPTIONAL if refund["amount"] in succeeded else Alerted.OPEN
        alerts["refund_failed", refund["id"]] = required
    return alerts


def _of_disputes(intent: Intent) -> Alerts:
    alerts: Alerts = {}
    for dispute in intent.disputes.values():
        is_inquiry = dispute["status"].startswith("warning_")
        is_decided = dispute["status"] in ("won", "lost", "warning_closed")
        kind = "inquiry" if is_inquiry else "dispute"
        alerts[kind, dispute["id"]] = Alerted.RESOLVED if is_decided else Alerted.OPEN
        if dispute["id"] in intent.inquiries and not is_inquiry:
            alerts["inquiry", dispute["id"]] = Alerted.IF_AT_ALL_RESOLVED
    return alerts


def _of_recipient(purchase: Purchase, stripe_order: StripeOrder, intent: Intent, number: str) -> Alerts:
    if purchase.email is not None:
        return {}
    key = ("paid_without_recipient", number)
    if knows_email(purchase, stripe_order):
        # Raised until the address that the buyer typed is read from the charge.
        return {key: Alerted.IF_AT_ALL_RESOLVED}
    # A refund or a dispute may be known before the payment was settled.
    is_entitled = paid_status(intent) in ("completed", "partially_refunded")
    return {key: Alerted.OPEN if is_entitled else Alerted.OPTIONAL}


def compare_alerts(required: Alerts, lumira: LumiraState) -> Iterator[Difference]:
    """Yield alerts that are missing, open without a cause, or unknown."""
    found = {(row["kind"], row["subject"]): row for row in lumira.alerts}
    for key, alerted in required.items():
        row = found.pop(key, None)
        if row is None:
            if alerted in (Alerted.OPEN, Alerted.RESOLVED):
                yield Difference("lost", f"alert {key}")
            continue
        is_resolved = row["resolved_at"] is not None
        if alerted is not Alerted.OPTIONAL and is_resolved is (alerted is Alerted.OPEN):
            yield Difference("wrong", f"alert {alerted.value}, found {row}")
    for row in found.values():
        yield Difference("wrong", f"alert without a cause: {row}")
