"""PgBouncer in transaction mode, in front of the tests' PostgreSQL."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from config.settings import ROOT
from tests.support.tcp_proxy import TcpProxy

_START_TIMEOUT = 60
#: It refuses to run as root; this user exists everywhere and owns nothing.
_USER = "nobody"


@contextmanager
def pgbouncer(directory: Path, server: TcpProxy, url: str, *, login: str, sessions: int) -> Iterator[str]:
    """Yield the URL of a pooler that shares `sessions` sessions of `login` on the server behind the proxy."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        raise RuntimeError("pgbouncer is missing: on Debian and Ubuntu: apt-get install pgbouncer")
    port = _free_port()
    users = directory / "users.txt"
    users.write_text(f'"{login}" ""\n')
    configuration = directory / "pgbouncer.ini"
    # The example that operators copy, with the addresses of this test.
    example = ConfigParser(comment_prefixes=(";",), interpolation=None)
    example.read(ROOT / "deploy" / "pgbouncer.ini")
    example["databases"] = {"*": f"host=127.0.0.1 port={server.port}"}
    example["pgbouncer"].update(
        {
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": str(users),
            "default_pool_size": str(sessions),
            "server_login_retry": "1",
        }
    )
    with configuration.open("w") as file:
        example.write(file)
    # pytest's folders are closed to other users.
    for path in (configuration, users):
        path.chmod(0o644)
    for parent in (directory, *directory.parents):
        if parent.owner() == Path.home().owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    log = (directory / "pgbouncer.log").open("wb")
    process = subprocess.Popen(
        [program, *(("-u", _USER) if Path.home() == Path("/root") else ()), str(configuration)],
        stdout=log,
        stderr=log,
    )
    try:
        _wait_until_it_accepts(port, directory / "pgbouncer.log")
        pooled = make_url(url).set(username=login, host="127.0.0.1", port=port, query={})
        yield pooled.render_as_string(hide_password=False)
    finally:
        process.terminate()
        process.wait()
        log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_accepts(port: int, log: Path) -> None:
    end = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise TimeoutError(f"PgBouncer did not start: {log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
