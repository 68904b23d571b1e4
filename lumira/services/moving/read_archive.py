"""Reads an archive to its end before anything of it is used."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from lumira.errors.moving import UnusableArchive
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
    oldest: list[str] = []
    counted: dict[str, int] = {}
    with path.open("rb") as file:
        reader = ArchiveReader(file, passphrase)
        for member in reported(reader.members(), file, on_progress):
            if member.kind == FILE:
                for _ in reader.chunks():
                    pass
            else:
                counted[member.name] = _count(reader, member, oldest)
    if counted != {name: table["rows"] for name, table in reader.totals["tables"].items()}:
        raise UnusableArchive("The archive is not what an export writes: export the tenant again.")
    return Contents(reader.head, reader.totals, datetime.fromisoformat(min(oldest)) if oldest else None)


def reported(
    members: Iterable[Member], file: IO[bytes], on_progress: Callable[[int], None]
) -> Iterator[Member]:
    """Yield members, and report after each how many bytes of the archive were read since the last one."""
    position = 0
    for member in members:
        yield member
        on_progress(file.tell() - position)
        position = file.tell()


def _count(reader: ArchiveReader, member: Member, oldest: list[str]) -> int:
    position = member.values["columns"].index(_EVENT_TIME) if member.name == _EVENTS else None
    rows = 0
    for row in reader.rows():
        rows += 1
        if position is not None and (at := row[position]) is not None:
            # The same zone for all rows: their texts are in the order of their times.
            oldest[:] = [min([at, *oldest])]
    return rows
