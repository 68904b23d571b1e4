"""The folder, ports, secrets and process environment of one run."""

import os
import secrets
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from cryptography.fernet import Fernet

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation; all its files are in `directory`."""

    directory: Path
    port: int
    sandbox_port: int
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    encryption_key: str = field(default_factory=lambda: Fernet.generate_key().decode(), repr=False)

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
    def sandbox_state(self) -> Path:
        return self.directory / "sandbox"

    @property
    def outbox(self) -> Path:
        return self.directory / "instance" / "outbox"

    @property
    def database_directory(self) -> Path:
        return self.directory / "postgresql"

    @property
    def socket_directory(self) -> Path:
        return self.directory / "socket"

    def database_url(self, user: str, database: str = "lumira") -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_directory), safe='')}"

    def environment(self) -> dict[str, str]:
        """Return the complete environment of every process; nothing is inherited from the caller."""
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TMPDIR": tempfile.gettempdir(),
            "PYTHONUNBUFFERED": "1",
            "FLASK_APP": "wsgi",
            "LUMIRA_ENV": "production",
            "SMTP_URL": "files",
            "LUMIRA_INSTANCE": str(self.directory / "instance"),
            "DATABASE_URL": self.database_url("lumira_web"),
            "DATABASE_OWNER_URL": self.database_url("lumira_owner"),
            "SECRET_KEY": self.secret_key,
            "LUMIRA_ENCRYPTION_KEYS": self.encryption_key,
            "STRIPE_API_BASE": self.sandbox_url,
            "RATE_LIMITS": "off",
            "WEB_CONCURRENCY": "2",
        }

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def make_installation(parent: Path | None) -> Installation:
    """Return an installation in a new folder with two free ports."""
    directory = Path(tempfile.mkdtemp(prefix="lumira-chaos-", dir=parent))
    # PostgreSQL does not run as root; its account needs access to this folder.
    directory.chmod(0o755)
    (directory / "logs").mkdir()
    (directory / "instance").mkdir()
    return Installation(directory, _free_port(), _free_port())


def module(*arguments: str) -> list[str]:
    """Return the command that runs a Python module with this interpreter."""
    return [sys.executable, "-m", *arguments]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
