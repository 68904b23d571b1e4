"""Storing a file on its way to its place: known before it exists, and forgotten if it never gets there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.clients.storage import Readable
from lumira.database import atomic
from lumira.domain import file_types
from lumira.repositories import files


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sends it: its own name, believed in nothing, and what it holds."""

    file_name: str
    stream: Readable


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is stored and has no place yet."""

    id: UUID
    #: As it is shown to people once it has its place.
    name: str
    size: int
    sha256: str


def max_upload_bytes() -> int:
    """The longest file that is taken."""
    return storage.max_bytes()


@contextmanager
def stored_file(tenant_id: int, upload: Upload) -> Iterator[StoredFile]:
    """Store what is sent, for a block that gives it its place; if that fails, nothing of it stays.

    `InvalidFile`, `FileTooLarge`, `StorageUnavailable`. A process that dies in between leaves a row by which
    a sweep finds the object.
    """
    name = file_types.displayed_name(upload.file_name)
    stream = _Rejoined(upload.stream)
    content_type = file_types.agreed_type(name, stream.head)
    with atomic(tenant_id):
        file = files.begin(tenant_id, object_name=storage.new_name(tenant_id), content_type=content_type)
    try:
        stored = storage.put(file.object_name, stream, content_type=content_type)
        yield StoredFile(file.id, name, stored.size, stored.sha256)
    except BaseException:
        with atomic(tenant_id):
            files.abandon(tenant_id, file.id)
        raise


class _Rejoined:
    """A stream whose beginning was looked at already."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.head = b""
        while len(self.head) < file_types.HEAD and (piece := stream.read(file_types.HEAD - len(self.head))):
            self.head += piece
        self._left = self.head

    def read(self, size: int, /) -> bytes:
        if not self._left:
            return self._stream.read(size)
        piece, self._left = self._left[:size], self._left[size:]
        return piece
