"""The Dolibarr of a tenant, as its client calls it."""

from lumira.clients.dolibarr import DolibarrAccount
from lumira.encryption import DecryptionError
from lumira.errors.crm import CrmNotConnected
from lumira.models import CrmConnection, Tenant
from lumira.repositories.crm import crm_connections


def account_of(tenant: Tenant, connection: CrmConnection | None) -> DolibarrAccount:
    """Return where the tenant's Dolibarr is, and its key; inside the caller's transaction.

    Raises `CrmNotConnected` without a connection, without a key, or if no encryption key decrypts it.
    """
    try:
        key = None if connection is None else crm_connections.api_key_of(connection)
    except DecryptionError:
        key = None
    if connection is None or key is None:
        raise CrmNotConnected("Enter the URL and the API key of Dolibarr first.")
    return account_with(tenant, connection, key)


def account_with(tenant: Tenant, connection: CrmConnection, key: str) -> DolibarrAccount:
    """Return where the tenant's Dolibarr is, with a key that is not stored."""
    return DolibarrAccount(connection.url, key, connection.entity, tenant.currency)
