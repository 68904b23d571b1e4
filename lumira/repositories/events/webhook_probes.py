"""Probes of the public address: added before they are sent, and noted when they arrive."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import WebhookProbe


def add(tenant_id: int) -> UUID:
    """Add a probe that is about to be sent, and return its id."""
    probe = WebhookProbe(tenant_id=tenant_id)
    db.session.add(probe)
    db.session.flush()
    return probe.id


def note_received(tenant_id: int, probe_id: UUID) -> None:
    """Note that the probe arrived; does nothing if it is not this installation's."""
    db.session.execute(
        update(WebhookProbe)
        .where(WebhookProbe.tenant_id == tenant_id, WebhookProbe.id == probe_id)
        .values(received_at=utc_now())
        .execution_options(synchronize_session=False)
    )


def remove(tenant_id: int, probe_id: UUID) -> bool:
    """Remove the probe, and return whether it had arrived."""
    received_at = db.session.execute(
        delete(WebhookProbe)
        .where(WebhookProbe.tenant_id == tenant_id, WebhookProbe.id == probe_id)
        .returning(WebhookProbe.received_at)
    ).scalar_one_or_none()
    return received_at is not None


def remove_old(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove probes from before this time, which a killed process left; return how many."""
    old = select(WebhookProbe.id).where(WebhookProbe.tenant_id == tenant_id, WebhookProbe.created_at < before)
    removed = db.session.execute(
        delete(WebhookProbe)
        .where(WebhookProbe.tenant_id == tenant_id, WebhookProbe.id.in_(old.limit(limit)))
        .returning(WebhookProbe.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())
