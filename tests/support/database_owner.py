"""The owner of a database who changes what the application cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from config.settings import Settings


def url_of(settings: Settings) -> str:
    """Return the address of the owner for the driver."""
    return settings.database_owner_url.replace("postgresql+psycopg:", "postgresql:")


@contextmanager
def database_owner(settings: Settings) -> Iterator[psycopg.Connection]:
    """A session of whoever owns the database and disables its triggers and policies."""
    with psycopg.connect(url_of(settings)) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
