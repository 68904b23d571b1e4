"""The measured processes, started as in production."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: The module and its options that run the web server.
GUNICORN = ("gunicorn", "--config", "config/gunicorn.py")
#: The inherited environment variables: those of every program, none of Lumira's settings.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER")
#: Seconds that a process has to start, and to stop.
_START_WITHIN, _STOP_WITHIN = 60.0, 60.0


def wait_until(condition: Callable[[], bool], *, within: float, what: str, every: float = 0.05) -> None:
    """Return once `condition` is true; raise `TimeoutError` after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Timed out after {within:.0f} s waiting for {what}.")
        time.sleep(every)


@contextmanager
def process(arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a Python module during the block and yield its process id; its output is appended to `log`."""
    child = start(arguments, environment, log)
    try:
        yield child.pid
        if child.poll() is not None:
            raise RuntimeError(
                f"{arguments[0]} ended by itself with exit code {child.returncode}: see {log}."
            )
    finally:
        stop(child)


def start(arguments: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a Python module; its output is appended to `log`."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stop(child: subprocess.Popen[bytes]) -> int:
    """Stop a process as systemd does, with SIGTERM and at last SIGKILL; return its exit code."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        return child.wait(_STOP_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


@contextmanager
def gunicorn(application: str, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run Gunicorn with Lumira's configuration and yield its address once it responds."""
    with web_server(application, environment, log) as (address, _):
        yield address


@contextmanager
def web_server(application: str, environment: Mapping[str, str], log: Path) -> Iterator[tuple[str, int]]:
    """Do the same, and yield the id of its first process too."""
    address = free_address()
    with process([*GUNICORN, application], {**environment, "BIND": address}, log) as pid:
        wait_until_responding(address)
        yield address, pid


def wait_until_responding(address: str) -> None:
    """Return once the web server at this address replies."""
    wait_until(lambda: _responds(address), within=_START_WITHIN, what=f"{address} to respond")


def free_address() -> str:
    """Return an address of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "{}:{}".format(*probe.getsockname())


def _responds(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(16).startswith(b"HTTP/1.1")
    except OSError:
        return False


def free_port() -> int:
    """Return a port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a server accepts connections on this port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
