"""Store an uploaded file: its row exists before its object, and is marked as deleted if the upload fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.clients.storage import Readable
from lumira.database import atomic
from lumira.domain import file_types
from lumira.repositories.fulfilment import files


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file: its untrusted name and its content."""

    file_name: str
    stream: Readable


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file that is not placed yet; `size` in bytes, `sha256` in hexadecimal."""

    id: UUID
    #: The display name, once the file is placed.
    name: str
    size: int
    sha256: str


def max_upload_bytes() -> int:
    """Return the maximum file size in bytes."""
    return storage.max_bytes()


@contextmanager
def stored_file(tenant_id: int, upload: Upload) -> Iterator[StoredFile]:
    """Store an upload for a block that places it; if the block fails, the file is removed.

    Raises `InvalidFile`, `FileTooLarge`, `StorageUnavailable`. If the process dies meanwhile, a sweep finds the
    object by its row.
    """
    name = file_types.displayed_name(upload.file_name)
    stream = _PeekedStream(upload.stream)
    content_type = file_types.content_type_of(name, stream.head)
    with atomic(tenant_id):
        file = files.create_pending(
            tenant_id, object_name=storage.new_name(tenant_id), content_type=content_type
        )
    try:
        stored = storage.put(file.object_name, stream, content_type=content_type)
        yield StoredFile(file.id, name, stored.size, stored.sha256)
    except BaseException:
        with atomic(tenant_id):
            files.abandon(tenant_id, file.id)
        raise


class _PeekedStream:
    """A stream whose first bytes, `head`, were read in advance."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.head = b""
        while len(self.head) < file_types.HEAD_BYTES and (
            chunk := stream.read(file_types.HEAD_BYTES - len(self.head))
        ):
            self.head += chunk
        self._unread = self.head

    def read(self, size: int, /) -> bytes:
        if not self._unread:
            return self._stream.read(size)
        chunk, self._unread = self._unread[:size], self._unread[size:]
        return chunk
