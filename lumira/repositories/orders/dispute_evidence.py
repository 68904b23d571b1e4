"""Responses to disputes: found, locked and cleared."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from lumira.database import db
from lumira.domain import dispute_evidence
from lumira.models import DisputeEvidence, RequestState

_UNDER_WAY = (RequestState.FROZEN, RequestState.UNKNOWN)


def find_newest(tenant_id: int, stripe_dispute_id: str) -> DisputeEvidence | None:
    """Return the newest response to a dispute; `None` if none was decided."""
    query = select(DisputeEvidence).where(
        DisputeEvidence.tenant_id == tenant_id, DisputeEvidence.stripe_dispute_id == stripe_dispute_id
    )
    return db.session.execute(query.order_by(DisputeEvidence.id.desc()).limit(1)).scalar_one_or_none()


def add(evidence: DisputeEvidence) -> None:
    """Write a new response."""
    db.session.add(evidence)
    db.session.flush()


def claim_due(tenant_id: int, now: datetime) -> DisputeEvidence | None:
    """Return the response that has been due longest, locked and leased to the caller; `None` if none is due.

    Skips responses that are locked, and so never waits.
    """
    evidence = db.session.execute(
        select(DisputeEvidence)
        .where(
            DisputeEvidence.tenant_id == tenant_id,
            DisputeEvidence.state.in_(_UNDER_WAY),
            DisputeEvidence.next_attempt_at <= now,
        )
        .order_by(DisputeEvidence.next_attempt_at, DisputeEvidence.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if evidence is not None:
        dispute_evidence.lease(evidence, now)
    return evidence


def lock(tenant_id: int, evidence_id: UUID) -> DisputeEvidence:
    """Return one response, locked until the transaction ends. Its order is locked first, where both are."""
    return db.session.execute(
        select(DisputeEvidence)
        .where(DisputeEvidence.tenant_id == tenant_id, DisputeEvidence.id == evidence_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def list_orders_under_way(tenant_id: int, order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the orders about which a response is being sent."""
    query = select(DisputeEvidence.order_id).where(
        DisputeEvidence.tenant_id == tenant_id,
        DisputeEvidence.order_id.in_(list(order_ids)),
        DisputeEvidence.state.in_(_UNDER_WAY),
    )
    return set(db.session.execute(query).scalars())


def clear_of_orders(tenant_id: int, order_ids: Sequence[UUID], now: datetime) -> None:
    """Remove the words of the responses about these orders; that they were sent, and when, remains."""
    db.session.execute(
        update(DisputeEvidence)
        .where(DisputeEvidence.tenant_id == tenant_id, DisputeEvidence.order_id.in_(list(order_ids)))
        .values(fields={}, refusal=None, cleared_at=now)
        .execution_options(synchronize_session=False)
    )


def clear_old(tenant_id: int, before: datetime, now: datetime, *, limit: int) -> int:
    """Remove the words of responses to which Stripe responded before a time; returns of how many."""
    old = db.session.execute(
        select(DisputeEvidence.id)
        .where(
            DisputeEvidence.tenant_id == tenant_id,
            DisputeEvidence.cleared_at.is_(None),
            DisputeEvidence.responded_at.is_not(None),
            DisputeEvidence.responded_at < before,
        )
        .limit(limit)
    ).scalars()
    ids = list(old)
    if ids:
        db.session.execute(
            update(DisputeEvidence)
            .where(DisputeEvidence.tenant_id == tenant_id, DisputeEvidence.id.in_(ids))
            .values(fields={}, refusal=None, cleared_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(ids)
