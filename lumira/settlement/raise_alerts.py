"""Raises and resolves the alerts that follow from the facts on an order."""

from collections.abc import Iterator

from lumira.domain.order_money import duplicate_payments
from lumira.domain.outcome import Outcome
from lumira.models import AlertKind, Dispute, Order
from lumira.repositories import alerts


def raise_alerts(order: Order, outcome: Outcome) -> None:
    """Alert the team about mismatches, duplicate payments, failed automatic refunds and disputes of a locked order."""
    tenant_id, number = order.tenant_id, order.order_number
    if outcome.review is not None:
        alerts.raise_alert(
            tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=number, reason=str(outcome.review)
        )
    if duplicate_payments(order):
        alerts.raise_alert(tenant_id, kind=AlertKind.DUPLICATE_PAYMENT, subject=number, once=True)
    for refund_id in _failed_automatic_refunds(order):
        alerts.raise_alert(
            tenant_id, kind=AlertKind.REFUND_FAILED, subject=refund_id, once=True, order_number=number
        )
    for dispute in order.disputes:
        _alert_dispute(order, dispute)


def _alert_dispute(order: Order, dispute: Dispute) -> None:
    """A dispute or inquiry needs a response until it is decided; an inquiry that becomes a dispute is resolved."""
    subject = dispute.stripe_dispute_id
    kind = AlertKind.INQUIRY if dispute.status.is_inquiry else AlertKind.DISPUTE
    alerts.raise_alert(
        order.tenant_id,
        kind=kind,
        subject=subject,
        once=True,
        order_number=order.order_number,
        amount=dispute.amount,
        due_at=dispute.due_at.isoformat() if dispute.due_at else None,
    )
    if dispute.status.is_decided:
        alerts.resolve(order.tenant_id, kind=kind, subject=subject)
    if dispute.was_inquiry and not dispute.status.is_inquiry:
        alerts.resolve(order.tenant_id, kind=AlertKind.INQUIRY, subject=subject)


def _failed_automatic_refunds(order: Order) -> Iterator[str]:
    """Stripe's ids of automatic refunds that failed. They are decided once, so an operator has to refund the buyer."""
    automatic = {request.stripe_refund_id for request in order.refund_requests if request.is_automatic}
    for refund in order.refunds:
        if refund.stripe_refund_id in automatic and not refund.is_live:
            yield refund.stripe_refund_id
