"""Kill processes of this run with SIGKILL, as planned."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter

import psutil  # type: ignore[import-untyped]
import psycopg

from tests.chaos.plan import Kill, Victim
from tests.chaos.purchase_log import PurchaseLog
from tests.chaos.stack import Stack

#: Minimum seconds between two kills, and seconds to wait for a victim that is being restarted.
_PAUSE = 1.0
_WAIT_AT_MOST = 30.0


class Killer(threading.Thread):
    """Carries out the kills while purchases are made; `kills` counts them by victim."""

    def __init__(self, stack: Stack, kills: tuple[Kill, ...], purchase_log: PurchaseLog) -> None:
        super().__init__(name="killer", daemon=True)
        self.kills: Counter[Victim] = Counter()
        self.missed: list[str] = []
        self._stack = stack
        self._plan = kills
        self._purchase_log = purchase_log
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        for kill in self._plan:
            while not self._purchase_log.wait_for_responses(kill.at, timeout=0.5):
                if self._stopping.is_set():
                    return
            self._carry_out(kill)
            if self._stopping.wait(_PAUSE):
                return

    def _carry_out(self, kill: Kill) -> None:
        deadline = time.monotonic() + _WAIT_AT_MOST
        while not self._stopping.is_set():
            pid = None
            # The victim may end by itself just before the kill, or still be down from the previous one.
            with contextlib.suppress(psutil.Error, psycopg.Error, ProcessLookupError):
                pid = self._kill(kill)
            if pid is not None:
                self.kills[kill.victim] += 1
                self._purchase_log.write(
                    "killed", victim=kill.victim, pid=pid, at_purchase=self._purchase_log.responses
                )
                return
            if time.monotonic() > deadline:
                self.missed.append(f"{kill.victim}: none ran for {_WAIT_AT_MOST:.0f} s")
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
                return _kill_process([child.pid for child in children], kill.which)
            case Victim.DATABASE_BACKEND:
                return _kill_process(self._stack.database.client_backends(), kill.which)
        running = [service for service in services if service.is_running]
        if not running:
            return None
        service = running[int(kill.which * len(running))]
        pid = service.pid
        service.kill(kill.downtime)
        return pid


def _kill_process(pids: list[int], which: float) -> int | None:
    """Kill one of several processes, which their parent replaces; return its id, or `None` if there is none."""
    if not pids:
        return None
    pid = pids[int(which * len(pids))]
    os.kill(pid, signal.SIGKILL)
    return pid
