"""A team's channel: a real HTTP server to which alerts are posted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Channel:
    """What was posted, and the statuses of the next replies (200 if none is named)."""

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Channel]:
    """Run the server during the block."""
    channel = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            channel.posted.append(json.loads(body))
            self.send_response(channel.statuses.pop(0) if channel.statuses else 200)
            self.send_header("Location", channel.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    channel.url = f"http://127.0.0.1:{server.server_port}/services/T000/SECRET-PATH"
    try:
        yield channel
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
