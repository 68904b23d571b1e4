"""The API keys of a tenant: listed, created and revoked, each change audited."""

from collections.abc import Callable, Sequence

from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import ApiKey, KeyKind
from lumira.repositories import api_keys, audit


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
        key = api_keys.create(tenant_id, kind)
        subject = f"api_key:{lookup_of(key)}"
        audit.record(tenant_id, actor=actor, action="api_key_created", subject=subject, kind=str(kind))
        on_created(key)
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
