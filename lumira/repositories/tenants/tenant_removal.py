"""What is removed of a tenant that was moved to another installation, found in the catalog of the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, text, union_all

from lumira.database import db, show_tenant
from lumira.models import AccountingFile, File, Tenant
from lumira.repositories.tenants import tenant_tables

#: Tables whose rows stay, and why. The rows that these refer to stay, too, such as the order of a receipt.
KEPT = {
    "audit_entries": "the log of who did what; the database refuses to remove an entry",
    "audit_links": "its hash chain",
    "ledger_books": "the accounts of exported entries",
    "ledger_entries": "entries that the accountant has",
    "receipt_closings": "signed totals of receipts",
    "receipt_counters": "the last number of each series, which proves that none is missing",
    "receipt_links": "the hash chain over receipts",
    "receipts": "invoices are kept for ten years; the database refuses to remove one",
}
#: Tables whose rows let a caller in, or contain a secret. No other table refers to them: they are removed first.
ACCESS = frozenset(
    {
        "access_links",
        "api_keys",
        "crm_connections",
        "crm_inboxes",
        "operator_invitations",
        "operator_roles",
        "tenant_domains",
        "webhook_secrets",
    }
)
_TENANTS = "tenants"
_MAY_NOT_DELETE = text(
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE NOT has_table_privilege(name, 'DELETE')"
)


@dataclass(frozen=True, slots=True)
class Removal:
    """The removal of one table's rows; `is_repeated` until it finds none, because rows of it refer to each other."""

    table: str
    #: With the parameter `tenant_id`.
    statement: str
    is_repeated: bool

    @property
    def ends_access(self) -> bool:
        """Whether it is done before any other."""
        return self.table in ACCESS


def list_removals() -> list[Removal]:
    """Return the removals in an order that satisfies the foreign keys."""
    moved = [table.name for table in tenant_tables.list_tables()]
    references = [each for each in tenant_tables.read_references() if each.table_name in moved]
    kept = _with_targets(references)
    names = [*tenant_tables.list_not_moved(), *reversed(moved)]
    removals = [
        _removal(name, references if name in kept else ())
        for name in names
        if name not in KEPT and name != _TENANTS
    ]
    return sorted(removals, key=lambda removal: not removal.ends_access)


def find_undeletable(connection: Connection, removals: Sequence[Removal]) -> str | None:
    """Return a table of which the connection's login may not delete rows; `None` if there is none."""
    return connection.execute(_MAY_NOT_DELETE, {"names": [each.table for each in removals]}).scalars().first()


def remove_rows(connection: Connection, removal: Removal, tenant_id: int) -> int:
    """Remove the tenant's rows of one table in the connection's transaction, and return how many there were."""
    # An owner that is no superuser is subject to row-level security.
    show_tenant(connection, tenant_id)
    removed = 0
    while rows := connection.execute(text(removal.statement), {"tenant_id": tenant_id}).rowcount:
        removed += rows
        if not removal.is_repeated:
            break
    return removed


def count_rows(connection: Connection, tenant_id: int, tables: Sequence[str]) -> dict[str, int]:
    """Return how many rows the tenant has in each of these tables that has some."""
    show_tenant(connection, tenant_id)
    counts = {
        # The names come from the catalog of the database.
        name: connection.execute(
            text(f"SELECT count(*) FROM {name} WHERE tenant_id = :tenant_id"),  # noqa: S608
            {"tenant_id": tenant_id},
        ).scalar_one()
        for name in tables
    }
    return {name: rows for name, rows in counts.items() if rows}


def list_objects(tenant_id: int) -> list[str]:
    """Return the names of the tenant's objects in the file storage that rows name."""
    query = union_all(
        *(select(model.object_name).where(model.tenant_id == tenant_id) for model in (File, AccountingFile))
    )
    return list(db.session.execute(query).scalars())


def clear_secrets(tenant: Tenant) -> None:
    """Remove the credentials and addresses from the tenant's own row, which stays."""
    tenant.stripe_secret_key_sealed = tenant.stripe_publishable_key = tenant.stripe_account = None
    tenant.team_webhook_sealed = tenant.team_webhook_host = tenant.team_webhook_format = None
    tenant.alert_email = None


def _with_targets(references: Sequence[Row[Any]]) -> set[str]:
    """The tables that are kept, and all that they refer to."""
    kept: set[str] = set()
    added = set(KEPT)
    while added:
        kept |= added
        added = {each.target for each in references if each.table_name in kept} - kept
    return kept


def _removal(name: str, references: Sequence[Row[Any]]) -> Removal:
    """Remove the rows that no row refers to; without `references`, all rows."""
    pointing = [each for each in references if each.target == name]
    # The names come from the catalog of the database.
    unless = "".join(
        f" AND NOT EXISTS (SELECT FROM {each.table_name} AS r WHERE r.tenant_id = :tenant_id AND "
        + " AND ".join(
            f"r.{column} = t.{target}"
            for column, target in zip(each.columns, each.target_columns, strict=True)
        )
        + ")"
        for each in pointing
    )
    return Removal(
        name,
        f"DELETE FROM {name} AS t WHERE t.tenant_id = :tenant_id{unless}",  # noqa: S608
        is_repeated=any(each.table_name == name for each in pointing),
    )
