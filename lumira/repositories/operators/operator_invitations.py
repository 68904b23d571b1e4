"""Invitations to the team of a tenant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from lumira.database import db
from lumira.models import OperatorInvitation, Role, email_key
from lumira.models.columns import uuid7


def create(
    tenant_id: int,
    *,
    email: str,
    role: Role,
    actor: str,
    now: datetime,
    expires_at: datetime,
    is_sent: bool,
) -> OperatorInvitation:
    """Create an invitation in place of an open one to the address; the row is the pending e-mail, if `is_sent`."""
    db.session.execute(
        update(OperatorInvitation)
        .where(
            OperatorInvitation.tenant_id == tenant_id,
            OperatorInvitation.email_key == email_key(email),
            OperatorInvitation.accepted_at.is_(None),
            OperatorInvitation.revoked_at.is_(None),
        )
        .values(revoked_at=now, next_attempt_at=None)
    )
    invitation = OperatorInvitation(
        tenant_id=tenant_id,
        id=uuid7(),
        email=email.strip(),
        email_key=email_key(email),
        role=role,
        actor=actor,
        created_at=now,
        expires_at=expires_at,
        next_attempt_at=now if is_sent else None,
    )
    db.session.add(invitation)
    db.session.flush()
    return invitation


def revoke_of_actor(tenant_id: int, actor: str, now: datetime) -> Sequence[UUID]:
    """Revoke the open invitations that this actor created; return their ids."""
    revoked = db.session.execute(
        update(OperatorInvitation)
        .where(
            OperatorInvitation.tenant_id == tenant_id,
            OperatorInvitation.actor == actor,
            OperatorInvitation.accepted_at.is_(None),
            OperatorInvitation.revoked_at.is_(None),
        )
        .values(revoked_at=now, next_attempt_at=None)
        .returning(OperatorInvitation.id)
    )
    return revoked.scalars().all()


def find(tenant_id: int, invitation_id: UUID) -> OperatorInvitation | None:
    """Return an invitation, locked: it is accepted once."""
    return db.session.execute(
        select(OperatorInvitation)
        .where(OperatorInvitation.tenant_id == tenant_id, OperatorInvitation.id == invitation_id)
        .with_for_update()
    ).scalar_one_or_none()


def list_open(tenant_id: int, now: datetime) -> Sequence[OperatorInvitation]:
    """List the invitations that can be accepted, oldest first."""
    query = select(OperatorInvitation).where(
        OperatorInvitation.tenant_id == tenant_id,
        OperatorInvitation.accepted_at.is_(None),
        OperatorInvitation.revoked_at.is_(None),
        OperatorInvitation.expires_at > now,
    )
    return db.session.execute(query.order_by(OperatorInvitation.id)).scalars().all()


def claim_next(tenant_id: int, now: datetime, *, until: datetime) -> OperatorInvitation | None:
    """Claim the invitation whose e-mail is due longest, leased until `until`."""
    invitation = db.session.execute(
        select(OperatorInvitation)
        .where(OperatorInvitation.tenant_id == tenant_id, OperatorInvitation.next_attempt_at <= now)
        .order_by(OperatorInvitation.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if invitation is not None:
        invitation.attempts += 1
        invitation.next_attempt_at = until
    return invitation


def remove_ended(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove invitations that expired before this time, accepted ones included; return how many."""
    old = select(OperatorInvitation.id).where(
        OperatorInvitation.tenant_id == tenant_id, OperatorInvitation.expires_at < before
    )
    removed = db.session.execute(
        delete(OperatorInvitation)
        .where(OperatorInvitation.tenant_id == tenant_id, OperatorInvitation.id.in_(old.limit(limit)))
        .returning(OperatorInvitation.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())
