"""A Redis server for one test, which can be killed and restarted."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

#: Seconds within which the server starts.
_START_TIMEOUT = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RedisServer:
    """A server without persistence: its counters are lost when it is killed."""

    directory: Path
    port: int = field(default_factory=_free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it replies."""
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("redis-server is missing: on Debian and Ubuntu: apt-get install redis-server")
        self._process = subprocess.Popen(
            [
                program,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                str(self.directory),
            ],
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + _START_TIMEOUT
        while not self._replies():
            if time.monotonic() > end:
                raise TimeoutError("Redis did not start.")
            time.sleep(0.02)

    def _replies(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the server, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def keys(self) -> list[bytes]:
        """All keys of the server."""
        with redis.Redis.from_url(self.url) as client:
            keys: list[bytes] = client.keys()
            return keys
