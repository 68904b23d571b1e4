"""The measured processes, started as an operator starts them."""

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
#: Of the operator's environment only what every program needs: no setting of an installation gets in.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER")
#: Seconds that a process gets to come up, and to end by itself.
_STARTING, _ENDING = 60.0, 60.0


def eventually(is_so: Callable[[], bool], *, within: float, what: str, every: float = 0.05) -> None:
    """Return once it is so; `TimeoutError` if it is not in time."""
    end = time.monotonic() + within
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"Waited {within:.0f} s in vain for {what}.")
        time.sleep(every)


@contextmanager
def process(arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a Python module while the block runs; its process id. What it says goes to `log`, as to a journal."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield child.pid
        if child.poll() is not None:
            raise RuntimeError(f"{arguments[0]} ended by itself with {child.returncode}: see {log}.")
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        try:
            child.wait(_ENDING)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def gunicorn(application: str, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """A web server under Lumira's own configuration, answering; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*probe.getsockname())
    arguments = ["gunicorn", "--config", "config/gunicorn.py", application]
    with process(arguments, {**environment, "BIND": address}, log):
        eventually(lambda: _answers(address), within=_STARTING, what=f"{application} to answer")
        yield address


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(16).startswith(b"HTTP/1.1")
    except OSError:
        return False
