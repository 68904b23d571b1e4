"""Removes what is kept for a time only: payloads, resolved alerts and unpaid orders of one tenant.

Every batch is a transaction of its own, so that no lock is held for long and a killed process loses nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from config.retention import Retention
from lumira import database_failures
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import retention as periods
from lumira.domain.dispute_evidence import KEPT as EVIDENCE_KEPT
from lumira.domain.operators import ENDED_KEPT
from lumira.domain.retention import UNPAID, is_removable
from lumira.repositories.crm import crm_notifications, crm_tasks
from lumira.repositories.events import refused_deliveries, webhook_probes
from lumira.repositories.installation import retention
from lumira.repositories.operators import operator_invitations
from lumira.repositories.orders import dispute_evidence, orders

log = structlog.get_logger()

#: Rows that one transaction removes.
BATCH = 500
#: Orders that one transaction removes, each with a dozen rows.
ORDER_BATCH = 100
_periods = [Retention()]


def configure(configured: Retention) -> None:
    """Set how long rows are kept."""
    _periods[:] = [configured]


def kept_periods() -> Retention:
    """Return how long rows are kept."""
    return _periods[0]


def remove_expired(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Remove the tenant's expired payloads, alerts and unpaid orders, until nothing is left or the process stops."""
    kept, now = kept_periods(), utc_now()
    if before := periods.days_before(now, kept.payload_days):
        remove = partial(retention.remove_payloads, tenant_id, before, limit=BATCH)
        _remove(tenant_id, "payloads", remove, is_stopping)
    if before := periods.months_before(now, kept.alert_months):
        remove = partial(retention.remove_alerts, tenant_id, before, limit=BATCH)
        _remove(tenant_id, "alerts", remove, is_stopping)
    remove = partial(operator_invitations.remove_ended, tenant_id, now - ENDED_KEPT, limit=BATCH)
    _remove(tenant_id, "operator_invitations", remove, is_stopping)
    remove = partial(refused_deliveries.remove_old, tenant_id, now - periods.REFUSALS_KEPT, limit=BATCH)
    _remove(tenant_id, "refused_deliveries", remove, is_stopping)
    remove = partial(webhook_probes.remove_old, tenant_id, now - periods.PROBES_KEPT, limit=BATCH)
    _remove(tenant_id, "webhook_probes", remove, is_stopping)
    remove = partial(dispute_evidence.clear_old, tenant_id, now - EVIDENCE_KEPT, now, limit=BATCH)
    _remove(tenant_id, "dispute_evidence", remove, is_stopping)
    remove = partial(crm_tasks.remove_done, tenant_id, now - periods.CRM_TASKS_KEPT, limit=BATCH)
    _remove(tenant_id, "crm_tasks", remove, is_stopping)
    remove = partial(
        crm_notifications.remove_old, tenant_id, now - periods.CRM_NOTIFICATIONS_KEPT, limit=BATCH
    )
    _remove(tenant_id, "crm_notifications", remove, is_stopping)
    if before := periods.days_before(now, kept.unpaid_order_days):
        _remove_unpaid_orders(tenant_id, before, is_stopping)


def _remove(tenant_id: int, rows: str, remove: Callable[[], int], is_stopping: Callable[[], bool]) -> None:
    removed = 0
    while not is_stopping():
        with atomic(tenant_id):
            batch = remove()
        removed += batch
        if batch < BATCH:
            break
    _report(rows, removed)


def _remove_unpaid_orders(tenant_id: int, before: datetime, is_stopping: Callable[[], bool]) -> None:
    removed, unused = 0, 0
    for status in UNPAID:
        after = orders.FIRST_ID
        while not is_stopping():
            with atomic(tenant_id):
                page = retention.list_unpaid(tenant_id, status, before, after=after, limit=ORDER_BATCH)
            of_page = _remove_page(tenant_id, page)
            removed, unused = removed + of_page[0], unused + of_page[1]
            if len(page) < ORDER_BATCH:
                break
            after = page[-1]
    _report("unpaid_orders", removed)
    _report("customers", unused)


def _remove_page(tenant_id: int, order_ids: Sequence[UUID]) -> tuple[int, int]:
    """Remove the orders together, or one by one if the database refuses that: one order never stops the others."""
    try:
        return _remove_orders(tenant_id, order_ids)
    except DBAPIError as error:
        if database_failures.is_lost(error):
            raise
        log.warning("order_batch_not_removed", orders=len(order_ids), exc_info=True)
    counts = [_remove_alone(tenant_id, order_id) for order_id in order_ids]
    return sum(removed for removed, _ in counts), sum(unused for _, unused in counts)


def _remove_alone(tenant_id: int, order_id: UUID) -> tuple[int, int]:
    try:
        return _remove_orders(tenant_id, [order_id])
    except DBAPIError as error:
        if database_failures.is_lost(error):
            raise
        log.exception("order_not_removed", order_id=str(order_id))
        return 0, 0


@retried
def _remove_orders(tenant_id: int, order_ids: Sequence[UUID]) -> tuple[int, int]:
    """Remove those of the orders that the rule allows, and the customers who have nothing else; return both counts."""
    with atomic(tenant_id):
        # Decided under the lock, on all facts: a late payment may have arrived since the page was read.
        locked = [order for order in orders.lock_orders(tenant_id, order_ids).values() if is_removable(order)]
        alerted = retention.list_alerted(tenant_id, [order.order_number for order in locked])
        removable = [order for order in locked if order.order_number not in alerted]
        if not removable:
            return 0, 0
        removed = retention.remove_orders(order.id for order in removable)
        buyers = {order.customer_id for order in removable if order.customer_id is not None}
        return removed, retention.remove_unused_customers(buyers)


def _report(rows: str, removed: int) -> None:
    if removed:
        log.info("rows_removed", rows=rows, removed=removed)
