"""A supervisor that, like systemd, restarts dead processes and stops all of them together."""

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

#: Seconds between two checks for dead processes.
_WATCH_EVERY = 0.05
#: Seconds until a process that died by itself, or failed to start, is restarted.
_USUAL_DOWNTIME = 0.5
#: Seconds that a process has to stop before it is killed.
_STOP_WITHIN = 8.0


@dataclass
class Service:
    """One supervised program."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    user: str | None = None
    #: The signal that stops it.
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    #: When a dead process is restarted, by the monotonic clock.
    restart_at: float | None = None
    #: Seconds between the next death and the restart.
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
                # In its own session, so that Ctrl-C does not reach it and the supervisor stops all in order.
                start_new_session=True,
                user=self.user,
            )

    def kill(self, downtime: float) -> None:
        """Kill the main process; the supervisor restarts it after `downtime` seconds."""
        assert self.process is not None
        self.expected_deaths += 1
        self.downtime = downtime
        self.process.kill()

    def clear(self) -> None:
        """Kill the remaining processes of the group of a dead main process, as systemd does."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Keeps services running until `stop`, which ends all of them."""

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
                    self._restart_if_dead(service)

    def _restart_if_dead(self, service: Service) -> None:
        if service.is_running or service.process is None:
            return
        now = time.monotonic()
        if service.restart_at is None:
            service.restart_at = now + service.downtime
            service.downtime = _USUAL_DOWNTIME
            if service.expected_deaths:
                service.expected_deaths -= 1
            else:
                service.unexpected_deaths.append(f"{service.name}: exit code {service.process.returncode}")
        elif now >= service.restart_at:
            service.clear()
            service.restart_at = None
            service.start()

    def stop(self) -> None:
        """Stop all services, last started first, and kill those that do not stop in time."""
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
        service.process.wait(_STOP_WITHIN)
    service.clear()
    service.process.kill()
    service.process.wait()


def finish(
    name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path, **options: str
) -> None:
    """Run a program to its end; raise `RuntimeError` with the end of its output if it fails."""
    log = logs / f"{name}.log"
    with log.open("ab") as output:
        completed = subprocess.run(
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
    if completed.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise RuntimeError(f"{name} failed with exit code {completed.returncode}:\n{tail}")
