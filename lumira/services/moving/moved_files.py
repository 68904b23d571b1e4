"""The objects of a tenant in the file storage that are moved: its files, and the signed heads of its hash chains."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from uuid import UUID

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.files import FileMissing
from lumira.repositories.fulfilment import files
from lumira.repositories.hash_chains import AUDIT, CLOSINGS, RECEIPTS
from lumira.services.chains import heads

_HEAD_TYPE = "application/json"
#: Files of one transaction.
_PAGE = 500


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object with its content, which is `None` if the storage does not have it although a row names it."""

    name: str
    content_type: str
    chunks: Iterator[bytes] | None


def list_stored(tenant_id: int) -> Iterator[StoredFile]:
    """Yield every object that a moved row names, and the heads; each content is read before the next one.

    Those of `NOT_MOVED` tables stay: no row would name them there, and nothing would remove them. Raises
    `StorageUnavailable`.
    """
    for name, content_type in _list_files(tenant_id):
        yield StoredFile(name, content_type, _open(name))
    for name in _list_heads(tenant_id):
        chunks = _open(name)
        if chunks is not None:
            yield StoredFile(name, _HEAD_TYPE, chunks)


def marker_of(tenant_id: int, archive_id: UUID) -> str:
    """Return the name of the object that an export stores beside the files.

    An installation that finds it shares the storage: both would have the same objects, and one removes them.
    """
    return f"t{tenant_id}/{archive_id.hex}"


def is_marked(tenant_id: int, archive_id: UUID) -> bool:
    """Return whether this installation's storage is the one that an archive was exported from."""
    chunks = _open(marker_of(tenant_id, archive_id))
    return chunks is not None and any(chunks)


def mark(tenant_id: int, archive_id: UUID) -> None:
    """Store the marker of an archive. Raises `StorageUnavailable`."""
    content = BytesIO(b"exported")
    storage.put(marker_of(tenant_id, archive_id), content, content_type="text/plain")


def _list_files(tenant_id: int) -> Iterator[tuple[str, str]]:
    after: UUID | None = None
    while True:
        with atomic(tenant_id):
            page = files.list_stored(tenant_id, after=after, limit=_PAGE)
        yield from ((file.object_name, file.content_type) for file in page)
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _list_heads(tenant_id: int) -> Iterator[str]:
    """The names of the heads that a verification compares the chains with."""
    today = utc_now().date()
    for of_chain in (AUDIT, RECEIPTS, CLOSINGS):
        for ago in range(heads.COMPARED_DAYS + 1):
            yield heads.name_of(of_chain, tenant_id, today - timedelta(days=ago))


def _open(name: str) -> Iterator[bytes] | None:
    try:
        return storage.read(name)
    except FileMissing:
        return None
