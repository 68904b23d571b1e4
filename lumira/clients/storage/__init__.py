"""Where files are kept: in a bucket of any service that speaks S3, else in a folder of this machine.

What is kept has a name that reveals nothing. Nothing here is called inside a transaction.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from lumira.clients.storage.bucket import Bucket
from lumira.clients.storage.intake import Intake, Readable, Stored
from lumira.clients.storage.kinds import LINK_LIFETIME, Storage, disposition
from lumira.clients.storage.local import LocalFiles
from lumira.database import refuse_inside_transaction

__all__ = [
    "LINK_LIFETIME",
    "Bucket",
    "Readable",
    "Stored",
    "configure",
    "delete",
    "disposition",
    "link",
    "max_bytes",
    "new_name",
    "put",
    "read",
]

#: 50 MiB: twenty-five minutes of good audio.
MAX_BYTES = 50 * 1024 * 1024
_NAME = re.compile(r"t[1-9][0-9]{0,9}/[0-9a-f]{32}")

_configured: list[tuple[Storage, int]] = []


def configure(directory: Path, bucket: Bucket | None = None, *, max_bytes: int = MAX_BYTES) -> None:
    """Keep files in `bucket`, or without one under `directory`; none longer than `max_bytes`."""
    _configured[:] = [(LocalFiles(directory) if bucket is None else _in_bucket(bucket), max_bytes)]


def _in_bucket(bucket: Bucket) -> Storage:
    # Imported here because the SDK is large, and an installation without a bucket never needs it.
    from lumira.clients.storage.s3 import S3Files  # noqa: PLC0415

    return S3Files(bucket)


def new_name(tenant_id: int) -> str:
    """A name for a new object: its tenant's prefix and 122 random bits."""
    return f"t{tenant_id}/{uuid4().hex}"


def max_bytes() -> int:
    """The longest file that is taken."""
    return _configured[0][1]


def put(name: str, stream: Readable, *, content_type: str) -> Stored:
    """Keep what the stream holds under this name, whole or not at all, a piece at a time in memory.

    `FileTooLarge` once it is longer than may be, `StorageUnavailable` if it cannot be kept now.
    """
    storage, limit = _ready(name)
    intake = Intake(stream, limit=limit)
    storage.put(name, intake, content_type=content_type)
    return intake.stored


def read(name: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes of an object from `start` to `end`, the last one included, a piece at a time.

    Opened before it returns: `FileMissing` if there is none, `StorageUnavailable` if it cannot be had now.
    """
    storage, _ = _ready(name)
    return storage.read(name, start=start, end=end)


def link(name: str, *, file_name: str, content_type: str) -> str | None:
    """An address at which anybody can fetch the object for `LINK_LIFETIME`, under this file name.

    `None` where files are kept in a folder: then `read` is what there is.
    """
    storage, _ = _ready(name)
    return storage.link(name, disposition=disposition(file_name), content_type=content_type)


def delete(name: str) -> None:
    """Remove an object, and what a broken upload left of it; one that is not there is gone already."""
    storage, _ = _ready(name)
    storage.delete(name)


def _ready(name: str) -> tuple[Storage, int]:
    refuse_inside_transaction()
    if not _NAME.fullmatch(name):
        raise ValueError("No object of ours has such a name.")
    return _configured[0]
