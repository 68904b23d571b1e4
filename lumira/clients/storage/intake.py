"""What comes in: measured, limited and hashed while it passes."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from lumira.errors import FileTooLarge

#: How much is held in memory of a file that passes through.
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What was kept: its length in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Readable(Protocol):
    """What is read from, piece by piece: a file, or the body of a request."""

    def read(self, size: int, /) -> bytes: ...


class Intake:
    """A stream that knows how long it was and what it held; reading past `limit` raises `FileTooLarge`."""

    def __init__(self, stream: Readable, *, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()

    def read(self, size: int = PIECE, /) -> bytes:
        piece = self._stream.read(min(size, self._limit - self._size + 1))
        self._size += len(piece)
        if self._size > self._limit:
            raise FileTooLarge(f"The file is longer than {self._limit} bytes.", limit=self._limit)
        self._hash.update(piece)
        return piece

    @property
    def stored(self) -> Stored:
        """What has passed so far."""
        return Stored(self._size, self._hash.hexdigest())
