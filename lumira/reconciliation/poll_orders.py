"""Polling the orders of one tenant whose poll is due, side by side.

Two queues, so that the end of a reservation, whose units are missing to other buyers, never waits behind orders that
reserve nothing.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.reconciliation import poll_order
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories import order_polls
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.threads import side_by_side

#: Orders claimed at a time: the orders that a killed process had claimed are due again two minutes later.
BATCH = 100
#: Orders of one tenant about which Stripe is called at a time: far below its limit of 25 reads a second.
THREADS = 8
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
    # Only what was due when the run began, so that the run ends.
    claim = partial(order_polls.claim_ended, tenant_id, utc_now())
    _poll_claimed(tenant_id, account, report, claim, budget=None, is_stopping=is_stopping)


def poll_due_orders(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    *,
    has_budget: bool,
    is_stopping: Callable[[], bool],
) -> None:
    """Poll the other orders that are due; `has_budget` if the next run may do what remains."""
    claim = partial(order_polls.claim_due, tenant_id, utc_now())
    budget = BUDGET if has_budget else None
    _poll_claimed(tenant_id, account, report, claim, budget=budget, is_stopping=is_stopping)


def bring_forward(tenant_id: int, since: timedelta) -> None:
    """Make every order due that was opened in this time and still has a poll scheduled."""
    now = utc_now()
    with atomic(tenant_id):
        order_polls.bring_forward(tenant_id, opened_since=now - since, now=now)


def _poll_claimed(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    claim: Callable[..., list[UUID]],
    *,
    budget: float | None,
    is_stopping: Callable[[], bool],
) -> None:
    def poll(order_id: UUID) -> None:
        if is_stopping():
            return
        with report.item("orders", order_id):
            is_repaired = poll_order.poll_order(
                tenant_id, account, order_id, on_missing_permission=report.add_missing_permission
            )
            report.count_polled(is_repaired)

    started = time.monotonic()
    while budget is None or time.monotonic() - started < budget:
        with atomic(tenant_id):
            order_ids = claim(utc_now(), limit=BATCH)
        if not order_ids or is_stopping():
            return
        side_by_side(order_ids, poll, threads=THREADS)
