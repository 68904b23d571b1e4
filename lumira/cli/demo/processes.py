"""The demo's child processes: started in groups of their own, watched, and ended together."""

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

#: Lines of a dead child's log that are shown.
_TAIL = 20
#: Seconds between two looks at what is waited for.
_POLL = 0.05
#: Seconds that the children get to end by themselves.
_PATIENCE = 10.0

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        shown = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return f"The end of {self.log}:\n{shown}"


class Processes:
    """Children that share an environment; leaving the `with` block ends every one of them.

    A session of its own for each: Ctrl-C reaches only us, and we end them in order.
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
        """Run a Python module as a child that serves; its output goes to `<name>.log`."""
        self._children.append(self._spawn(name, arguments))

    def finish(self, name: str, *arguments: str) -> None:
        """Run a Python module to its end; `DemoFailed` with its last words if that was no success."""
        child = self._spawn(name, arguments)
        self._children.append(child)
        self.wait_until(lambda: child.process.poll() is not None, what=f"`{name}`", is_ending=child)
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
        condition: Callable[[], _Found | None],
        *,
        what: str,
        within: float = 60.0,
        is_ending: _Child | None = None,
    ) -> _Found:
        """The first true answer of `condition`; `DemoFailed` if a child dies or time runs out before it."""
        end = time.monotonic() + within
        if self._deadline is not None:
            end = min(end, self._deadline)
        while True:
            self.check(besides=is_ending)
            found = condition()
            if found:
                return found
            if time.monotonic() >= end:
                raise DemoFailed(f"Waited too long for {what}. The logs are in {self._logs}.")
            time.sleep(_POLL)

    def check(self, *, besides: _Child | None = None) -> None:
        """`DemoFailed` with its last words if a child has ended, except for the one that is meant to."""
        for child in self._children:
            if child is not besides and child.process.poll() is not None:
                code = child.process.returncode
                raise DemoFailed(f"The {child.name} ended with exit code {code}. {child.tail()}")

    def stop(self) -> None:
        """End every child: first by asking, after ten seconds by force. Nothing of theirs is left running."""
        for child in reversed(self._children):
            child.process.terminate()
        end = time.monotonic() + _PATIENCE
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(end - time.monotonic(), 0))
            # The group also holds what the child started itself, and did not take along.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self._children.clear()
