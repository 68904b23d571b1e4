"""A small HTTP/1.1 server for the sandbox: keep-alive, one thread per connection, dropped connections."""

import contextlib
import io
import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_to_bytes

from lumira.sandbox import create_sandbox
from lumira.sandbox.app import Sandbox
from lumira.sandbox.errors import ConnectionDroppedError

log = logging.getLogger(__name__)

#: An idle connection is closed after this long.
_IDLE_SECONDS = 30
#: How long a stop waits for requests that are still running.
_JOIN_SECONDS = 0.5
_MAX_BODY_BYTES = 2 * 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    """One connection: passes each request to the WSGI application and writes the response."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    timeout = _IDLE_SECONDS
    # Without it a small reply waits for the peer's delayed acknowledgement.
    disable_nagle_algorithm = True
    server: "_Server"

    def __getattr__(self, name: str) -> Any:
        # Every method goes to the application, which responds 405 where one is not allowed.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        try:
            status, headers, chunks = self._call(body)
        except ConnectionDroppedError:
            self._drop_connection()
            return
        payload = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if not any(name.lower() == "date" for name, _ in headers):
            self.send_header("Date", self.date_time_string())
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD" and int(code) not in (204, 304):
            self.wfile.write(payload)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            self.send_error(413 if length.isdigit() and int(length) > _MAX_BODY_BYTES else 400)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # A truncated request must have no effect.
            self._drop_connection()
            return None
        return body

    def _call(self, body: bytes) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
            started.append((status, headers))
            return None

        chunks = list(self.server.sandbox.wsgi_app(self._environ(body), start_response))
        status, headers = started[-1]
        return status, headers, chunks

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": _decoded(path),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _drop_connection(self) -> None:
        """Close the socket without a response, as a broken network would."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Respond to invalid HTTP with an error in Stripe's format."""
        error = {"error": {"message": message or "Bad request", "type": "invalid_request_error"}}
        payload = json.dumps(error, indent=2).encode()
        self.close_connection = True
        self.send_response_only(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        log.debug(format, *args)


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


class _Server(ThreadingHTTPServer):
    """Tracks open connections, so that a stop closes every one of them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    sandbox: Sandbox

    def __init__(self, address: tuple[str, int]) -> None:
        self._open: set[Any] = set()
        self._serving: set[threading.Thread] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
            self._serving.add(threading.current_thread())
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)
                self._serving.discard(threading.current_thread())

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        # A closed or idle connection is normal; any other error is logged instead of printed.
        error = sys.exception()
        if not isinstance(error, OSError):
            log.error("connection_failed", exc_info=error)

    def close_connections(self) -> None:
        """Close every connection and wait up to ``_JOIN_SECONDS`` for the threads."""
        with self._guard:
            connections, threads = list(self._open), list(self._serving)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))


class SandboxServer:
    """The sandbox over HTTP, in a thread of this process.

    Use it as a context manager, or call ``start`` and ``stop``; ``url`` is its address.
    """

    def __init__(self, state_directory: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._directory = state_directory
        self._address = (host, port)
        self._server: _Server | None = None
        self._sandbox: Sandbox | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address, such as ``http://127.0.0.1:12111``."""
        host, port = self._address
        return f"http://{host}:{port}"

    def start(self) -> Self:
        """Start serving; after a stop, it starts again with the same address and the same state.

        Raises ``OSError`` if the address cannot be bound.
        """
        # The address first: a second sandbox that cannot bind it must not touch the state of the first.
        self._server = _Server(self._address)
        self._address = (self._address[0], self._server.server_address[1])
        try:
            self._sandbox = self._server.sandbox = create_sandbox(self._directory)
        except BaseException:
            self._server.server_close()
            raise
        self._sandbox.base_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sandbox-http",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the socket, every connection and the state file; safe to call twice."""
        if self._server is None or self._sandbox is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self._sandbox.close()
        self._server = self._sandbox = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
