"""Refund requests: found and locked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from lumira.database import db
from lumira.domain import refund_requests
from lumira.models import RefundRequest, RequestState


def claim_due(tenant_id: int, now: datetime) -> RefundRequest | None:
    """Return the request that has been due longest, locked and leased to the caller; `None` if none is due.

    Skips requests that are locked, and so never waits.
    """
    request = db.session.execute(
        select(RefundRequest)
        .where(
            RefundRequest.tenant_id == tenant_id,
            RefundRequest.state.in_((RequestState.FROZEN, RequestState.UNKNOWN)),
            RefundRequest.next_attempt_at <= now,
        )
        .order_by(RefundRequest.next_attempt_at, RefundRequest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if request is not None:
        refund_requests.lease(request, now)
    return request


def lock_request(tenant_id: int, request_id: UUID) -> RefundRequest:
    """Return one request, locked until the transaction ends. Its order is locked first, where both are."""
    return db.session.execute(
        select(RefundRequest)
        .where(RefundRequest.tenant_id == tenant_id, RefundRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
