"""The connections of tenants to their Dolibarr, and their keys."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from lumira import encryption
from lumira.database import db
from lumira.models import CrmConnection, Tenant
from lumira.repositories.catalog.catalog_products import FieldChange, differing, write

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


def change(tenant: Tenant, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Give the connection of a locked tenant these values, by the names of its columns; return what changed.

    Creates it if there is none. Another URL drops the key, which was given for the former one, and switches the
    connection off; what changes has to be checked again.
    """
    connection = find(tenant.id)
    if connection is None:
        connection = CrmConnection(tenant_id=tenant.id, **values)
        db.session.add(connection)
        return tuple(
            FieldChange(name, None, value) for name, value in values.items() if value not in (None, {})
        )
    changed = differing(connection, values)
    write(connection, changed)
    if changed:
        forget_check(connection)
    if any(field.name == "url" for field in changed):
        connection.api_key_sealed = connection.set_up_at = connection.currency = None
        tenant.crm_switched_on_at = None
    return changed


def forget_check(connection: CrmConnection) -> None:
    """Require another check: what the last one found may no longer be so."""
    connection.checked_at = connection.findings = None


def remove(tenant_id: int) -> bool:
    """Remove the tenant's connection with its key; `False` if there was none."""
    removed = db.session.execute(
        delete(CrmConnection).where(CrmConnection.tenant_id == tenant_id).returning(CrmConnection.tenant_id)
    )
    return removed.first() is not None


def set_api_key(connection: CrmConnection, api_key: str) -> None:
    """Store the key of Dolibarr's user, encrypted."""
    connection.api_key_sealed = encryption.seal(api_key, tenant_id=connection.tenant_id, purpose=_PURPOSE)


def api_key_of(connection: CrmConnection) -> str | None:
    """Return the key of Dolibarr's user; `None` if none is stored for this URL. Raises `DecryptionError`."""
    if connection.api_key_sealed is None:
        return None
    return encryption.unseal(connection.api_key_sealed, tenant_id=connection.tenant_id, purpose=_PURPOSE)
