"""The demo's child processes: started in separate process groups, monitored, and stopped together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from config.settings import ROOT
from lumira.cli.demo.failure import DemoFailed

#: Lines of a failed child's log that an error message includes.
_TAIL = 20
#: Seconds between two checks of a condition.
_POLL = 0.05
#: Seconds that the children have to stop before they are killed.
_STOP_TIMEOUT = 10.0

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        text = "\n".join(f"  {line}" for line in lines) or "  (empty)"
        return f"The end of {self.log}:\n{text}"


class Processes:
    """Child processes that share an environment; leaving the `with` block stops all of them.

    Each runs in its own session, so Ctrl-C reaches only this process, which stops the children in order.
    """

    def __init__(
        self, logs: Path, environment: Mapping[str, str], *, time_limit: float | None = None
    ) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._deadline = None if time_limit is None else time.monotonic() + time_limit
        self._children: list[_Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str) -> None:
        """Start a Python module as a long-running child; its output goes to `<name>.log`."""
        self._children.append(self._spawn(name, arguments))

    def finish(self, name: str, *arguments: str, within: float = 180.0) -> None:
        """Run a Python module to its end; `DemoFailed`, with the end of its log, if its exit code is not 0."""
        child = self._spawn(name, arguments)
        self._children.append(child)
        self.wait_until(
            lambda: child.process.poll() is not None, what=f"`{name}`", within=within, is_ending=child
        )
        self._children.remove(child)
        if child.process.returncode != 0:
            raise DemoFailed(f"`{name}` failed with exit code {child.process.returncode}. {child.tail()}")

    def _spawn(self, name: str, arguments: tuple[str, ...]) -> _Child:
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own modules, and no shell between
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return _Child(name, process, log)

    def wait_until(
        self,
        condition: Callable[[], _Result | None],
        *,
        what: str,
        within: float = 180.0,
        is_ending: _Child | None = None,
    ) -> _Result:
        """Return the first true result of `condition`; `DemoFailed` if a child ends or after `within` seconds."""
        end = time.monotonic() + within
        if self._deadline is not None:
            end = min(end, self._deadline)
        while True:
            self.check(besides=is_ending)
            result = condition()
            if result:
                return result
            if time.monotonic() >= end:
                raise DemoFailed(f"Timed out waiting for {what}. The logs are in {self._logs}.")
            time.sleep(_POLL)

    def check(self, *, besides: _Child | None = None) -> None:
        """Raise `DemoFailed`, with the end of its log, if a child other than `besides` has ended."""
        for child in self._children:
            if child is not besides and child.process.poll() is not None:
                code = child.process.returncode
                raise DemoFailed(f"The {child.name} process ended with exit code {code}. {child.tail()}")

    def stop(self) -> None:
        """Stop every child with SIGTERM, and kill its process group after ten seconds."""
        for child in reversed(self._children):
            child.process.terminate()
        end = time.monotonic() + _STOP_TIMEOUT
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(end - time.monotonic(), 0))
            # The group also contains processes that the child started and did not stop.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self._children.clear()
