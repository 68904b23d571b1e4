"""One step of the main job in a process of its own, killed with SIGKILL at one of its commits.

Called as `python -m tests.concurrency.killed_process` with its orders as JSON on standard input; prints how
many commits the step made, if it was allowed to live.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.database import db
from lumira.notifications import relay
from lumira.repositories.idempotency import Call, KeyKind
from lumira.services.checkout.create_checkout_session import create_checkout_session
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.webhooks import inbox, process
from tests.support import driver
from tests.support.factories import make_cart_command, make_command


def _settings(orders: dict[str, Any]) -> Settings:
    return Settings(
        environment="production",
        database_url=orders["database_url"],
        database_owner_url=orders["database_url"],
        secret_key="only-for-tests",
        encryption_keys=(orders["encryption_key"],),
        instance_path=Path(orders["instance_path"]),
        stripe_api_base=orders["sandbox_url"],
        rate_limits=RateLimits(enabled=False),
    )


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Commits:
    """Counts commits, and dies right before or right after one of them."""

    def __init__(self, die_at: int | None, when: str | None) -> None:
        self.made = 0
        self._die_at = die_at
        self._when = when
        event.listen(Session, "before_commit", lambda _session: self._met("before"))
        event.listen(Session, "after_commit", lambda _session: self._met("after"))
        # Receiving is no session's work: one function, committed with its own statement.
        driver.watch(db.engines["inbox"], lambda _: self._met("before"), lambda _: self._met("after"))

    def _met(self, when: str) -> None:
        if when == "before":
            self.made += 1
        if self.made == self._die_at and when == self._when:
            _die()


def _step(orders: dict[str, Any]) -> None:
    tenant_id = orders["tenant_id"]
    match orders["step"]:
        case "open":
            call = Call(fingerprint="f", actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=orders["key"])
            create_payment_intent(tenant_id, call=call, command=make_command())
        case "open_free":
            call = Call(fingerprint="f", actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=orders["key"])
            create_payment_intent(tenant_id, call=call, command=make_command("simple"))
        case "open_cart":
            call = Call(fingerprint="f", actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=orders["key"])
            command = make_cart_command(orders["domain"], customer_email=orders["email"])
            create_checkout_session(tenant_id, call=call, command=command)
        case "receive":
            inbox.receive(tenant_id, body=orders["body"].encode(), signature=orders["signature"])
        case "drain":
            process.process_events(tenant_id)
        case "relay":
            relay.relay(tenant_id)


def main() -> None:
    orders = json.load(sys.stdin)
    app = create_app(_settings(orders))
    with app.app_context():
        commits = _Commits(orders.get("die_at"), orders.get("when"))
        _step(orders)
    sys.stdout.write(f"\n{commits.made}\n")


if __name__ == "__main__":
    main()
