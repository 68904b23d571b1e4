"""A tenant's connection to its Dolibarr, loaded whole before the calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from lumira.clients.dolibarr import DolibarrAccount
from lumira.crm.problems import ConnectionStopped
from lumira.domain.crm.reasons import CrmReason
from lumira.encryption import DecryptionError
from lumira.models import CrmConnection, LostDisputePolicy
from lumira.repositories.crm import crm_connections
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and how a tenant's records are written."""

    account: DolibarrAccount
    bank_account_id: int
    payment_type_id: int
    category_id: int | None
    vat_rates: Mapping[str, Any]
    seller: Mapping[str, Any] | None
    lost_disputes: LostDisputePolicy
    time_zone: ZoneInfo


def load_connection(tenant_id: int) -> Connection:
    """Return the tenant's connection; raises `ConnectionStopped` if it is not complete. Inside a transaction."""
    connection, tenant = crm_connections.find(tenant_id), tenants.get(tenant_id)
    if connection is None:
        raise ConnectionStopped(CrmReason.NOT_SET_UP)
    key = _key_of(connection)
    if (
        key is None
        or connection.currency is None
        or connection.bank_account_id is None
        or connection.payment_type_id is None
    ):
        raise ConnectionStopped(CrmReason.NOT_SET_UP)
    return Connection(
        account=DolibarrAccount(
            url=connection.url, key=key, entity=connection.entity, currency=connection.currency
        ),
        bank_account_id=connection.bank_account_id,
        payment_type_id=connection.payment_type_id,
        category_id=connection.category_id,
        vat_rates=dict(connection.vat_rates),
        seller=tenant.seller,
        lost_disputes=connection.lost_disputes,
        time_zone=ZoneInfo(tenant.time_zone),
    )


def _key_of(connection: CrmConnection) -> str | None:
    try:
        return crm_connections.api_key_of(connection)
    except DecryptionError:
        raise ConnectionStopped(CrmReason.KEY_UNREADABLE) from None
