"""The connections of tenants to their Dolibarr, and their keys."""

from sqlalchemy import select

from lumira import encryption
from lumira.database import db
from lumira.models import CrmConnection

_PURPOSE = "crm_api_key"


def find(tenant_id: int) -> CrmConnection | None:
    """Return the tenant's connection, switched on or not; `None` without one."""
    return db.session.get(CrmConnection, tenant_id)


def lock(tenant_id: int) -> CrmConnection | None:
    """Return the tenant's connection, locked until the transaction ends; `None` without one."""
    return db.session.execute(
        select(CrmConnection)
        .where(CrmConnection.tenant_id == tenant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def set_api_key(connection: CrmConnection, api_key: str) -> None:
    """Store the key of Dolibarr's user, encrypted."""
    connection.api_key_sealed = encryption.seal(api_key, tenant_id=connection.tenant_id, purpose=_PURPOSE)


def api_key_of(connection: CrmConnection) -> str | None:
    """Return the key of Dolibarr's user; `None` if none is stored for this URL. Raises `DecryptionError`."""
    if connection.api_key_sealed is None:
        return None
    return encryption.unseal(connection.api_key_sealed, tenant_id=connection.tenant_id, purpose=_PURPOSE)
