"""The accounts of a tenant's operators: read for an archive, and matched with those of this installation."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from lumira.database import db
from lumira.models import Operator
from lumira.repositories.operators import operators
from lumira.repositories.tenants.tenant_tables import TenantTable


def list_ids(tables: Iterable[TenantTable], tenant_id: int) -> list[UUID]:
    """Return the operators that rows of the tenant name, those who left the team included."""
    found: set[UUID] = set()
    for table in tables:
        for column in table.operators:
            # The names come from the catalog of the database.
            query = f"SELECT DISTINCT {column} FROM {table.name} WHERE tenant_id = :tenant_id AND {column} IS NOT NULL"  # noqa: S608
            found.update(db.session.execute(text(query), {"tenant_id": tenant_id}).scalars())
    return sorted(found)


def find_match(operator_id: UUID, email: str) -> UUID | None:
    """Return this installation's account of the operator: with the same id, else with the same address."""
    operators.enter(operator_id)
    if db.session.get(Operator, operator_id) is not None:
        return operator_id
    return operators.find_id(email)
