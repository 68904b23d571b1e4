"""Web servers that a test stops and restarts, each at its own address."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import Settings
from tests.benchmarks.processes import GUNICORN, free_address, start, stop, wait_until_responding
from tests.support.web_process import environment


class WebServer:
    """Gunicorn at an address that it keeps, also when it is started again."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.address = free_address()
        self.variables = environment(settings) | {"BIND": self.address, "TRUSTED_PROXIES": "1"}
        self._log = directory / f"web-{self.port}.log"
        self.process = self._start()

    @property
    def port(self) -> int:
        return int(self.address.partition(":")[2])

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def _start(self) -> subprocess.Popen[bytes]:
        return start([*GUNICORN, "wsgi:app"], self.variables, self._log)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def is_refusing(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def worker(self) -> int:
        """The id of the one process that serves requests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def restart(self) -> int:
        """Do what `systemctl restart` does; return the exit code of the process that was stopped."""
        code = stop(self.process)
        self.process = self._start()
        return code


@contextmanager
def running(settings: Settings, directory: Path) -> Iterator[WebServer]:
    server = WebServer(settings, directory)
    try:
        wait_until_responding(server.address)
        yield server
    finally:
        stop(server.process)
