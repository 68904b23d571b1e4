"""Raises and resolves the alerts that follow from the facts on an order."""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.domain import fraud_warnings, withdrawal
from lumira.domain.order_money import duplicate_payments
from lumira.domain.order_status import is_paid_after_erasure, lacks_recipient
from lumira.domain.outcome import Outcome
from lumira.domain.payments import is_partly_funded
from lumira.domain.refunds import duplicate_refunds, is_made_up_for, repeated_refunds, was_ever_duplicate
from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import AlertKind, Dispute, FraudWarning, Order, Payment, RefundStatus
from lumira.repositories.alerts import alerts

#: Longer than it takes to look the buyer's address up at Stripe, where it often is: the team is then not notified.
_LOOKUP_TIME = timedelta(minutes=10)


def raise_alerts(order: Order, outcome: Outcome) -> None:
    """Alert the team about what follows from the facts on a locked order and needs an operator."""
    tenant_id, number = order.tenant_id, order.order_number
    if outcome.review is not None:
        alerts.raise_alert(
            tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=number, reason=str(outcome.review)
        )
    if lacks_recipient(order, outcome.status) or is_paid_after_erasure(order):
        alerts.raise_alert(
            tenant_id,
            kind=AlertKind.PAID_WITHOUT_RECIPIENT,
            subject=number,
            once=True,
            notify_after=_LOOKUP_TIME,
            is_erased=order.erased_at is not None,
        )
    if duplicate_payments(order):
        alerts.raise_alert(tenant_id, kind=AlertKind.DUPLICATE_PAYMENT, subject=number, once=True)
    _alert_failed_refunds(order)
    duplicates = duplicate_refunds(order)
    if not duplicates and was_ever_duplicate(order):
        alerts.resolve(tenant_id, kind=AlertKind.DUPLICATE_REFUND, subject=number)
    if duplicates:
        alerts.raise_alert(
            tenant_id,
            kind=AlertKind.DUPLICATE_REFUND,
            subject=number,
            once=True,
            refunds=sorted(refund.stripe_refund_id for refund in duplicates),
        )
    if order.withdrawals:
        _alert_withdrawals(order)
    for payment in order.payments:
        _alert_transfer(order, payment)
    for dispute in order.disputes:
        _alert_dispute(order, dispute)
    for warning in order.fraud_warnings:
        _alert_fraud_warning(order, warning)


def _alert_withdrawals(order: Order) -> None:
    """A withdrawal needs an operator until it is accepted or refused."""
    waiting = withdrawal.waiting(order)
    kind, number = AlertKind.WITHDRAWAL_WAITING, order.order_number
    if not waiting:
        alerts.resolve(order.tenant_id, kind=kind, subject=number)
        return
    requested_at = min(each.requested_at for each in waiting)
    alerts.raise_alert(
        order.tenant_id,
        kind=kind,
        subject=number,
        requested_at=requested_at.isoformat(),
        refund_due_at=refund_due_at(requested_at).isoformat(),
    )


def _alert_failed_refunds(order: Order) -> None:
    """The money of a failed refund is in the Stripe account again: an operator refunds the buyer, or has done so."""
    failed = [refund for refund in order.refunds if not refund.is_live]
    ended = [refund.stripe_refund_id for refund in failed if is_made_up_for(order, refund)]
    for refund in failed:
        if refund.stripe_refund_id not in ended:
            alerts.raise_alert(
                order.tenant_id,
                kind=AlertKind.REFUND_FAILED,
                subject=refund.stripe_refund_id,
                once=True,
                order_number=order.order_number,
                amount=refund.amount,
            )
    if any(refund.status is RefundStatus.SUCCEEDED for refund in order.refunds) and failed:
        ids = [refund.stripe_refund_id for refund in failed]
        raised = alerts.list_raised(order.tenant_id, kind=AlertKind.REFUND_FAILED, subjects=ids)
        ended += repeated_refunds(order, raised, utc_now())
        alerts.resolve_all(order.tenant_id, kind=AlertKind.REFUND_FAILED, subjects=ended)


def _alert_transfer(order: Order, payment: Payment) -> None:
    """A part of a bank transfer needs an operator until the rest arrives."""
    subject = payment.stripe_payment_intent_id
    if is_partly_funded(payment):
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.TRANSFER_INCOMPLETE,
            subject=subject,
            once=True,
            order_number=order.order_number,
            received=payment.amount_funded,
            missing=payment.amount - payment.amount_funded,
            currency=payment.currency,
        )
    elif payment.amount_funded:
        alerts.resolve(order.tenant_id, kind=AlertKind.TRANSFER_INCOMPLETE, subject=subject)


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


def _alert_fraud_warning(order: Order, warning: FraudWarning) -> None:
    """A fraud warning needs an operator until the payment is refunded or disputed, or the warning is dismissed.

    The team is also notified of a refund that was decided automatically, so that this alert does not resolve itself.
    """
    subject = warning.stripe_fraud_warning_id
    if fraud_warnings.is_open(order, warning):
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.FRAUD_WARNING,
            subject=subject,
            once=True,
            order_number=order.order_number,
            fraud_type=warning.fraud_type,
            policy=str(warning.policy),
        )
    elif not fraud_warnings.is_refunded_automatically(order, warning):
        alerts.resolve(order.tenant_id, kind=AlertKind.FRAUD_WARNING, subject=subject)
