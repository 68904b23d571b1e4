"""Reads an archive to its end before anything of it is used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from lumira.errors.moving import UnusableArchive
from lumira.repositories.tenants.copy_lines import values_of
from lumira.services.moving.archive import FILE, ArchiveReader, Member

#: The table that is partitioned, and the column by which it is.
_EVENTS, _EVENT_TIME = "webhook_events", "stripe_created_at"


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive says about itself, proved complete and unchanged."""

    head: dict[str, Any]
    totals: dict[str, Any]
    #: The time of the oldest event; `None` without events.
    oldest_event_at: datetime | None

    @property
    def archive_id(self) -> UUID:
        return UUID(self.head["archive"])

    @property
    def tenant_id(self) -> int:
        return int(self.head["tenant_id"])

    @property
    def slug(self) -> str:
        return str(self.head["slug"])

    @property
    def is_rehearsal(self) -> bool:
        """Whether the tenant went on selling when it was exported."""
        return bool(self.head["is_rehearsal"])


def read_archive(
    path: Path, passphrase: str, on_progress: Callable[[int], None] = lambda _bytes: None
) -> Contents:
    """Read all of an archive; raises `UnusableArchive` if a byte of it is missing or was changed."""
    oldest: list[bytes] = []
    counted: dict[str, int] = {}
    with path.open("rb") as file:
        reader = ArchiveReader(file, passphrase, on_progress)
        for member in reader.members():
            if member.kind == FILE:
                for _ in reader.chunks():
                    pass
            else:
                counted[member.name] = _count(reader, member, oldest)
    if counted != {name: table["rows"] for name, table in reader.totals["tables"].items()}:
        raise UnusableArchive("The archive is not what an export writes: export the tenant again.")
    oldest_at = datetime.fromisoformat(oldest[0].decode()) if oldest else None
    return Contents(reader.head, reader.totals, oldest_at)


def _count(reader: ArchiveReader, member: Member, oldest: list[bytes]) -> int:
    position = member.values["columns"].index(_EVENT_TIME) if member.name == _EVENTS else None
    rows = 0
    for line in reader.lines():
        rows += 1
        if position is not None and (at := values_of(line)[position]) is not None:
            # The same zone for all rows: their texts are in the order of their times.
            oldest[:] = [min([at, *oldest])]
    return rows
