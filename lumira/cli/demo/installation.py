"""One demo installation: its folder, its ports, and the environment of its processes."""

import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lumira.cli.demo.failure import DemoFailed

HOST = "127.0.0.1"
#: The default tenant, whose keys have no prefix in `demo.env`.
BRAND = "oracle-lumira"
#: The brand that sells carts.
CART_BRAND = "boutique"


@dataclass(frozen=True, slots=True)
class Installation:
    """One demo; all its data is in `directory`."""

    directory: Path
    port: int
    sandbox_port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def database(self) -> Path:
        return self.directory / "postgresql"

    @property
    def outbox(self) -> Path:
        return self.directory / "outbox"

    def environment(self, database_url: str) -> dict[str, str]:
        """Return the complete environment of every process; nothing is inherited from the caller's.

        So neither an exported DATABASE_URL of a real installation nor a proxy's address is ever used.
        """
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TMPDIR": tempfile.gettempdir(),
            "PYTHONUNBUFFERED": "1",
            "FLASK_APP": "wsgi",
            "LUMIRA_ENV": "development",
            "LUMIRA_INSTANCE": str(self.directory),
            "LUMIRA_DEFAULT_TENANT": BRAND,
            "DATABASE_URL": database_url,
            "PUBLIC_URL": self.url,
            "STRIPE_API_BASE": self.sandbox_url,
            # With two, requests and their retries reach different processes, as in production.
            "WEB_CONCURRENCY": "2",
        }


def find_free_port() -> int:
    """Return a port that is currently free."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free_port(port: int, *, option: str) -> None:
    """Raise `DemoFailed`, which names the option, if the port cannot be bound."""
    with socket.socket() as probe:
        # As servers do: connections that ended recently do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoFailed(
                f"Port {port} cannot be used ({error.strerror}): choose another one with {option}."
            ) from error
