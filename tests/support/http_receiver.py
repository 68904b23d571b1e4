"""An HTTP server of a test that keeps what is sent to it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module

from tests.support.http_server import Handler, serving


@dataclass
class Receiver:
    """Keeps the path and the body of every request, and replies 200."""

    address: str = ""
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    #: Everything as it was sent: headers, and bodies without their compression.
    raw: bytes = b""

    def keep(self, request: Handler) -> None:
        """Keep a request, and reply."""
        body = request.body()
        match request.headers.get("Content-Encoding"):
            case "gzip":
                body = gzip.decompress(body)
            case "br":
                # A sender uses it only where it is installed.
                body = import_module("brotli").decompress(body)
        self.requests.append((request.path, body))
        self.raw += str(request.headers).encode() + body
        request.reply(200, b"{}")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve until the end of the block."""
    receiver = Receiver()
    with serving(receiver.keep) as receiver.address:
        yield receiver
