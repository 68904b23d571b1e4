"""Polling the orders of one tenant whose poll is due: together by a listing where nothing happened, else side by side.

Two queues, so that the end of a reservation, whose units are missing to other buyers, never waits behind orders that
reserve nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.reconciliation import poll_order
from lumira.reconciliation.listing import Listed, Lister
from lumira.reconciliation.poll_together import poll_together
from lumira.reconciliation.postpone import postpone_unchanged
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.orders import order_polls
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.threads import side_by_side

#: Orders claimed at a time: the orders that a killed process had claimed are due again two minutes later.
BATCH, BATCH_OF_ENDED = 300, 32
#: Orders of one tenant about which Stripe is called at a time: far below its limit of 25 reads a second.
THREADS = 8
#: Orders that have their transactions in common: few, because their products stay locked until they are settled, and
#: what was planned must not be old when Stripe is called. So few that none are.
_TOGETHER, _FEW = 32, 2
#: Seconds that the orders of one tenant may take before the next tenant has its turn.
BUDGET = 40


def release_reservations(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    *,
    is_stopping: Callable[[], bool],
) -> None:
    """Poll every order whose reservation has ended: it is paid, or closed and its units released."""
    run = _Run(tenant_id, account, report, Lister(account), is_stopping)
    # Only what was due when the run began, so that the run ends.
    claim = partial(order_polls.claim_ended, tenant_id, utc_now(), limit=BATCH_OF_ENDED)
    while order_ids := run.claim(claim):
        run.poll(order_ids, run.lister.list_awaited(tenant_id, order_ids))


def poll_due_orders(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    *,
    has_budget: bool,
    is_stopping: Callable[[], bool],
) -> None:
    """Poll the other orders that are due; `has_budget` if the next run may do what remains."""
    run = _Run(tenant_id, account, report, Lister(account), is_stopping)
    claim = partial(order_polls.claim_due, tenant_id, utc_now(), limit=BATCH)
    started = time.monotonic()
    while not has_budget or time.monotonic() - started < BUDGET:
        order_ids = run.claim(claim)
        if not order_ids:
            return
        listed = run.lister.list_awaited(tenant_id, order_ids)
        run.poll(run.postpone(order_ids, listed), listed)


def bring_forward(tenant_id: int, since: timedelta) -> None:
    """Make every order due that was opened in this time and still has a poll scheduled."""
    now = utc_now()
    with atomic(tenant_id):
        order_polls.bring_forward(tenant_id, opened_since=now - since, now=now)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the batches of one run share."""

    tenant_id: int
    account: StripeAccount | None
    report: ReconciliationReport
    lister: Lister
    is_stopping: Callable[[], bool]

    def claim(self, claim: Callable[[datetime], list[UUID]]) -> list[UUID]:
        """Return the next batch, claimed for two minutes; none if the process is stopping."""
        if self.is_stopping():
            return []
        with atomic(self.tenant_id):
            return claim(utc_now())

    def postpone(self, order_ids: list[UUID], listed: Listed) -> list[UUID]:
        """Return the orders that are to be polled by themselves, because something happened or nothing is known."""
        remaining = order_ids
        if self.account is not None and listed.objects:
            # If one row fails, each order is polled by itself, and the failure is of that order alone.
            with self.report.item("listing", self.tenant_id):
                remaining = postpone_unchanged(self.tenant_id, self.account, order_ids, listed)
                self.report.count_unchanged(len(order_ids) - len(remaining))
        return remaining

    def poll(self, order_ids: list[UUID], listed: Listed) -> None:
        """Poll each of these orders, side by side; many of them with common transactions."""
        for first in range(0, len(order_ids), _TOGETHER):
            if self.is_stopping():
                return
            alone = part = order_ids[first : first + _TOGETHER]
            if self.account is not None and len(part) > _FEW:
                alone = poll_together(
                    self.account, part, listed, self.report, threads=THREADS, is_stopping=self.is_stopping
                )
            side_by_side(alone, partial(self._poll, listed), threads=THREADS)

    def _poll(self, listed: Listed, order_id: UUID) -> None:
        if self.is_stopping():
            return
        with self.report.item("orders", order_id):
            is_repaired = poll_order.poll_order(
                self.tenant_id,
                self.account,
                order_id,
                listed=listed,
                on_missing_permission=self.report.add_missing_permission,
            )
            self.report.count_polled(is_repaired)
