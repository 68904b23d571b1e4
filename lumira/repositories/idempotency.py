"""Idempotency keys: one answer to one call, however often it is asked, whoever dies meanwhile."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from lumira import encryption
from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import IdempotencyInProgress, IdempotencyMismatch
from lumira.models import IdempotencyKey
from lumira.models.columns import uuid7

#: Longer than every retry of one call to Stripe: three tries of 23 s and the pauses between them.
LEASE = timedelta(seconds=90)
REPLY_PURPOSE = "stored reply"


class KeyKind(StrEnum):
    """Where a key came from; it decides how long it counts."""

    IDEMPOTENCY_KEY = "idempotency-key"
    REQUEST_ID = "request-id"


LIFETIME = {
    # Three days: a bug shipped on Friday and fixed on Monday still finds the key, so the client's retry succeeds.
    KeyKind.IDEMPOTENCY_KEY: timedelta(hours=72),
    # A correlation id is no promise of sameness; ten minutes cover an automatic retry.
    KeyKind.REQUEST_ID: timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One POST as its caller made it. `key` is `None` where the caller gave nothing to repeat it by."""

    fingerprint: str
    actor: str
    kind: KeyKind | None = None
    key: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What was answered the first time."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one call, until the lease ends or somebody with a higher fence takes over."""

    key_id: UUID | None = None
    fence: int = 0
    #: The order that an earlier try under this key had opened, or was about.
    order_id: UUID | None = None
    reply: StoredReply | None = None
    #: The refund that an earlier try under this key had decided.
    refund_request_id: UUID | None = None


def fingerprint(method: str, path: str, body: object) -> str:
    """What makes two calls the same call: method, path and the body whatever the order of its fields."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method} {path}\n{canonical}".encode()).hexdigest()


def claim(tenant_id: int, call: Call) -> Claim:
    """Take the call on, or find what it was answered.

    `IdempotencyInProgress` while another process holds it, `IdempotencyMismatch` if the key was used for
    another call. The row stays locked until the transaction ends.
    """
    if call.key is None or call.kind is None:
        return Claim()
    now = utc_now()
    row, is_new = _find_or_create(tenant_id, call, now)
    if is_new:
        return Claim(row.id, row.fence)
    is_held = row.leased_until is not None and row.leased_until > now
    if (row.expires_at <= now and not is_held) or _is_free(row, call):
        _start_over(row, call, now)
        return Claim(row.id, row.fence)
    if row.fingerprint != call.fingerprint:
        raise IdempotencyMismatch("This idempotency key was used for another request.")
    if row.reply_sealed is not None and row.reply_status is not None:
        body = encryption.unseal(row.reply_sealed, tenant_id=tenant_id, purpose=REPLY_PURPOSE)
        reply = StoredReply(row.reply_status, json.loads(body))
        return Claim(row.id, row.fence, row.order_id, reply, row.refund_request_id)
    if is_held and row.leased_until is not None:
        wait = int((row.leased_until - now).total_seconds()) + 1
        raise IdempotencyInProgress(
            "A request with this idempotency key is still running.", retry_after=min(wait, 5)
        )
    row.fence += 1
    row.leased_until = now + LEASE
    return Claim(row.id, row.fence, row.order_id, refund_request_id=row.refund_request_id)


def _find_or_create(tenant_id: int, call: Call, now: datetime) -> tuple[IdempotencyKey, bool]:
    assert call.kind is not None  # noqa: S101 - told by `claim`
    slot = _slot(call)
    new_id = uuid7()
    made = insert(IdempotencyKey).values(
        tenant_id=tenant_id,
        id=new_id,
        slot=slot,
        fingerprint=call.fingerprint,
        fence=1,
        leased_until=now + LEASE,
        expires_at=now + LIFETIME[call.kind],
        created_at=now,
        updated_at=now,
    )
    # An update that changes nothing returns the row that is there already, and locks it: one statement, so that
    # no row can be removed between finding and locking it.
    upsert = made.on_conflict_do_update(
        index_elements=["tenant_id", "slot"], set_={"slot": made.excluded.slot}
    ).returning(IdempotencyKey)
    row = db.session.execute(upsert, execution_options={"populate_existing": True}).scalar_one()
    return row, row.id == new_id


def _slot(call: Call) -> str:
    # A correlation id reused for another call is another call; a key reused for one is a mistake to report.
    own = call.fingerprint if call.kind is KeyKind.REQUEST_ID else ""
    return hashlib.sha256(f"{call.kind}\n{call.key}\n{own}".encode()).hexdigest()


def _is_free(row: IdempotencyKey, call: Call) -> bool:
    """Whether the last call under this key ended in an error and this one is another: nothing binds them.

    A refund that was decided binds them: it is made though its caller was told that Stripe did not answer.
    """
    is_open = row.reply_sealed is None and row.leased_until is None and row.refund_request_id is None
    return is_open and row.fingerprint != call.fingerprint


def _start_over(row: IdempotencyKey, call: Call, now: datetime) -> None:
    assert call.kind is not None  # noqa: S101 - told by `claim`
    row.fingerprint = call.fingerprint
    row.fence += 1
    row.leased_until = now + LEASE
    row.expires_at = now + LIFETIME[call.kind]
    row.order_id = row.refund_request_id = None
    row.reply_status = row.reply_sealed = None


def take_over(tenant_id: int, claim: Claim) -> Claim:
    """Answer a call anew whose stored reply is of no use any more; the row is locked since it was claimed."""
    row = _lock_ours(tenant_id, claim)
    if row is None:
        raise IdempotencyInProgress("This request is gone.", retry_after=1)
    row.reply_status = row.reply_sealed = None
    row.fence += 1
    row.leased_until = utc_now() + LEASE
    db.session.flush()
    return Claim(row.id, row.fence, row.order_id)


def renew(
    tenant_id: int,
    claim: Claim,
    *,
    order_id: UUID | None = None,
    refund_request_id: UUID | None = None,
) -> None:
    """Prove that the claim is still ours, and extend it; remember the order or the refund that it made.

    `IdempotencyInProgress` if another process has taken over: it will answer.
    """
    row = _lock_ours(tenant_id, claim)
    if row is not None:
        row.leased_until = utc_now() + LEASE
        row.order_id = order_id or row.order_id
        row.refund_request_id = refund_request_id or row.refund_request_id


def finish(tenant_id: int, claim: Claim, reply: StoredReply) -> None:
    """Keep the reply, encrypted: it holds a client secret."""
    row = _lock_ours(tenant_id, claim)
    if row is not None:
        row.reply_status = reply.status
        row.reply_sealed = encryption.seal(json.dumps(reply.body), tenant_id=tenant_id, purpose=REPLY_PURPOSE)
        row.leased_until = None


def release(tenant_id: int, claim: Claim, *, is_over: bool = False) -> None:
    """Let the next call under this key in at once.

    What it made is remembered, so that the work resumes; not so a refund that is over and came to nothing.
    """
    row = _lock_ours(tenant_id, claim)
    if row is not None:
        row.leased_until = None
        row.refund_request_id = None if is_over else row.refund_request_id


def _lock_ours(tenant_id: int, claim: Claim) -> IdempotencyKey | None:
    if claim.key_id is None:
        return None
    row = db.session.execute(
        select(IdempotencyKey)
        .where(IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.id == claim.key_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None or row.fence != claim.fence:
        raise IdempotencyInProgress("Another process has taken this request over.", retry_after=1)
    return row


def remove_expired(tenant_id: int, now: datetime, *, limit: int = 1000) -> int:
    """Forget keys whose time is over; how many."""
    due = (
        select(IdempotencyKey.id)
        .where(IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.expires_at <= now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    removed = db.session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.id.in_(due))
        .returning(IdempotencyKey.id)
    )
    return len(removed.all())
