"""A second installation: another database server, other keys and another file storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cryptography.fernet import Fernet
from flask import Flask

from config import embedded_postgresql
from config.settings import Settings
from lumira import create_app
from lumira.database import db
from tests.support import postgresql


def settings_of_second(first: Settings, directory: Path) -> Settings:
    """Settings of an installation that was prepared for the tenants of the first one: it accepts their keys."""
    url = postgresql.create_database(directory, "lumira_second")
    return replace(
        first,
        database_url=url,
        database_owner_url=url,
        secret_key="only-for-the-second-0123456789abcdef",
        secret_key_fallbacks=(first.secret_key,),
        encryption_keys=(Fernet.generate_key().decode(), *first.encryption_keys),
        instance_path=directory / "instance",
    )


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    """The application with these settings, which hold for the whole process until another one is made."""
    app = create_app(settings)
    app.testing = True
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def stop(directory: Path) -> None:
    """Stop the database server of the second installation."""
    embedded_postgresql.stop(directory / "postgresql")
