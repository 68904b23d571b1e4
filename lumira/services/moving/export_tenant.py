"""Writes a tenant with all its rows and files into one encrypted archive."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID, uuid4

from lumira import link_tokens
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.moving import MoveRefused
from lumira.models import Tenant
from lumira.repositories.audit import audit
from lumira.repositories.operators import moved_operators, operators
from lumira.repositories.tenants import tenant_rows, tenant_sums, tenant_tables, tenants
from lumira.repositories.tenants.tenant_tables import TenantTable
from lumira.services.moving import archive, archive_stream, key_proofs, moved_files
from lumira.services.moving.archive import ArchiveWriter, Member
from lumira.services.moving.removal_code import make_code
from lumira.services.moving.sealed_values import opened
from lumira.services.moving.stillness import wait_until_still


@dataclass(slots=True)
class Totals:
    """What an archive contains."""

    #: Rows and digest, by table.
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    largest: int = 0
    #: Objects that a row names and the storage does not have.
    missing: list[str] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)
    #: Printed by the import of the archive, and required by the removal of the tenant here.
    removal_code: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return them as they stand at the end of an archive."""
        return {name: getattr(self, name) for name in Totals.__slots__}


@dataclass(frozen=True, slots=True)
class Exported:
    """A written archive."""

    archive_id: UUID
    is_rehearsal: bool
    currency: str
    totals: Totals


def export_tenant(
    file: IO[bytes],
    tenant_id: int,
    *,
    passphrase: str,
    software: str,
    actor: str,
    is_rehearsal: bool = False,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Exported:
    """Write the tenant to `file`, with one chunk at a time in memory; return what was written.

    All rows are read in one snapshot. The tenant must be frozen, unless `is_rehearsal`: such an archive can only be
    imported as a dry run. Raises `MoveRefused`, `StorageUnavailable`.
    """
    # Before the export is recorded, after which the tenant is not resumed by accident.
    archive_stream.check_passphrase(passphrase)
    head = _begin(tenant_id, software=software, actor=actor, is_rehearsal=is_rehearsal)
    writer = ArchiveWriter(file, passphrase, head)
    totals = Totals()
    _write_files(writer, tenant_id, totals)
    if totals.files and not is_rehearsal:
        moved_files.mark(tenant_id, UUID(head["archive"]))
    with atomic(tenant_id, is_snapshot=True):
        tenant_rows.begin_moving()
        _require_still_exported(tenant_id, head)
        tables = tenant_tables.list_tables()
        totals.sums = tenant_sums.read_sums(tenant_id)
        totals.removal_code = make_code(tenant_id, totals.sums)
        _write_operators(writer, moved_operators.list_ids(tables, tenant_id), totals)
        for table in tables:
            lines = opened(table, table.columns, tenant_rows.read_in_order(table, tenant_id))
            digest = writer.write_rows(_member(archive.TABLE, table), lines, on_progress)
            totals.tables[table.name] = digest.as_json()
    writer.end(totals.as_json())
    return Exported(UUID(head["archive"]), head["is_rehearsal"], head["currency"], totals)


def count_rows(tenant_id: int) -> int:
    """Return how many rows an export reads, for its progress."""
    with atomic(tenant_id, is_snapshot=True):
        return sum(tenant_rows.count(table, tenant_id) for table in tenant_tables.list_tables())


def _begin(tenant_id: int, *, software: str, actor: str, is_rehearsal: bool) -> dict[str, Any]:
    """Record the export, wait until the tenant is still, and return the head of the archive."""
    archive_id = uuid4()
    with atomic(tenant_id, changes_frozen=True):
        tenant = tenants.lock(tenant_id)
        frozen_at = tenant.frozen_at
        if tenant.removed_at is not None:
            raise MoveRefused(_removed(tenant))
        if frozen_at is None and not is_rehearsal:
            raise MoveRefused(
                f"{tenant.slug} still sells: run `flask tenants freeze {tenant.slug}` first, or export with "
                "--rehearsal for a dry run of the import."
            )
        if frozen_at is not None:
            tenant.export_id = archive_id
        audit.record(
            tenant_id, actor=actor, action="tenant_exported", subject="tenant", archive=str(archive_id)
        )
        head = _head(tenant, archive_id, software)
    if frozen_at is not None:
        wait_until_still(frozen_at)
    return head


def _require_still_exported(tenant_id: int, head: dict[str, Any]) -> None:
    """Raise `MoveRefused` if the tenant was resumed or removed since the export began: it may sell, or lack rows."""
    tenant = tenants.get(tenant_id)
    if tenant.removed_at is not None:
        raise MoveRefused(_removed(tenant))
    if not head["is_rehearsal"] and str(tenant.export_id) != head["archive"]:
        raise MoveRefused(
            f"{tenant.slug} was resumed or exported again meanwhile: run `flask tenants freeze {tenant.slug}`, and "
            "export it again."
        )


def _removed(tenant: Tenant) -> str:
    return f"{tenant.slug} was removed: it is in the installation that it was moved to."


def _head(tenant: Tenant, archive_id: UUID, software: str) -> dict[str, Any]:
    return {
        "archive": str(archive_id),
        "software": software,
        "revision": tenant_tables.read_revision(),
        "exported_at": utc_now().isoformat(timespec="seconds"),
        "is_rehearsal": tenant.frozen_at is None,
        "tenant_id": tenant.id,
        "slug": tenant.slug,
        "currency": tenant.currency,
        "domains": tenants.list_domains(tenant.id),
        "public_url": link_tokens.public_url_of(""),
        "has_erased": tenant.last_erasure_at is not None,
        "key_proofs": key_proofs.make_proofs(),
    }


def _member(kind: str, table: TenantTable) -> Member:
    return Member(kind, table.name, {"columns": list(table.columns)})


def _write_files(writer: ArchiveWriter, tenant_id: int, totals: Totals) -> None:
    for stored in moved_files.list_stored(tenant_id):
        if stored.chunks is None:
            totals.missing.append(stored.name)
            continue
        member = Member(archive.FILE, stored.name, {"content_type": stored.content_type})
        size = writer.write_file(member, stored.chunks)["size"]
        totals.files += 1
        totals.bytes += size
        totals.largest = max(totals.largest, size)


def _write_operators(writer: ArchiveWriter, operator_ids: list[UUID], totals: Totals) -> None:
    for table in tenant_tables.list_operator_tables():
        lines = (line for operator_id in operator_ids for line in _rows_of_operator(table, operator_id))
        digest = writer.write_rows(_member(archive.OPERATORS, table), opened(table, table.columns, lines))
        totals.tables[table.name] = digest.as_json()


def _rows_of_operator(table: TenantTable, operator_id: UUID) -> Iterator[bytes]:
    operators.enter(operator_id)
    return tenant_rows.read_in_order(table, operator_id)
