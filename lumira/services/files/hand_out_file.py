"""Handing a file out: by an address at the service that keeps it, or piece by piece where there is none.

Whether somebody may have it is the caller's question, answered in a transaction that is over by then.
"""

from collections.abc import Iterator

from lumira.clients import storage
from lumira.models import File


def address_of(file: File) -> str | None:
    """An address at which anybody can fetch this file for five minutes; `None` where files are kept here.

    The buyer's browser is told the file's shown name and its type, and saves it rather than shows it.
    `StorageUnavailable`.
    """
    return storage.link(file.object_name, file_name=file.file_name, content_type=file.content_type)


def disposition_of(file_name: str) -> str:
    """`Content-Disposition` for a download that is streamed from here."""
    return storage.disposition(file_name)


def pieces_of(file: File, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The file's bytes from `start` to `end`, the last one included, a piece at a time in memory.

    Opened before it returns: `FileMissing`, `StorageUnavailable`. The length of the whole is `file.size`.
    """
    return storage.read(file.object_name, start=start, end=end)
