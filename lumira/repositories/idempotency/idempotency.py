"""Idempotency keys: one call has one effect and one reply, also if it is repeated or its process dies.

A claim is a lease with a fencing token: after the lease ends another process may take the call over, and the
higher fence stops the first one.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, delete, select

from lumira import encryption
from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import IdempotencyInProgress, IdempotencyMismatch
from lumira.models import IdempotencyKey
from lumira.models.columns import table_of, uuid7
from lumira.pipelines import prepared, run_together
from lumira.repositories import rows
from lumira.repositories.idempotency.idempotency_statements import FIND_OR_CREATE, FINISH, RENEW
from lumira.repositories.idempotency.idempotent_calls import LIFETIME, Call, KeySource, slot_of
from lumira.repositories.rows import Step, Write

#: Longer than one call to Stripe with all retries (`LONGEST_CALL`, which this module may not import).
LEASE = timedelta(seconds=90)
REPLY_PURPOSE = "stored reply"


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The reply to the first call."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to execute one call, until the lease ends and another process takes over with a higher fence."""

    key_id: UUID | None = None
    fence: int = 0
    #: The order of an earlier attempt under this key.
    order_id: UUID | None = None
    reply: StoredReply | None = None
    #: The refund that an earlier attempt under this key decided.
    refund_request_id: UUID | None = None


#: Of a call without a key.
NO_CLAIM = Claim()


def claim(tenant_id: int, call: Call) -> Claim:
    """Claim the call, or return its stored reply. The row stays locked until the transaction ends.

    Raises `IdempotencyInProgress` while another process has the lease, and `IdempotencyMismatch` if the key was
    used for another call.
    """
    if call.key is None or call.source is None:
        return NO_CLAIM
    now = utc_now()
    new_id = uuid7()
    key_id = _find_or_create(tenant_id, call, call.source, new_id, now)
    if key_id == new_id:
        return Claim(new_id, fence=1)
    row = _lock(tenant_id, key_id)
    if row is None:
        raise IdempotencyInProgress("This request has expired.", retry_after=1)
    is_leased = row.leased_until is not None and row.leased_until > now
    if (row.expires_at <= now and not is_leased) or _is_unbound(row, call):
        _start_over(row, call, now)
        return Claim(row.id, row.fence)
    if row.fingerprint != call.fingerprint:
        raise IdempotencyMismatch("This idempotency key was used for another request: send a new key.")
    if row.reply_sealed is not None and row.reply_status is not None:
        body = encryption.unseal(row.reply_sealed, tenant_id=tenant_id, purpose=REPLY_PURPOSE)
        reply = StoredReply(row.reply_status, json.loads(body))
        return Claim(row.id, row.fence, row.order_id, reply, row.refund_request_id)
    if is_leased and row.leased_until is not None:
        wait = int((row.leased_until - now).total_seconds()) + 1
        raise IdempotencyInProgress(
            "A request with this idempotency key is still running.", retry_after=min(wait, 5)
        )
    row.fence += 1
    row.leased_until = now + LEASE
    db.session.flush()
    return Claim(row.id, row.fence, row.order_id, refund_request_id=row.refund_request_id)


def find_order_id(tenant_id: int, call: Call) -> UUID | None:
    """The order that was opened with this idempotency key; `None` without a key, and after the key's lifetime."""
    if call.source is not KeySource.IDEMPOTENCY_KEY:
        return None
    return db.session.execute(
        select(IdempotencyKey.order_id).where(
            IdempotencyKey.tenant_id == tenant_id,
            IdempotencyKey.slot == slot_of(tenant_id, call),
            IdempotencyKey.expires_at > utc_now(),
        )
    ).scalar_one_or_none()


def _find_or_create(tenant_id: int, call: Call, source: KeySource, new_id: UUID, now: datetime) -> UUID:
    """Return the id of the call's row, locked: `new_id` if there was none."""
    values = {
        "new_tenant_id": tenant_id,
        "new_id": new_id,
        "new_slot": slot_of(tenant_id, call),
        "new_fingerprint": call.fingerprint,
        "new_fence": 1,
        "new_leased_until": now + LEASE,
        "new_expires_at": now + LIFETIME[source],
        "new_created_at": now,
        "new_updated_at": now,
    }
    [row] = run_together([prepared(FIND_OR_CREATE).with_values(values)])
    assert row is not None  # noqa: S101 - the statement inserts or changes one row
    key_id: UUID = row[0]
    return key_id


def _is_unbound(row: IdempotencyKey, call: Call) -> bool:
    """Whether the last call under this key failed and this call is another one: it may use the key.

    A decided refund binds the key to its call: a worker completes it although the caller got an error.
    """
    is_open = row.reply_sealed is None and row.leased_until is None and row.refund_request_id is None
    return is_open and row.fingerprint != call.fingerprint


def _start_over(row: IdempotencyKey, call: Call, now: datetime) -> None:
    assert call.source is not None  # noqa: S101 - checked by `claim`
    row.fingerprint = call.fingerprint
    row.fence += 1
    row.leased_until = now + LEASE
    row.expires_at = now + LIFETIME[call.source]
    row.order_id = row.refund_request_id = None
    row.reply_status = row.reply_sealed = None
    db.session.flush()


def take_over(tenant_id: int, claim: Claim) -> Claim:
    """Claim a call again whose stored reply cannot be used any more. Its row is locked by `claim`."""
    row = _lock_claimed(tenant_id, claim)
    if row is None:
        raise IdempotencyInProgress("This request has expired.", retry_after=1)
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
    """Extend the lease, and record the order or the refund of the call.

    Raises `IdempotencyInProgress` if another process has taken the call over.
    """
    for step in renewing(tenant_id, claim, order_id=order_id, refund_request_id=refund_request_id):
        rows.take(step)


def renewing(
    tenant_id: int, claim: Claim, *, order_id: UUID | None = None, refund_request_id: UUID | None = None
) -> list[Step]:
    """Return what `renew` does, for the statement that locks the order; empty for a call without a key."""
    values = {"until": utc_now() + LEASE, "of_order": order_id, "of_refund": refund_request_id}
    return _changing(tenant_id, claim, RENEW, values)


def renewal(tenant_id: int, claim: Claim, *, order_id: UUID) -> list[Write]:
    """Return how `renew` extends the lease of a call that this transaction has claimed, and records its order.

    For the statement that inserts the order. Empty for a call without a key.
    """
    if claim.key_id is None:
        return []
    now = utc_now()
    values = {"leased_until": now + LEASE, "order_id": order_id, "updated_at": now}
    address = {"tenant_id": tenant_id, "id": claim.key_id, "fence": claim.fence}
    return [Write(table_of(IdempotencyKey), values, address)]


def finish(tenant_id: int, claim: Claim, reply: StoredReply) -> None:
    """Store the reply and end the lease. The reply is encrypted, because it contains a client secret."""
    for step in finishing(tenant_id, claim, reply):
        rows.take(step)


def finishing(tenant_id: int, claim: Claim, reply: StoredReply) -> list[Step]:
    """Return what `finish` does, for the statement that locks the order; empty for a call without a key."""
    if claim.key_id is None:
        return []
    sealed = encryption.seal(json.dumps(reply.body), tenant_id=tenant_id, purpose=REPLY_PURPOSE)
    return _changing(tenant_id, claim, FINISH, {"status": reply.status, "sealed": sealed})


def withdraw_reply(tenant_id: int, claim: Claim) -> None:
    """Remove the reply that the running transaction has stored."""
    for step in _changing(tenant_id, claim, FINISH, {"status": None, "sealed": None}):
        rows.take(step)


def _changing(tenant_id: int, claim: Claim, statement: Update, values: dict[str, Any]) -> list[Step]:
    if claim.key_id is None:
        return []
    address = {"of_tenant": tenant_id, "of_key": claim.key_id, "of_fence": claim.fence}
    return [Step(statement, {"at": utc_now(), **values, **address}, _taken_over)]


def release(tenant_id: int, claim: Claim, *, is_over: bool = False) -> None:
    """End the lease, so that the next call under this key starts at once.

    It resumes the recorded order or refund. With `is_over`, the refund failed for good and is not resumed.
    """
    row = _lock_claimed(tenant_id, claim)
    if row is not None:
        row.leased_until = None
        row.refund_request_id = None if is_over else row.refund_request_id


def _lock_claimed(tenant_id: int, claim: Claim) -> IdempotencyKey | None:
    if claim.key_id is None:
        return None
    row = _lock(tenant_id, claim.key_id)
    if row is None or row.fence != claim.fence:
        raise _taken_over()
    return row


def _lock(tenant_id: int, key_id: UUID) -> IdempotencyKey | None:
    return db.session.execute(
        select(IdempotencyKey)
        .where(IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.id == key_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _taken_over() -> IdempotencyInProgress:
    return IdempotencyInProgress("Another process has taken over this request.", retry_after=1)


def remove_expired(tenant_id: int, now: datetime, *, limit: int = 1000) -> int:
    """Delete expired keys; returns how many."""
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
