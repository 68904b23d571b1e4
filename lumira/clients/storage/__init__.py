"""Storage of files: in an S3-compatible bucket, or in a local folder if none is configured.

Objects have random names. All functions refuse to run inside a transaction.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from lumira.clients.storage.backend import LINK_LIFETIME, Storage, disposition
from lumira.clients.storage.bucket import Bucket
from lumira.clients.storage.local import LocalFiles
from lumira.clients.storage.streams import MeasuredStream, Readable, StoredObject
from lumira.database import refuse_inside_transaction

__all__ = [
    "LINK_LIFETIME",
    "Bucket",
    "Readable",
    "StoredObject",
    "configure",
    "delete",
    "disposition",
    "link",
    "max_bytes",
    "new_name",
    "put",
    "read",
]

#: 50 MiB: 25 minutes of high-quality audio.
MAX_BYTES = 50 * 1024 * 1024
_NAME = re.compile(r"t[1-9][0-9]{0,9}/[0-9a-f]{32}")

_configured: list[tuple[Storage, int]] = []


def configure(directory: Path, bucket: Bucket | None = None, *, max_bytes: int = MAX_BYTES) -> None:
    """Store files in `bucket`, or under `directory` without one; none larger than `max_bytes`."""
    _configured[:] = [(LocalFiles(directory) if bucket is None else _in_bucket(bucket), max_bytes)]


def _in_bucket(bucket: Bucket) -> Storage:
    # Imported here because the SDK is large, and an installation without a bucket does not need it.
    from lumira.clients.storage.s3 import S3Files  # noqa: PLC0415

    return S3Files(bucket)


def new_name(tenant_id: int) -> str:
    """Return a name for a new object: the tenant's prefix and 122 random bits."""
    return f"t{tenant_id}/{uuid4().hex}"


def max_bytes() -> int:
    """Return the maximum file size in bytes."""
    return _configured[0][1]


def put(name: str, stream: Readable, *, content_type: str, limit: int | None = None) -> StoredObject:
    """Store a stream under this name, completely or not at all, with one chunk at a time in memory.

    Raises `FileTooLarge` if it exceeds the maximum of uploads, or `limit` bytes; `StorageUnavailable`.
    """
    storage, largest_upload = _ready(name)
    measured = MeasuredStream(stream, limit=largest_upload if limit is None else limit)
    storage.put(name, measured, content_type=content_type)
    return measured.stored


def read(name: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Read an object from byte `start` to `end`, both included, chunk by chunk.

    The object is opened before the function returns: raises `FileMissing`, `StorageUnavailable`.
    """
    storage, _ = _ready(name)
    return storage.read(name, start=start, end=end)


def link(name: str, *, file_name: str, content_type: str) -> str | None:
    """Return a presigned URL that serves the object under this file name for `LINK_LIFETIME`.

    `None` for local storage, whose objects are served with `read`.
    """
    storage, _ = _ready(name)
    return storage.link(name, disposition=disposition(file_name), content_type=content_type)


def delete(name: str) -> None:
    """Remove an object and the remains of an interrupted upload; succeeds if it does not exist."""
    storage, _ = _ready(name)
    storage.delete(name)


def _ready(name: str) -> tuple[Storage, int]:
    refuse_inside_transaction()
    if not _NAME.fullmatch(name):
        raise ValueError("This is not the name of a stored object.")
    return _configured[0]
