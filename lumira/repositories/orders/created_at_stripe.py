"""What calls to Stripe have created, as far as rows show it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from lumira.database import db
from lumira.models import Customer, PaymentRequest, RefundRequest, RequestKind, RequestState


def has_created(tenant_id: int, operation: str, *, since: datetime) -> bool:
    """Return whether a call of this operation has created anything since then; `False` for one that creates nothing."""
    query = _created(operation, since)
    if query is None:
        return False
    [model] = query.columns_clause_froms
    return db.session.execute(query.where(model.c.tenant_id == tenant_id).limit(1)).first() is not None


def _created(operation: str, since: datetime) -> Select[Any] | None:
    match operation:
        case "create_payment_intent":
            return _accepted(RequestKind.PAYMENT_INTENT, since)
        case "create_checkout_session":
            return _accepted(RequestKind.CHECKOUT_SESSION, since)
        case "create_refund":
            return select(RefundRequest.id).where(
                RefundRequest.stripe_refund_id.is_not(None), RefundRequest.responded_at > since
            )
        case "create_customer":
            return select(Customer.id).where(
                Customer.stripe_customer_id.is_not(None), Customer.stripe_frozen_at > since
            )
        case _:
            return None


def _accepted(kind: RequestKind, since: datetime) -> Select[Any]:
    return select(PaymentRequest.id).where(
        PaymentRequest.kind == kind,
        PaymentRequest.state == RequestState.ACCEPTED,
        PaymentRequest.responded_at > since,
    )
