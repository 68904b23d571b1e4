"""A request while it arrives: whether it is whole."""

import re

#: Bytes of a body that is kept in memory until it is whole: Stripe's largest delivery. File uploads are longer.
LARGEST_IN_MEMORY = 1024 * 1024
#: Bytes of the request line and the headers.
_LARGEST_HEADERS = 64 * 1024

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)
#: A body without a length, or one that the client sends only when it is asked to.
_WITHOUT_LENGTH = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)


class ReceivedRequest:
    """The bytes of one request that have arrived, and those of the next one, if the client sent it ahead."""

    def __init__(self, began_at: float, data: bytes) -> None:
        self.began_at = began_at
        self.data = bytearray()
        self._length: int | None = None
        #: Whether a thread receives the rest of the body.
        self.is_streamed = False
        self.add(data)

    def add(self, data: bytes) -> None:
        """Add bytes that arrived."""
        # The end of the headers may have begun in the bytes before.
        searched = max(0, len(self.data) - len(_END_OF_HEADERS))
        self.data += data
        if self._length is not None:
            return
        end = self.data.find(_END_OF_HEADERS, searched)
        if end < 0:
            return
        length = _LENGTH.search(self.data, 0, end + 2)
        body = int(length[1]) if length else 0
        self._length = end + len(_END_OF_HEADERS) + body
        self.is_streamed = body > LARGEST_IN_MEMORY or _WITHOUT_LENGTH.search(self.data, 0, end) is not None

    @property
    def is_ready(self) -> bool:
        """Whether a thread can begin: the request is whole, or its headers are and its body is streamed."""
        return self._length is not None and (self.is_streamed or len(self.data) >= self._length)

    @property
    def missing(self) -> int:
        """Bytes that have not arrived, as far as the headers say."""
        return max(0, (self._length or 0) - len(self.data))

    @property
    def has_too_long_headers(self) -> bool:
        return self._length is None and len(self.data) > _LARGEST_HEADERS
