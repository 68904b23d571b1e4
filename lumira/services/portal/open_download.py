"""Downloads from the portal: whether the link's owner has access is checked for every download."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.files import FileMissing
from lumira.link_tokens import LinkAddress
from lumira.models import File
from lumira.repositories.customers import access_links
from lumira.services.portal.downloadable_files import get_downloadable_file


@dataclass(frozen=True, slots=True)
class Download:
    """A file that may be downloaded now; `size` in bytes, `sha256` in hexadecimal."""

    file: File
    size: int
    sha256: str
    #: A presigned URL that serves the file for five minutes; `None` if files are stored on this server.
    address: str | None
    #: The `Content-Disposition` header with the file's name.
    disposition: str

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Read the bytes from `start` to `end`, both included. Raises `FileMissing` or `StorageUnavailable`."""
        return storage.read(self.file.object_name, start=start, end=end)


def open_download(address: LinkAddress, file_id: UUID) -> Download | None:
    """Return one file that the link's owner may download now; `None` if the link does not open the portal.

    Raises `AccessEnded` if the owner had access before, `FileMissing` for every other file, also of another
    customer, and `StorageUnavailable`.
    """
    with atomic(address.tenant_id):
        owner = access_links.find_link_owner(address.tenant_id, address.link_id)
        if owner is None or not owner.is_admitted(utc_now()):
            return None
        file = get_downloadable_file(address.tenant_id, owner.customer.id, file_id)
    if file.size is None or file.sha256 is None:
        raise FileMissing("There is no such file.")
    url = storage.link(file.object_name, file_name=file.file_name, content_type=file.content_type)
    return Download(file, file.size, file.sha256, url, storage.disposition(file.file_name))
