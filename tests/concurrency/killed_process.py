"""One step of a sale in a process of its own, killed with SIGKILL at one of its commits.

`step_process` calls `run` in that process.
"""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.database import db
from lumira.notifications import relay
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.services.checkout.create_checkout_session import create_checkout_session
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.webhooks import inbox, process
from tests.support import driver
from tests.support.factories import make_cart_command, make_command


def _settings(instructions: dict[str, Any]) -> Settings:
    return Settings(
        environment="production",
        database_url=instructions["database_url"],
        database_owner_url=instructions["database_url"],
        secret_key="only-for-tests-0123456789abcdefghij",
        encryption_keys=(instructions["encryption_key"],),
        instance_path=Path(instructions["instance_path"]),
        stripe_api_base=instructions["sandbox_url"],
        rate_limits=RateLimits(enabled=False),
    )


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Commits:
    """Counts commits, and kills the process right before or after one of them."""

    def __init__(self, kill_at: int | None, when: str | None) -> None:
        self.count = 0
        self._kill_at = kill_at
        self._when = when
        event.listen(Session, "before_commit", lambda _session: self._observe("before"))
        event.listen(Session, "after_commit", lambda _session: self._observe("after"))
        # The inbox uses no session: storing an event is one statement, which commits itself.
        driver.watch(db.engines["inbox"], lambda _: self._observe("before"), lambda _: self._observe("after"))

    def _observe(self, when: str) -> None:
        if when == "before":
            self.count += 1
        if self.count == self._kill_at and when == self._when:
            _kill()


def _step(instructions: dict[str, Any]) -> None:
    tenant_id = instructions["tenant_id"]
    match instructions["step"]:
        case "open":
            call = Call(
                fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=instructions["key"]
            )
            create_payment_intent(tenant_id, call=call, command=make_command())
        case "open_free":
            call = Call(
                fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=instructions["key"]
            )
            create_payment_intent(tenant_id, call=call, command=make_command("simple"))
        case "open_cart":
            call = Call(
                fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=instructions["key"]
            )
            command = make_cart_command(instructions["domain"], customer_email=instructions["email"])
            create_checkout_session(tenant_id, call=call, command=command)
        case "receive":
            inbox.receive(tenant_id, body=instructions["body"].encode(), signature=instructions["signature"])
        case "process":
            process.process_events(tenant_id)
        case "relay":
            relay.relay(tenant_id)


def run(instructions: dict[str, Any]) -> int:
    """Run a step; return how many commits it made, if it was not killed."""
    app = create_app(_settings(instructions), serves_http=False)
    with app.app_context():
        commits = _Commits(instructions.get("kill_at"), instructions.get("when"))
        _step(instructions)
    return commits.count
