"""Streams that are measured, limited and hashed while they are read."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from lumira.errors.files import FileTooLarge

#: Bytes of a file that are in memory at once.
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A stored object: its size in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Readable(Protocol):
    """A stream that is read chunk by chunk: a file, or the body of a request."""

    def read(self, size: int, /) -> bytes: ...


class MeasuredStream:
    """Counts and hashes what is read from a stream; reading past `limit` bytes raises `FileTooLarge`.

    Each read returns as many bytes as requested, and fewer at the end only: an upload to a bucket takes a short read
    for the end of the file.
    """

    def __init__(self, stream: Readable, *, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()

    def read(self, size: int = CHUNK, /) -> bytes:
        parts, missing = [], min(size, self._limit - self._size + 1)
        while missing > 0 and (part := self._stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        chunk = b"".join(parts)
        self._size += len(chunk)
        if self._size > self._limit:
            raise FileTooLarge(f"The file is larger than {self._limit} bytes.", limit=self._limit)
        self._hash.update(chunk)
        return chunk

    @property
    def stored(self) -> StoredObject:
        """Return size and hash of what was read so far."""
        return StoredObject(self._size, self._hash.hexdigest())
