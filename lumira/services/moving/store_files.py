"""Stores the files of an archive, from whichever storage they were read."""

from collections.abc import Iterator
from itertools import chain

from lumira.clients import storage
from lumira.errors.moving import UnusableArchive
from lumira.services.moving.archive import FILE, ArchiveReader, Member
from lumira.services.moving.read_archive import Contents


def store_files(reader: ArchiveReader, contents: Contents, *, is_dry_run: bool = False) -> Iterator[Member]:
    """Store the files, which come first, and return the other members; a dry run only reads them.

    A file that was stored before is stored again. Raises `UnusableArchive`, `StorageUnavailable`.
    """
    # They were stored there: what may be uploaded here is another question.
    largest = int(contents.totals["largest"])
    members = reader.members()
    for member in members:
        if member.kind != FILE:
            return chain([member], members)
        if not member.name.startswith(f"t{contents.tenant_id}/"):
            raise UnusableArchive("The archive has a file of another tenant.")
        if is_dry_run:
            for _ in reader.chunks():
                pass
        else:
            stream = _ChunkStream(reader.chunks())
            storage.put(member.name, stream, content_type=member.values["content_type"], limit=largest)
    return iter(())


class _ChunkStream:
    """The chunks of an archive as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
