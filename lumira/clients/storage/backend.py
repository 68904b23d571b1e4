"""The interface of a storage backend, and the header that names a download."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote

from lumira.clients.storage.streams import Readable

#: Long enough to begin a download, too short to be shared.
LINK_LIFETIME = timedelta(minutes=5)


class Storage(Protocol):
    """A backend that stores objects by name."""

    def put(self, name: str, stream: Readable, *, content_type: str) -> None: ...
    def read(self, name: str, *, start: int, end: int | None) -> Iterator[bytes]: ...
    def link(self, name: str, *, disposition: str, content_type: str) -> str | None: ...
    def delete(self, name: str) -> None: ...


def disposition(file_name: str) -> str:
    """Return the `Content-Disposition` header of a download (RFC 6266): the name as ASCII, and as UTF-8."""
    plain = "".join(
        character if character.isascii() and character.isprintable() and character not in '"\\%' else "_"
        for character in file_name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
