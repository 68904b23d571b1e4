"""What is read from a tenant's Dolibarr: the secret of its notifications, and how far its changes have been read."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert

from lumira import encryption
from lumira.clock import utc_now
from lumira.database import db
from lumira.models import CrmInbox

_PURPOSE = "crm_notifications"
#: Bytes; the secret cannot be guessed, so its plain SHA-256 may be stored.
_SECRET_BYTES = 32
#: The first sweep is a night away: there is nothing yet that could have been deleted.
_FIRST_SWEEP = timedelta(hours=20)
#: `notified_at` is written once in so long: a notification must not wait for the row of another one.
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pass over Dolibarr's third parties is, as claimed: a run that lost its lease writes nothing."""

    since: datetime
    began_at: datetime
    after_id: int
    lease: datetime


def ensure(tenant_id: int) -> CrmInbox:
    """Return the tenant's inbox; a new one has a new secret, and reads what changes from now on."""
    secret, now = secrets.token_urlsafe(_SECRET_BYTES), utc_now()
    values = {
        "tenant_id": tenant_id,
        "secret_sealed": encryption.seal(secret, tenant_id=tenant_id, purpose=_PURPOSE),
        "secret_digest": digest_of(secret),
        "secret_created_at": now,
        "next_poll_at": now,
        "poll_since": now,
        "poll_began_at": now,
        "poll_after_id": 0,
        "next_sweep_at": now + _FIRST_SWEEP,
        "sweep_after_id": 0,
    }
    db.session.execute(insert(CrmInbox).values(values).on_conflict_do_nothing())
    return db.session.get_one(CrmInbox, tenant_id)


def find(tenant_id: int) -> CrmInbox | None:
    """Return the tenant's inbox; `None` if it has none yet."""
    return db.session.get(CrmInbox, tenant_id)


def replace_secret(inbox: CrmInbox) -> str:
    """Store a new secret and return it: the former one counts no longer."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    inbox.secret_sealed = encryption.seal(secret, tenant_id=inbox.tenant_id, purpose=_PURPOSE)
    inbox.secret_digest, inbox.secret_created_at = digest_of(secret), utc_now()
    return secret


def secret_of(inbox: CrmInbox) -> str:
    """Return the secret. Raises `DecryptionError`."""
    return encryption.unseal(inbox.secret_sealed, tenant_id=inbox.tenant_id, purpose=_PURPOSE)


def digest_of(secret: str) -> str:
    """Return what is stored of a secret to compare it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def is_secret_of(inbox: CrmInbox | None, secret: str) -> bool:
    """Whether this is the secret, in a time that depends on neither."""
    expected = inbox.secret_digest if inbox is not None else digest_of("")
    return hmac.compare_digest(digest_of(secret), expected) and inbox is not None


def note_notified(tenant_id: int, now: datetime) -> None:
    """Record that a notification arrived, unless one did within the last minute."""
    db.session.execute(
        update(CrmInbox)
        .where(
            CrmInbox.tenant_id == tenant_id,
            CrmInbox.notified_at.is_(None) | (CrmInbox.notified_at < now - _NOTED_EVERY),
        )
        .values(notified_at=now)
        .execution_options(synchronize_session=False)
    )


def claim_poll(tenant_id: int, *, now: datetime, until: datetime) -> Position | None:
    """Claim the pass over the changed third parties, leased until `until`; `None` if it is not due, or claimed."""
    inbox = _lock_due(tenant_id, CrmInbox.next_poll_at <= now)
    if inbox is None:
        return None
    inbox.next_poll_at = until
    if inbox.poll_after_id == 0:
        inbox.poll_began_at = now
    return Position(inbox.poll_since, inbox.poll_began_at, inbox.poll_after_id, until)


def note_polled(
    tenant_id: int, claimed: Position, *, after_id: int, next_at: datetime, since: datetime | None = None
) -> None:
    """Record how far the pass came; with `since` it has ended, and the next one reads what changed since then."""
    values = {"poll_after_id": after_id, "next_poll_at": next_at}
    db.session.execute(
        update(CrmInbox)
        .where(CrmInbox.tenant_id == tenant_id, CrmInbox.next_poll_at == claimed.lease)
        .values(values if since is None else values | {"poll_since": since})
        .execution_options(synchronize_session=False)
    )


def claim_sweep(tenant_id: int, *, now: datetime, until: datetime) -> Position | None:
    """Claim the pass over all third parties, leased until `until`; `None` if it is not due, or claimed."""
    inbox = _lock_due(tenant_id, CrmInbox.next_sweep_at <= now)
    if inbox is None:
        return None
    inbox.next_sweep_at = until
    return Position(now, now, inbox.sweep_after_id, until)


def note_swept(tenant_id: int, claimed: Position, *, after_id: int, next_at: datetime) -> None:
    """Record how far the pass came; after 0 the next one begins."""
    db.session.execute(
        update(CrmInbox)
        .where(CrmInbox.tenant_id == tenant_id, CrmInbox.next_sweep_at == claimed.lease)
        .values(sweep_after_id=after_id, next_sweep_at=next_at)
        .execution_options(synchronize_session=False)
    )


def _lock_due(tenant_id: int, is_due: ColumnElement[bool]) -> CrmInbox | None:
    query = select(CrmInbox).where(CrmInbox.tenant_id == tenant_id, is_due)
    locked = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.execute(locked).scalar_one_or_none()


def postpone(tenant_id: int, *, until: datetime) -> None:
    """Poll and sweep not before: the tenant's Dolibarr does not answer, or is switched off."""
    for due in (CrmInbox.next_poll_at, CrmInbox.next_sweep_at):
        db.session.execute(
            update(CrmInbox)
            .where(CrmInbox.tenant_id == tenant_id, due < until)
            .values({due.key: until})
            .execution_options(synchronize_session=False)
        )
