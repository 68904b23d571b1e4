"""Removing a data subject's personal data from rows; numbers, amounts, states and times remain."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from lumira.database import db
from lumira.domain.redaction import without_personal_data
from lumira.models import (
    Customer,
    Deliverable,
    File,
    IdempotencyKey,
    ManualGrant,
    MessageKind,
    MessageStatus,
    Order,
    PaymentRequest,
    RefundRequest,
)
from lumira.repositories import access_links, files


def redact_order(order: Order, now: datetime) -> None:
    """Remove personal data from a locked order, its requests to Stripe and its messages; safe to repeat."""
    order.customer_email = order.email_key = order.customer_name = order.request_id = order.locale = None
    order.opener_network = None
    order.caller_metadata = {}
    order.erased_at = order.erased_at or now
    for payment_request in order.requests:
        _redact_request(payment_request)
    for refund_request in order.refund_requests:
        _redact_request(refund_request)
    for message in order.messages:
        message.last_error = None
        if message.status is not MessageStatus.SENT and message.kind is not MessageKind.DISPUTE_ALERT:
            # The address is erased, so the message can no longer be sent.
            message.status = MessageStatus.SUPERSEDED


def _redact_request(request: PaymentRequest | RefundRequest) -> None:
    request.parameters = without_personal_data(request.parameters)
    if request.refusal is not None:
        request.refusal = {"code": request.refusal.get("code", ""), "message": ""}


def redact_customer(customer: Customer, digests: Sequence[str], now: datetime) -> None:
    """Remove personal data from a locked customer, and enter the digests into the erasure registry."""
    customer.email = customer.email_key = f"{customer.id}@erased.invalid"
    customer.name = customer.locale = customer.stripe_customer_id = customer.stripe_parameters = None
    customer.erased_at = customer.erased_at or now
    customer.erased_digests = sorted({*(customer.erased_digests or ()), *digests})


def delete_idempotency_keys(tenant_id: int, order_ids: Sequence[UUID]) -> None:
    """Delete the stored replies and request digests of these orders: a repeated call is a new call."""
    db.session.flush()
    db.session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.order_id.in_(list(order_ids))
        )
    )


def remove_access(tenant_id: int, customer_ids: Sequence[UUID]) -> None:
    """Delete the portal links of these customers, and the operators' notes on their manual grants."""
    access_links.remove(tenant_id, list(customer_ids))
    db.session.execute(
        update(ManualGrant)
        .where(ManualGrant.tenant_id == tenant_id, ManualGrant.customer_id.in_(list(customer_ids)))
        .values(note=None)
    )


def discard_files(tenant_id: int, order_ids: Sequence[UUID]) -> int:
    """Discard the deliverable files of these orders; return how many were discarded.

    File names are erased at once, because they may contain the buyer's name. Storage is emptied later.
    """
    discarded = files.discard_of_orders(tenant_id, list(order_ids))
    deliverable_ids = select(Deliverable.id).where(
        Deliverable.tenant_id == tenant_id, Deliverable.order_id.in_(list(order_ids))
    )
    db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.deliverable_id.in_(deliverable_ids))
        .values(file_name="erased")
        .execution_options(synchronize_session=False)
    )
    return discarded
