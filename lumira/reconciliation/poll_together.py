"""Polling several orders of one tenant with one transaction before the calls to Stripe, and one after them.

Loading an order whole takes as many queries as loading many. What fails here for one order is done again for each of
them by itself, so that only the one fails.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.reconciliation import poll_order
from lumira.reconciliation.listing import Listed
from lumira.reconciliation.look_up_payments import retry_parked_events
from lumira.reconciliation.poll_plan import PollPlan, can_look_up, make_plan
from lumira.reconciliation.report import ReconciliationReport
from lumira.reconciliation.stripe_state import StripeState, fetch_and_close
from lumira.repositories.orders import orders
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.settlement.settle_orders import settle_orders
from lumira.threads import side_by_side

log = structlog.get_logger()

_Read = tuple[PollPlan, StripeState]


def poll_together(
    account: StripeAccount,
    order_ids: Sequence[UUID],
    listed: Listed,
    report: ReconciliationReport,
    *,
    threads: int,
    is_stopping: Callable[[], bool],
) -> list[UUID]:
    """Record what Stripe holds about these orders; return those that have to be polled by themselves.

    Raises what ends the step: the orders that were read before are recorded nevertheless.
    """
    try:
        plans = _plan_all(account, order_ids)
    except Exception:
        log.exception("poll_batch_failed", orders=len(order_ids))
        return list(order_ids)
    read: list[_Read] = []

    def fetch(plan: PollPlan) -> None:
        if is_stopping():
            return
        with report.item("orders", plan.order_id):
            state = fetch_and_close(account, plan, poll_order.usable(listed, plan))
            for error in state.forbidden:
                report.add_missing_permission(error)
            read.append((plan, state))

    try:
        side_by_side(plans, fetch, threads=threads)
    finally:
        _record_read(account.tenant_id, read, report)
    planned = {plan.order_id for plan in plans}
    return [order_id for order_id in order_ids if order_id not in planned]


@retried
def _plan_all(account: StripeAccount, order_ids: Sequence[UUID]) -> list[PollPlan]:
    """Return the plans of the orders that have anything at Stripe that the key has access to."""
    now = utc_now()
    with atomic(account.tenant_id):
        loaded = orders.lock_orders(account.tenant_id, order_ids).values()
        return [make_plan(order, now) for order in loaded if can_look_up(order, account)]


def _record_read(tenant_id: int, read: list[_Read], report: ReconciliationReport) -> None:
    if not read:
        return
    try:
        repaired = _record_all(tenant_id, read)
    except Exception:
        log.exception("poll_batch_failed", orders=len(read))
        for plan, state in read:
            with report.item("orders", plan.order_id):
                report.count_polled(poll_order.record(tenant_id, plan, state))
    else:
        for is_repaired in repaired:
            report.count_polled(is_repaired)
    retry_parked_events(tenant_id, [stripe_id for _, state in read for stripe_id in poll_order.ids_of(state)])


@retried
def _record_all(tenant_id: int, read: list[_Read]) -> list[bool]:
    """Record Stripe's state on the orders and settle them; returns for each whether that repaired it."""
    with atomic(tenant_id):
        now = utc_now()
        loaded = orders.lock_orders(tenant_id, [plan.order_id for plan, _ in read])
        found = [(loaded[plan.order_id], plan, state) for plan, state in read if plan.order_id in loaded]
        recorded = [poll_order.record_facts(order, plan, state, now) for order, plan, state in found]
        settle_orders(tenant_id, [order for order, _, _ in found], actor=poll_order.ACTOR)
        return [
            poll_order.finish(order, plan, before, now)
            for (order, plan, _), before in zip(found, recorded, strict=True)
        ]
