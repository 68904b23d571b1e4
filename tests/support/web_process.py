"""Lumira's web server as in production: Gunicorn with `config/gunicorn.py`, in processes of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings
from tests.benchmarks.processes import gunicorn


@dataclass(frozen=True)
class WebProcess:
    """A running web server."""

    address: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def host_and_port(self) -> tuple[str, int]:
        host, _, port = self.address.partition(":")
        return host, int(port)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log with this event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that works on the tests' database, keys and sandbox."""
    return {
        "DATABASE_URL": settings.database_url,
        "DATABASE_DIRECT_URL": settings.database_direct_url or "",
        "SECRET_KEY": settings.secret_key,
        "LUMIRA_ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
        "LUMIRA_INSTANCE": str(settings.instance_path),
        "STRIPE_API_BASE": settings.stripe_api_base or "",
        "SMTP_URL": "files",
        "RATE_LIMITS": "off",
        "WEB_CONCURRENCY": "1",
    }


@contextmanager
def web_process(settings: Settings, log: Path, **variables: str) -> Iterator[WebProcess]:
    """Run the web server with one process during the block."""
    with gunicorn("wsgi:app", environment(settings) | variables, log) as address:
        yield WebProcess(address, log)
