"""Early fraud warnings: what the issuer of a card reports about a payment, and what follows from it.

Most warnings are followed by a dispute, after which the money can no longer be returned by a refund.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lumira.domain import refunds
from lumira.domain.goods import parcels
from lumira.models import FraudWarning, FraudWarningPolicy, Order, Payment, RefundOrigin
from lumira.models.columns import uuid7

#: The policies that withhold what was bought while a warning is open.
_SUSPENDING = (FraudWarningPolicy.REVOKE, FraudWarningPolicy.REFUND)


@dataclass(frozen=True, slots=True)
class FraudWarningFacts:
    """The state of one early fraud warning at Stripe."""

    id: str
    charge_id: str
    payment_intent_id: str | None
    fraud_type: str
    #: Whether the charge is neither disputed nor fully refunded.
    is_actionable: bool


class WarningState(StrEnum):
    """Whether an operator may do something about a warning."""

    OPEN = "open"
    #: An operator trusts the payment.
    DISMISSED = "dismissed"
    #: The payment is refunded or disputed, or is not known to have succeeded.
    CLOSED = "closed"


def record_fraud_warning(order: Order, facts: FraudWarningFacts) -> None:
    """Record the state of one warning; one that is no longer actionable stays so. Safe to repeat."""
    warning = find_warning(order, facts.id)
    if warning is None:
        order.has_fraud_warnings = True
        order.fraud_warnings.append(
            FraudWarning(
                id=uuid7(),
                stripe_fraud_warning_id=facts.id,
                stripe_charge_id=facts.charge_id,
                stripe_payment_intent_id=facts.payment_intent_id,
                fraud_type=facts.fraud_type,
                actionable=facts.is_actionable,
            )
        )
        return
    warning.actionable = warning.actionable and facts.is_actionable
    # The largest value ever reported, so that the order of the events does not matter.
    warning.fraud_type = max(warning.fraud_type, facts.fraud_type)
    warning.stripe_payment_intent_id = warning.stripe_payment_intent_id or facts.payment_intent_id


def find_warning(order: Order, stripe_fraud_warning_id: str) -> FraudWarning | None:
    """Return the warning with Stripe's id; `None` if the order has none."""
    warnings = order.fraud_warnings
    return next((each for each in warnings if each.stripe_fraud_warning_id == stripe_fraud_warning_id), None)


def warned_payment(order: Order, warning: FraudWarning) -> Payment | None:
    """Return the payment that a warning is about; `None` if it is not known."""
    for payment in order.payments:
        if payment.stripe_payment_intent_id == warning.stripe_payment_intent_id:
            return payment
    of_charge = (each for each in order.payments if each.stripe_charge_id == warning.stripe_charge_id)
    return next(of_charge, None)


def is_open(order: Order, warning: FraudWarning) -> bool:
    """Whether the payment may still be refunded because of the warning, and no operator trusts it.

    A payment that is not known to have succeeded has nothing to refund yet.
    """
    payment = warned_payment(order, warning)
    if payment is None or not payment.has_succeeded or not warning.actionable:
        return False
    is_refunded = refunds.refunded_amount_of(order, payment) >= payment.amount_received
    return warning.dismissed_at is None and not is_refunded and not _is_disputed(order, warning, payment)


def state_of(order: Order, warning: FraudWarning) -> WarningState:
    """Return whether the warning is open, dismissed, or closed because nothing follows from it any more."""
    if is_open(order, warning):
        return WarningState.OPEN
    return WarningState.CLOSED if warning.dismissed_at is None else WarningState.DISMISSED


def open_warnings(order: Order) -> list[FraudWarning]:
    """Return the warnings about which an operator may do something."""
    return [warning for warning in order.fraud_warnings if is_open(order, warning)]


def suspends_access(order: Order) -> bool:
    """Whether what was bought with a warned payment is withheld, by the policy with which the warning was recorded."""
    return any(warning.policy in _SUSPENDING for warning in open_warnings(order))


def payments_to_refund(order: Order) -> list[Payment]:
    """Return the payments that are refunded because of a warning: by policy, and unless goods were shipped."""
    if parcels.sent_shipments(order):
        return []
    due = []
    for warning in open_warnings(order):
        payment = warned_payment(order, warning)
        if warning.policy is FraudWarningPolicy.REFUND and payment is not None and payment not in due:
            due.append(payment)
    return due


def is_refunded_automatically(order: Order, warning: FraudWarning) -> bool:
    """Whether the refund of the payment was decided because of a warning."""
    payment = warned_payment(order, warning)
    return any(
        request.origin is RefundOrigin.FRAUD_WARNING
        and payment is not None
        and request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        for request in order.refund_requests
    )


def dismiss(warning: FraudWarning, now: datetime) -> None:
    """Record that an operator trusts the payment in spite of the warning. Nothing makes the warning open again."""
    warning.dismissed_at = warning.dismissed_at or now


def _is_disputed(order: Order, warning: FraudWarning, payment: Payment) -> bool:
    """Whether the bank has opened a dispute or an inquiry about the charge: its decision counts from then on."""
    charge_ids = (None, warning.stripe_charge_id, payment.stripe_charge_id)
    return any(dispute.stripe_charge_id in charge_ids for dispute in order.disputes)
