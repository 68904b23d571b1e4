"""One turn of writing to the CRM in a process of its own, killed with SIGKILL right before or after one of its writes.

`step_process` calls `run` in that process.
"""

import os
import signal
from dataclasses import replace
from typing import Any

import pytest

from lumira import create_app
from lumira.clients import bounded_http
from lumira.clients.bounded_http import Reply
from lumira.crm.sync import sync_crm
from tests.concurrency.killed_process import _settings


class _Writes:
    """Counts the writes to Dolibarr, and kills the process right before or after one of them."""

    def __init__(self, kill_at: int | None, when: str | None) -> None:
        self.count = 0
        self._kill_at = kill_at
        self._when = when
        self._exchange = bounded_http.exchange

    def exchange(self, method: str, url: str, **options: Any) -> Reply:
        if method == "GET":
            return self._exchange(method, url, **options)
        self.count += 1
        self._die_if("before")
        reply = self._exchange(method, url, **options)
        self._die_if("after")
        return reply

    def _die_if(self, when: str) -> None:
        if self.count == self._kill_at and when == self._when:
            os.kill(os.getpid(), signal.SIGKILL)


def run(instructions: dict[str, Any]) -> int:
    """Run a turn; return how many writes it made, if it was not killed."""
    settings = replace(_settings(instructions), dolibarr_private_hosts=frozenset(("127.0.0.1",)))
    app = create_app(settings, serves_http=False)
    writes = _Writes(instructions.get("kill_at"), instructions.get("when"))
    with app.app_context(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(bounded_http, "exchange", writes.exchange)
        sync_crm(instructions["tenant_id"])
    return writes.count
