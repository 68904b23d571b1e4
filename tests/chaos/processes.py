"""A supervisor as systemd is one: what dies is started again a moment later, and all ends together."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.installation import ROOT

#: Seconds between two looks at what has died.
_WATCH_EVERY = 0.05
#: Seconds until something that died by itself, or did not come up, is started again.
_USUAL_DOWNTIME = 0.5
#: Seconds that processes get to end by themselves before they are killed.
_PATIENCE = 8.0


@dataclass
class Service:
    """One program that is kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    user: str | None = None
    #: How it is asked to end.
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    #: When it is started again, by the monotonic clock, once it was seen dead.
    due: float | None = None
    #: How long it stays down after the next death.
    downtime: float = _USUAL_DOWNTIME
    expected_deaths: int = 0
    unexpected_deaths: list[str] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None and self.is_running else None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.command),
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C reaches only us, and we end them in order.
                start_new_session=True,
                user=self.user,
            )

    def kill(self, downtime: float) -> None:
        """`kill -9`, of the main process alone; the supervisor starts it again after `downtime` seconds."""
        assert self.process is not None
        self.expected_deaths += 1
        self.downtime = downtime
        self.process.kill()

    def clear(self) -> None:
        """Kill what a dead main process has left in its group, as systemd does."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Keeps services running until it is stopped; then every one of them is gone."""

    def __init__(self) -> None:
        self._services: list[Service] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, service: Service) -> Service:
        with self._lock:
            service.start()
            self._services.append(service)
        if not self._thread.is_alive():
            self._thread.start()
        return service

    @property
    def unexpected_deaths(self) -> list[str]:
        return [death for service in self._services for death in service.unexpected_deaths]

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_EVERY):
            with self._lock:
                for service in self._services:
                    self._look_after(service)

    def _look_after(self, service: Service) -> None:
        if service.is_running or service.process is None:
            return
        now = time.monotonic()
        if service.due is None:
            service.due = now + service.downtime
            service.downtime = _USUAL_DOWNTIME
            if service.expected_deaths:
                service.expected_deaths -= 1
            else:
                service.unexpected_deaths.append(f"{service.name}: exit code {service.process.returncode}")
        elif now >= service.due:
            service.clear()
            service.due = None
            service.start()

    def stop(self) -> None:
        """End everything, last started first; what does not end by itself is killed."""
        self._stopping.set()
        with self._lock:
            for service in reversed(self._services):
                _end(service)
            self._services.clear()


def _end(service: Service) -> None:
    if service.process is None:
        return
    if service.is_running:
        service.process.send_signal(service.stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        service.process.wait(_PATIENCE)
    service.clear()
    service.process.kill()
    service.process.wait()


def finish(
    name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path, **options: str
) -> None:
    """Run a program to its end; `RuntimeError` with its last words if that was no success."""
    log = logs / f"{name}.log"
    with log.open("ab") as output:
        done = subprocess.run(
            list(command),
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
            **options,  # type: ignore[call-overload]
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise RuntimeError(f"{name} failed with exit code {done.returncode}:\n{tail}")
