"""What every kind of storage does, and the header that names a download."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote

from lumira.clients.storage.intake import Readable

#: Long enough to begin a download, too short to be passed around.
LINK_LIFETIME = timedelta(minutes=5)


class Storage(Protocol):
    """A place for objects under names of ours."""

    def put(self, name: str, stream: Readable, *, content_type: str) -> None: ...
    def read(self, name: str, *, start: int, end: int | None) -> Iterator[bytes]: ...
    def link(self, name: str, *, disposition: str, content_type: str) -> str | None: ...
    def delete(self, name: str) -> None: ...


def disposition(file_name: str) -> str:
    """`Content-Disposition` of a download (RFC 6266): the name in plain ASCII, and as it is."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_"
        for letter in file_name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
