"""``/sandbox/deliveries``: shows, disturbs, repeats and flushes the webhook deliveries of an account."""

import sqlite3
from collections.abc import Callable
from typing import Any

from lumira.sandbox.account import open_account
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import NotFoundError
from lumira.sandbox.events import enqueue_delivery, is_subscribed
from lumira.sandbox.store import Store
from lumira.sandbox.webhooks import queue
from lumira.sandbox.webhooks.workers import DeliveryWorkers

_DELIVERIES = {
    "duplicate", "shuffle", "window_ms", "delay_ms", "lose", "paused", "seed", "max_attempts",
    "retry_base_ms", "withhold",
}  # fmt: skip
_FLUSH_SECONDS = 30


class DeliveryControl:
    """The control routes of webhook deliveries."""

    def __init__(self, store: Store, workers: DeliveryWorkers) -> None:
        self._store = store
        self._workers = workers

    def handlers(self) -> dict[tuple[str, str], Callable[[str, Json], Json]]:
        """The handlers by method and path below ``/sandbox/``."""
        return {
            ("GET", "deliveries"): self._show,
            ("POST", "deliveries"): self._replace,
            ("POST", "deliveries/resend"): self._resend,
            ("POST", "deliveries/flush"): self._flush,
        }

    def _show(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            return {
                "settings": open_account(connection, account_id).settings.get("deliveries", {}),
                "counts": queue.count_by_status(connection, account_id),
                "deliveries": queue.list_deliveries(connection, account_id),
            }

    def _replace(self, account_id: str, sent: Json) -> Json:
        check_names(sent, _DELIVERIES)
        with self._store.transaction() as connection:
            account = open_account(connection, account_id)
            account.settings["deliveries"] = sent
            account.save_settings()
        self._workers.wake()
        return {"settings": sent}

    def _resend(self, account_id: str, sent: Json) -> Json:
        check_names(sent, {"event", "endpoint"})
        with self._store.transaction() as connection:
            account = open_account(connection, account_id)
            row = _event_row(connection, account_id, sent.get("event"))
            endpoints = [
                endpoint["id"]
                for endpoint in account.list_all("webhook_endpoint")
                if sent.get("endpoint", endpoint["id"]) == endpoint["id"]
                and is_subscribed(endpoint, row["type"])
            ]
            # A resend is a manual action, so delivery faults do not apply to it.
            account.settings = {}
            for endpoint in endpoints:
                enqueue_delivery(account, row["id"], row["type"], endpoint)
        self._workers.wake()
        return {"event": row["id"], "queued": len(endpoints)}

    def _flush(self, account_id: str, sent: Json) -> Json:
        check_names(sent, {"timeout_s"})
        with self._store.transaction() as connection:
            queue.make_due(connection, account_id)
        self._workers.wake()
        idle = self._workers.wait_until_idle(account_id, float(sent.get("timeout_s", _FLUSH_SECONDS)))
        with self._store.transaction() as connection:
            return {"idle": idle, "counts": queue.count_by_status(connection, account_id)}


def _event_row(connection: sqlite3.Connection, account_id: str, identifier: Any) -> sqlite3.Row:
    row = connection.execute(
        "SELECT id, type FROM events WHERE account = ? AND id = ?", (account_id, str(identifier))
    ).fetchone()
    if not isinstance(row, sqlite3.Row):
        raise NotFoundError(f"No such event: '{identifier}'", code="resource_missing", param="event")
    return row
