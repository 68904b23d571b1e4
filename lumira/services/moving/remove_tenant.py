"""Removes a tenant that sells in another installation: its files, and all rows but those that the law keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, pool, text

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.moving import MoveRefused
from lumira.models import Tenant
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenant_removal, tenant_tables, tenants
from lumira.repositories.tenants.tenant_removal import Removal
from lumira.services.moving.moved_files import marker_of


@dataclass(slots=True)
class Removed:
    """Rows by table: those that were removed, or would be, and those that stay; and files that were removed."""

    rows: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    files: int = 0


def remove_tenant(
    owner_url: str,
    tenant_id: int,
    *,
    actor: str,
    is_dry_run: bool = False,
    notify: Callable[[str, int], object] = lambda _table, _rows: None,
) -> Removed:
    """Remove the files and rows of a tenant that was exported; `notify` is called with each table and its rows.

    The owner of the tables does it: the application may delete no order. It cannot be undone, and the tenant is never
    resumed here. Safe to repeat: what an interrupted removal has left is removed. A dry run removes everything, counts
    it and rolls back. Raises `MoveRefused`, `StorageUnavailable`.
    """
    removed = Removed()
    with atomic(tenant_id):
        _require_exported(tenants.get(tenant_id))
        removals = tenant_removal.list_removals()
        objects = tenant_removal.list_objects(tenant_id)
    removed.files = len(objects)
    if not is_dry_run:
        _begin(tenant_id, actor)
        _delete_files(tenant_id, objects)
    _remove_rows(owner_url, tenant_id, removals, removed, is_dry_run=is_dry_run, notify=notify)
    return removed


def _require_exported(tenant: Tenant) -> None:
    if tenant.frozen_at is None or tenant.export_id is None:
        raise MoveRefused(
            f"{tenant.slug} was not moved: it is removed after `flask tenants freeze`, `export`, and the import in "
            "another installation."
        )


def _begin(tenant_id: int, actor: str) -> None:
    """Record the removal before anything is removed: no part of a tenant sells."""
    with atomic(tenant_id, changes_frozen=True):
        tenant = tenants.lock(tenant_id)
        _require_exported(tenant)
        if tenant.removed_at is None:
            tenant.removed_at = utc_now()
            tenant_removal.clear_secrets(tenant)
            audit.record(
                tenant_id,
                actor=actor,
                action="tenant_removed",
                subject="tenant",
                archive=str(tenant.export_id),
            )


def _delete_files(tenant_id: int, objects: list[str]) -> None:
    """Delete the objects first: their names are lost with the rows. The signed heads of hash chains stay."""
    with atomic(tenant_id):
        archive_id = tenants.get(tenant_id).export_id
    for name in objects:
        storage.delete(name)
    if archive_id is not None:
        storage.delete(marker_of(tenant_id, archive_id))


def _remove_rows(
    owner_url: str,
    tenant_id: int,
    removals: list[Removal],
    removed: Removed,
    *,
    is_dry_run: bool,
    notify: Callable[[str, int], object],
) -> None:
    engine = create_engine(owner_url, poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        for removal in removals:
            _enter(connection, tenant_id)
            rows = _run(connection, removal, tenant_id)
            if rows:
                removed.rows[removal.table] = rows
                notify(removal.table, rows)
            # One table after the other: a removal that is interrupted has not to begin anew.
            if not is_dry_run:
                connection.commit()
        _enter(connection, tenant_id)
        removed.kept = _count_kept(connection, tenant_id)
        connection.rollback()


def _enter(connection: Connection, tenant_id: int) -> None:
    # An owner that is no superuser is subject to row-level security.
    connection.execute(text("SELECT lumira_set_tenant(:tenant_id)"), {"tenant_id": tenant_id})


def _run(connection: Connection, removal: Removal, tenant_id: int) -> int:
    removed = 0
    while rows := connection.execute(text(removal.statement), {"tenant_id": tenant_id}).rowcount:
        removed += rows
        if not removal.is_repeated:
            break
    return removed


def _count_kept(connection: Connection, tenant_id: int) -> dict[str, int]:
    with atomic(tenant_id):
        names = [table.name for table in tenant_tables.list_tables() if table.key == "tenant_id"]
    counts = {
        # The names come from the catalog of the database.
        name: connection.execute(
            text(f"SELECT count(*) FROM {name} WHERE tenant_id = :tenant_id"),  # noqa: S608
            {"tenant_id": tenant_id},
        ).scalar_one()
        for name in names
    }
    return {name: rows for name, rows in counts.items() if rows}
