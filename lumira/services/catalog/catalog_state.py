"""What a tenant's catalog replies depend on, read in one statement that is its own transaction."""

import json
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from lumira.errors.tenants import TenantNotFound
from lumira.single_statements import read_alone

_READ = "SELECT created_at, version, available FROM lumira_catalog_state({})"


@dataclass(frozen=True, slots=True)
class CatalogState:
    """The version of a tenant's catalog, and its available units, which change without a new version.

    As PostgreSQL writes them: they are compared far more often than read.
    """

    #: When the tenant was created: another database may have the same tenant at the same version.
    created_at: bytes
    version: bytes
    #: The units that can be bought now, by product id, as JSON; `None` if no product has been counted.
    available: bytes | None

    def units(self) -> dict[str, int]:
        """The units that can be bought now, by product id."""
        units: dict[str, int] = json.loads(self.available or b"{}")
        return units


def read_state(tenant_id: int) -> CatalogState:
    """The state of the tenant's catalog now; raises `TenantNotFound`.

    Row-level security applies: the statement sets its tenant, for itself alone.
    """
    created_at, version, available = _read(int(tenant_id))
    if created_at is None or version is None:
        raise TenantNotFound("This tenant does not exist.")
    return CatalogState(created_at, version, available)


def _read(tenant_id: int) -> list[bytes | None]:
    statement = _READ.format(tenant_id)
    try:
        return read_alone(statement)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    # The server closed the connection since its last use, and the pool has dropped all connections that are as old.
    return read_alone(statement)
