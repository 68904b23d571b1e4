"""`kill -9`, by plan: of processes that this run started, and of no others."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter

import psutil
import psycopg

from tests.chaos.journal import Journal
from tests.chaos.plan import Kill, Victim
from tests.chaos.stack import Stack

#: Seconds between two kills at least, and how long a victim is waited for that is just being restarted.
_PAUSE = 1.0
_PATIENCE = 30.0


class Killer(threading.Thread):
    """Carries the plan out while purchases go on; `kills` counts what died, by kind."""

    def __init__(self, stack: Stack, kills: tuple[Kill, ...], journal: Journal) -> None:
        super().__init__(name="killer", daemon=True)
        self.kills: Counter[Victim] = Counter()
        self.missed: list[str] = []
        self._stack = stack
        self._plan = kills
        self._journal = journal
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        for kill in self._plan:
            while not self._journal.wait_for_answers(kill.at, timeout=0.5):
                if self._stopping.is_set():
                    return
            self._carry_out(kill)
            if self._stopping.wait(_PAUSE):
                return

    def _carry_out(self, kill: Kill) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._stopping.is_set():
            pid = None
            # The victim may die by itself between the look and the shot, or be down from the last one.
            with contextlib.suppress(psutil.Error, psycopg.Error, ProcessLookupError):
                pid = self._kill(kill)
            if pid is not None:
                self.kills[kill.victim] += 1
                self._journal.tell("killed", victim=kill.victim, pid=pid, at_purchase=self._journal.answered)
                return
            if time.monotonic() > deadline:
                self.missed.append(f"{kill.victim}: none ran for {_PATIENCE:.0f} s")
                return
            time.sleep(0.1)

    def _kill(self, kill: Kill) -> int | None:
        match kill.victim:
            case Victim.POSTMASTER:
                services = [self._stack.postgresql]
            case Victim.WEB_MASTER:
                services = [self._stack.web]
            case Victim.JOB_WORKER:
                services = self._stack.job_workers
            case Victim.WEB_WORKER:
                master = self._stack.web.pid
                children = psutil.Process(master).children() if master is not None else []
                return _shoot([child.pid for child in children], kill.which)
            case Victim.DATABASE_BACKEND:
                return _shoot(self._stack.database.client_backends(), kill.which)
        running = [service for service in services if service.is_running]
        if not running:
            return None
        service = running[int(kill.which * len(running))]
        pid = service.pid
        service.kill(kill.downtime)
        return pid


def _shoot(pids: list[int], which: float) -> int | None:
    """Kill one of several; the parent that made it makes another one."""
    if not pids:
        return None
    pid = pids[int(which * len(pids))]
    os.kill(pid, signal.SIGKILL)
    return pid
