"""Which tenant an event of a Connect account belongs to, whichever of the platform's endpoints delivered it."""

from threading import Lock

from cachetools import TTLCache

from lumira.database import atomic
from lumira.domain.stripe.objects import is_storable
from lumira.errors import TenantFrozen
from lumira.repositories.tenants import stripe_accounts, tenants

#: Seconds for which a process may still deliver to the former tenant of an account.
_LIFETIME = 10
_owners: TTLCache[tuple[int, str], int] = TTLCache(maxsize=4096, ttl=_LIFETIME)
_owners_lock = Lock()


def find_cached_owner(tenant_id: int, account: object) -> int | None:
    """Return the owner without a query; `None` if it has to be looked up."""
    if not is_storable(account):
        # An event of the tenant's own account names none.
        return tenant_id
    with _owners_lock:
        return _owners.get((tenant_id, account))


def find_owner(tenant_id: int, account: object) -> int:
    """Return the tenant that sells through this account; the receiving tenant if there is none.

    Only a tenant with the same platform key counts: the signature proves that the event is of that platform, and no
    more. Raises `TenantFrozen`.
    """
    cached = find_cached_owner(tenant_id, account)
    if cached is not None or not is_storable(account):
        return tenant_id if cached is None else cached
    owner_id = _look_up(tenant_id, account)
    with _owners_lock:
        _owners[tenant_id, account] = owner_id
    return owner_id


def _look_up(tenant_id: int, account: str) -> int:
    with atomic(tenant_id):
        receiver = stripe_accounts.find_account(tenant_id)
    if receiver is None or receiver.stripe_account == account:
        return tenant_id
    with atomic(None):
        candidate_ids = tenants.list_ids_by_account(account)
    for candidate_id in candidate_ids:
        with atomic(candidate_id):
            candidate = stripe_accounts.find_account(candidate_id)
            is_frozen = tenants.get(candidate_id).frozen_at is not None
        if candidate is not None and candidate.secret_key == receiver.secret_key:
            if is_frozen:
                raise TenantFrozen
            return candidate_id
    return tenant_id
