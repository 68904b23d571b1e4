"""The secrets and the database of a development checkout."""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet


def secrets_of_checkout(instance_path: Path) -> dict[str, str]:
    """Return secrets that are created once per checkout: a later start decrypts what an earlier one encrypted."""
    path = instance_path / "development-secrets.json"
    if not path.exists():
        instance_path.mkdir(parents=True, exist_ok=True)
        created = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "LUMIRA_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(created))
        try:
            # Linking fails if the file exists: of two concurrent first starts, one creates the secrets.
            path.hardlink_to(draft)
        except FileExistsError:
            return secrets_of_checkout(instance_path)
        finally:
            draft.unlink()
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def embedded_database(instance_path: Path) -> str:
    """Start the embedded PostgreSQL of the checkout and return its URL."""
    # Imported here because the package is a development requirement that production does not install.
    from config import embedded_postgresql  # noqa: PLC0415

    return embedded_postgresql.start(instance_path / "postgresql")
