"""The API keys of a tenant: listed, created, replaced and revoked, each change audited."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.errors.tenants import KeyCreatedBefore, KeyReplacedBefore
from lumira.models import ApiKey, KeyKind
from lumira.repositories.audit import audit
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.tenants import api_keys

#: How long a key that was replaced may work: longer, and it is likely to be forgotten.
LONGEST_OVERLAP = timedelta(days=30)


def list_keys(tenant_id: int) -> Sequence[ApiKey]:
    """Return all keys of the tenant, oldest first, revoked ones included."""
    with atomic(tenant_id):
        return api_keys.list_keys(tenant_id)


def create_key(
    tenant_id: int, kind: KeyKind, *, actor: str, on_created: Callable[[str], None] = lambda _: None
) -> str:
    """Return a new key in clear: only its hash is stored.

    `on_created` gets it before the key counts: one that could not be shown, as on a full disk, is not created.
    """
    with atomic(tenant_id):
        key = _create(tenant_id, kind, actor=actor)
        on_created(key)
    return key


def create_key_once(tenant_id: int, kind: KeyKind, *, call: Call) -> str:
    """Return a new key in clear for the first call; raises `KeyCreatedBefore` for a repeated one.

    The reply to a repeated call cannot have the key, because only its hash is stored.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            raise KeyCreatedBefore("This call has created a key already.", **claim.reply.body)
        key = _create(tenant_id, kind, actor=call.actor)
        idempotency.finish(tenant_id, claim, StoredReply(200, {"digits": lookup_of(key)}))
    return key


def rotate_key(
    tenant_id: int,
    key: str,
    *,
    overlap: timedelta,
    actor: str,
    on_created: Callable[[str], None] = lambda _: None,
) -> str:
    """Return a new key of the same kind in clear; the old one, named by itself or by its digits, works for `overlap`.

    `on_created` is called as by `create_key`. Raises `NotFound` if there is no such active key, and `KeyReplacedBefore`
    if it was replaced already: the key that replaces it was shown once.
    """
    digits, now = lookup_of(key), utc_now()
    with atomic(tenant_id):
        old = api_keys.lock(tenant_id, digits)
        if old is None or old.revoked_at is not None:
            raise NotFound("There is no such active key.")
        if old.replaced_by_id is not None:
            replaced_by = api_keys.get(tenant_id, old.replaced_by_id).lookup
            raise KeyReplacedBefore(f"{digits} was replaced by {replaced_by} already.", digits=replaced_by)
        created = api_keys.create(tenant_id, old.kind)
        new = api_keys.lock(tenant_id, lookup_of(created))
        assert new is not None  # noqa: S101 - it was just created
        old.replaced_by_id, old.expires_at = new.id, now + overlap
        audit.record(
            tenant_id,
            actor=actor,
            action="api_key_rotated",
            subject=f"api_key:{digits}",
            kind=str(old.kind),
            replaced_by=new.lookup,
            expires_at=old.expires_at.isoformat(),
        )
        on_created(created)
    return created


def _create(tenant_id: int, kind: KeyKind, *, actor: str) -> str:
    key = api_keys.create(tenant_id, kind)
    subject = f"api_key:{lookup_of(key)}"
    audit.record(tenant_id, actor=actor, action="api_key_created", subject=subject, kind=str(kind))
    return key


def revoke_key(tenant_id: int, key: str, *, actor: str) -> None:
    """Revoke a key, named by itself or by its digits; raises `NotFound`."""
    digits = lookup_of(key)
    with atomic(tenant_id):
        if not api_keys.revoke(tenant_id, digits):
            raise NotFound("There is no such active key.")
        audit.record(tenant_id, actor=actor, action="api_key_revoked", subject=f"api_key:{digits}")


def lookup_of(key: str) -> str:
    """Return the digits that identify a key, from the key or from the digits; never its secret part."""
    return key.removeprefix("lum_sk_").removeprefix("lum_pk_")[:16]
