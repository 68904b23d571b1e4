"""The files of deliverables and contents, as those see them who make them."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.database import atomic
from lumira.errors.files import FileMissing
from lumira.models import File
from lumira.repositories.catalog import contents
from lumira.repositories.fulfilment import files


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that is read from the storage; `size` in bytes, `sha256` in hexadecimal."""

    file: File
    size: int
    sha256: str
    #: The `Content-Disposition` header with the file's name.
    disposition: str

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Read the bytes from `start` to `end`, both included. Raises `FileMissing` or `StorageUnavailable`."""
        return storage.read(self.file.object_name, start=start, end=end)


def open_work_file(tenant_id: int, deliverable_id: UUID, file_id: UUID) -> WorkFile:
    """Return one file of a deliverable, delivered or not; raises `FileMissing`."""
    with atomic(tenant_id):
        file = files.get(tenant_id, file_id)
    if file.deliverable_id != deliverable_id:
        raise FileMissing("There is no such file.")
    return _opened(file)


def open_content_file(tenant_id: int, product_id: str, key: str) -> WorkFile:
    """Return the file of a content of a product; raises `NotFound`, and `FileMissing` without a file."""
    with atomic(tenant_id):
        content = contents.get_content(tenant_id, product_id, key)
        file = files.by_content(tenant_id, [content.id]).get(content.id)
    if file is None:
        raise FileMissing("There is no such file.")
    return _opened(file)


def _opened(file: File) -> WorkFile:
    if file.size is None or file.sha256 is None:
        raise FileMissing("There is no such file.")
    return WorkFile(file, file.size, file.sha256, storage.disposition(file.file_name))
