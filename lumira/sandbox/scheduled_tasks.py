"""Scheduled tasks: what the sandbox does without a request when a task is due."""

import json
import threading
import time
from collections.abc import Callable

from lumira.sandbox.account import open_account
from lumira.sandbox.balance.late_charges import CHARGE_BOOKED, book_charge
from lumira.sandbox.checkout.expiry import expire_when_due
from lumira.sandbox.checkout.sessions import EXPIRES
from lumira.sandbox.late_requests import REQUEST_FINISHES, finish_request
from lumira.sandbox.payments.confirmation import DELAYED_OUTCOME
from lumira.sandbox.payments.disputes import (
    DISPUTE_DECIDED,
    DISPUTE_OPENS,
    decide_dispute,
    open_scheduled_disputes,
)
from lumira.sandbox.payments.fraud_warnings import FRAUD_REPORTED, report_fraud
from lumira.sandbox.payments.outcomes import finish_delayed_payment
from lumira.sandbox.payments.refunds import (
    REFUND_FAILS,
    REFUND_REFERENCED,
    REFUND_SUCCEEDS,
    add_refund_reference,
    fail_refund,
    succeed_refund,
)
from lumira.sandbox.store import Store, StoreClosedError

#: What each kind of task does to its subject.
_HANDLERS: dict[str, Callable[..., object]] = {
    CHARGE_BOOKED: book_charge,
    DELAYED_OUTCOME: finish_delayed_payment,
    DISPUTE_DECIDED: decide_dispute,
    DISPUTE_OPENS: open_scheduled_disputes,
    FRAUD_REPORTED: report_fraud,
    REFUND_FAILS: fail_refund,
    REFUND_REFERENCED: add_refund_reference,
    REFUND_SUCCEEDS: succeed_refund,
    EXPIRES: expire_when_due,
    REQUEST_FINISHES: finish_request,
}
_MAX_SLEEP_SECONDS = 5.0
_ALL_ACCOUNTS = "%"


class ScheduledTasks:
    """One thread that runs due tasks; tasks are rows, so a restart loses none."""

    def __init__(self, store: Store, wake_workers: Callable[[], None]) -> None:
        self._store = store
        self._wake_workers = wake_workers
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sandbox-scheduled-tasks", daemon=True)
        #: The sandbox's own address, for links in objects that tasks create.
        self.base_url = ""

    def start(self) -> None:
        """Start running due tasks, including those that an earlier process stored."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping = True
        self._changed.set()
        self._thread.join(1.0)

    def wake(self) -> None:
        """Check the tasks again, because one was added or became due."""
        self._changed.set()

    def run_due(self, account_id: str = _ALL_ACCOUNTS) -> int:
        """Run every due task, of one account or of all; return how many ran."""
        ran = 0
        while self._run_one(account_id):
            ran += 1
        return ran

    def _run_one(self, account_id: str) -> bool:
        with self._store.transaction() as connection:
            row = connection.execute(
                "SELECT * FROM tasks WHERE due_at <= ? AND account LIKE ? ORDER BY due_at, id LIMIT 1",
                (time.time(), account_id),
            ).fetchone()
            if row is None:
                return False
            connection.execute("DELETE FROM tasks WHERE id = ?", (row["id"],))
            account = open_account(connection, row["account"], base_url=self.base_url)
            _HANDLERS[row["kind"]](account, row["subject"], **json.loads(row["detail"]))
        self._wake_workers()
        return True

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.run_due()
                seconds = self._until_next()
            except StoreClosedError:
                return
            self._changed.wait(seconds)
            # Cleared after the wait, so that a wake-up during the next run is not lost.
            self._changed.clear()

    def _until_next(self) -> float:
        with self._store.transaction() as connection:
            (due,) = connection.execute("SELECT min(due_at) FROM tasks").fetchone()
        if due is None:
            return _MAX_SLEEP_SECONDS
        return min(max(float(due) - time.time(), 0.001), _MAX_SLEEP_SECONDS)
