"""Imports a tenant from an archive of another installation.

First the archive is read to its end and compared with this installation. Then its files are stored, which no row names
yet. Then all rows are inserted, and compared, in one transaction: until its commit no one sees anything of the tenant,
and a process that is killed leaves nothing but files, which the next import of the archive stores again.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.moving import MoveRefused, UnusableArchive
from lumira.repositories.audit import audit
from lumira.repositories.events import event_partitions
from lumira.repositories.tenants import tenant_rows, tenants
from lumira.services.moving.archive import ArchiveReader, Member
from lumira.services.moving.check_target import Obstacle, find_imported, list_obstacles
from lumira.services.moving.load_rows import RowLoader
from lumira.services.moving.read_archive import Contents, read_archive
from lumira.services.moving.store_files import store_files

#: Events that have no time of Stripe's are stored as of 1970. Older events than these are removed soon.
_OLDEST_MONTH = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import or of its dry run."""

    contents: Contents
    #: What the operator accepted.
    accepted: list[Obstacle]
    #: Operators of the tenant who have an account here already.
    matched_operators: int
    #: Whether the archive was imported before, and nothing was changed.
    is_repeated: bool = False


class _DryRunEnds(Exception):
    """Rolls back the transaction of a dry run."""


def import_tenant(
    path: Path,
    *,
    passphrase: str,
    actor: str,
    accepted: Collection[str] = (),
    is_dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _bytes: None,
) -> Imported:
    """Import a tenant, which is frozen afterwards, or only try to with `is_dry_run`.

    `on_progress` is called with the bytes of the archive that were read since its last call; all are read twice. A
    second import of the same archive changes nothing. Raises `UnusableArchive`, `MoveRefused` and
    `StorageUnavailable`; then nothing of the tenant is visible.
    """
    contents = read_archive(path, passphrase, on_progress)
    if find_imported(contents) is not None:
        return Imported(contents, [], 0, is_repeated=True)
    obstacles = list_obstacles(contents, is_dry_run=is_dry_run)
    _require(obstacles, accepted)
    loader = _load(path, passphrase, contents, actor=actor, is_dry_run=is_dry_run, on_progress=on_progress)
    return Imported(contents, obstacles, loader.matched_operators)


def _require(obstacles: Collection[Obstacle], accepted: Collection[str]) -> None:
    left = [obstacle for obstacle in obstacles if obstacle.accepts_as not in accepted]
    if left:
        raise MoveRefused("\n".join(map(_sentence, left)))


def _sentence(obstacle: Obstacle) -> str:
    accepted = f" (--accept {obstacle.accepts_as} imports it nevertheless)" if obstacle.accepts_as else ""
    return f"{obstacle.sentence}{accepted}"


def _load(
    path: Path,
    passphrase: str,
    contents: Contents,
    *,
    actor: str,
    is_dry_run: bool,
    on_progress: Callable[[int], None],
) -> RowLoader:
    with path.open("rb") as file:
        reader = ArchiveReader(file, passphrase, on_progress)
        if reader.head != contents.head:
            raise UnusableArchive("The archive was changed while it was imported.")
        rest = store_files(reader, contents, is_dry_run=is_dry_run)
        if not is_dry_run:
            _create_months(contents.oldest_event_at)
        try:
            return _load_rows(reader, rest, contents, actor, is_dry_run=is_dry_run)
        except _DryRunEnds as ended:
            loader: RowLoader = ended.args[0]
            return loader


def _create_months(oldest: datetime | None) -> None:
    """Create the months of the events; what no month covers is stored in the default partition."""
    if oldest is not None:
        now = utc_now()
        with atomic(None):
            event_partitions.create_between(max(oldest, now - _OLDEST_MONTH), now)


def _load_rows(
    reader: ArchiveReader,
    members: Iterator[Member],
    contents: Contents,
    actor: str,
    *,
    is_dry_run: bool,
) -> RowLoader:
    with atomic(contents.tenant_id):
        tenant_rows.begin_moving()
        if contents.head["domains"] and (taken := tenants.find_related_domain(contents.head["domains"])):
            raise MoveRefused(
                f"The domain {taken} is above or below one of another tenant here: remove it there first."
            )
        loader = RowLoader(contents)
        for member in members:
            loader.load(reader, member)
        loader.verify()
        tenant = tenants.get(contents.tenant_id)
        tenant.import_id, tenant.export_id = contents.archive_id, None
        archive_id = str(contents.archive_id)
        audit.record(tenant.id, actor=actor, action="tenant_imported", subject="tenant", archive=archive_id)
        if is_dry_run:
            raise _DryRunEnds(loader)
    return loader
