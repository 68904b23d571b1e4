"""Removes a tenant that sells in another installation: its files, and all rows but those that the law keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, create_engine, pool

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.moving import MoveRefused
from lumira.models import Tenant
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenant_removal, tenant_sums, tenant_tables, tenants
from lumira.repositories.tenants.tenant_removal import Removal
from lumira.services.moving.moved_files import marker_of
from lumira.services.moving.removal_code import is_code


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
    code: str = "",
    is_dry_run: bool = False,
    notify: Callable[[str, int], object] = lambda _table, _rows: None,
) -> Removed:
    """Remove the files and rows of a tenant that was moved; `notify` is called with each table and its rows.

    `code` is what the import in the other installation printed. The owner of the tables does it: the application may
    delete no order. It cannot be undone, and the tenant is never resumed here. Safe to repeat: what an interrupted
    removal has left is removed, without the code. A dry run removes everything, counts it and rolls back. Raises
    `MoveRefused`, before anything was changed, and `StorageUnavailable`.
    """
    removed = Removed()
    with atomic(tenant_id):
        _require_exported(tenants.get(tenant_id))
        removals = tenant_removal.list_removals()
        tables = [table.name for table in tenant_tables.list_tables() if table.key == "tenant_id"]
        objects = tenant_removal.list_objects(tenant_id)
    removed.files = len(objects)
    with create_engine(owner_url, poolclass=pool.NullPool, hide_parameters=True).connect() as owner:
        _require_owner(owner, removals)
        if is_dry_run:
            with owner.begin() as dry_run:
                _remove_rows(owner, tenant_id, removals, removed, notify)
                removed.kept = tenant_removal.count_rows(owner, tenant_id, tables)
                dry_run.rollback()
            return removed
        _begin(tenant_id, actor, code)
        ending = [removal for removal in removals if removal.ends_access]
        _remove_rows(owner, tenant_id, ending, removed, notify)
        _delete_files(tenant_id, objects)
        _remove_rows(owner, tenant_id, removals[len(ending) :], removed, notify)
        with owner.begin():
            removed.kept = tenant_removal.count_rows(owner, tenant_id, tables)
    return removed


def _require_exported(tenant: Tenant) -> None:
    if tenant.frozen_at is None or tenant.export_id is None:
        raise MoveRefused(
            f"{tenant.slug} was not moved: it is removed after `flask tenants freeze`, `export`, and the import in "
            "another installation."
        )


def _require_owner(owner: Connection, removals: Sequence[Removal]) -> None:
    """Raise `MoveRefused` if this login may not delete all rows: no removal begins that it cannot complete."""
    with owner.begin():
        lacking = tenant_removal.find_undeletable(owner, removals)
    if lacking is not None:
        raise MoveRefused(
            f"The login of DATABASE_OWNER_URL may not delete rows of {lacking}; nothing was changed. Set it to the "
            "owner of the tables, as for `flask db upgrade`."
        )


def _require_imported(tenant: Tenant, code: str) -> None:
    """Raise `MoveRefused` unless the code proves that an archive of what is here was imported."""
    if not code:
        raise MoveRefused(
            f"Nothing was changed: that {tenant.slug} was imported in the other installation is proved by the code "
            "that `flask tenants import` prints there, also when it is repeated with the same archive. Pass it as "
            "--code."
        )
    if not is_code(code, tenant.id, tenant_sums.read_sums(tenant.id)):
        raise MoveRefused(
            f"Nothing was changed: {code} is not the code of {tenant.slug} as it is here. Copy what `flask tenants "
            "import` printed in the other installation. If the tenant sold here since its export, what it sold is "
            "nowhere else."
        )


def _begin(tenant_id: int, actor: str, code: str) -> None:
    """Record the removal before anything is removed: no part of a tenant sells."""
    with atomic(tenant_id, changes_frozen=True):
        tenant = tenants.lock(tenant_id)
        _require_exported(tenant)
        if tenant.removed_at is None:
            _require_imported(tenant, code)
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
    """Delete the objects before the rows that name them. The signed heads of hash chains stay."""
    with atomic(tenant_id):
        archive_id = tenants.get(tenant_id).export_id
    for name in objects:
        storage.delete(name)
    if archive_id is not None:
        storage.delete(marker_of(tenant_id, archive_id))


def _remove_rows(
    owner: Connection,
    tenant_id: int,
    removals: Sequence[Removal],
    removed: Removed,
    notify: Callable[[str, int], object],
) -> None:
    """Remove the rows of one table after the other: a removal that is interrupted has not to begin anew."""
    for removal in removals:
        # The transaction of a dry run is rolled back as a whole.
        with owner.begin_nested() if owner.in_transaction() else owner.begin():
            rows = tenant_removal.remove_rows(owner, removal, tenant_id)
        if rows:
            removed.rows[removal.table] = rows
            notify(removal.table, rows)
