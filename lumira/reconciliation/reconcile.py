"""Reconciliation: what no webhook reported is read from Stripe's API, and recorded and settled as events are.

A run pulls missing events, looks up the payments that parked events wait for, and polls orders whose poll is due.
An error in one of these does not stop the others, and neither does a permission that the key lacks; only a key that
Stripe refuses altogether ends the run.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.reconciliation import poll_order
from lumira.reconciliation.look_up_payments import look_up_payments
from lumira.reconciliation.pull_events import pull_events
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.reconciliation.watch_deadlines import watch_deadlines
from lumira.repositories import (
    alerts,
    order_polls,
    stripe_accounts,
    tenants,
)
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.services.tenants.end_test_sales import end_test_sales

#: Orders claimed at a time: the orders that a killed process had claimed are due again two minutes later.
BATCH = 50
#: Seconds that the orders of one tenant may take before the next tenant has its turn.
BUDGET = 40
#: A longer outage of Stripe becomes an alert, one for each outage; a shorter one is a normal disturbance.
_OUTAGE_THAT_ALERTS = timedelta(minutes=15)


def recover_events(
    tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False
) -> ReconciliationReport:
    """Pull the events that no webhook brought: the quick half of a run, for what was paid just now."""
    return reconcile(tenant_id, orders_too=False, is_stopping=is_stopping)


def reconcile(
    tenant_id: int,
    *,
    since: timedelta | None = None,
    orders_too: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ReconciliationReport:
    """Read from Stripe what is missing here, and return counts of what that changed.

    With `since`, pulls every event of that time and polls every order opened in it that still has a poll
    scheduled. Raises nothing: errors are logged and counted, and an outage of Stripe is in the report.
    """
    report = ReconciliationReport()
    account: StripeAccount | None = None
    with report.step("account"), atomic(tenant_id):
        account = stripe_accounts.find_account(tenant_id)
        report.stripe = StripeAvailability.AVAILABLE if account else StripeAvailability.NO_KEY
    if orders_too:
        with report.step("deadlines"):
            watch_deadlines(tenant_id)
        with report.step("test sales"):
            end_test_sales(tenant_id, actor="reconciliation", is_stopping=is_stopping)
    if account is None:
        if orders_too:
            with report.step("orders"):
                _poll_orders(tenant_id, None, report, since=since, is_stopping=is_stopping)
        return report
    with report.step("events"):
        pull_events(tenant_id, account, report, since=since, is_stopping=is_stopping)
    if orders_too and report.stripe is not StripeAvailability.KEY_REFUSED:
        with report.step("payments"):
            look_up_payments(tenant_id, account, report, is_stopping=is_stopping)
        with report.step("orders"):
            _poll_orders(tenant_id, account, report, since=since, is_stopping=is_stopping)
    if report.stripe in (StripeAvailability.UNAVAILABLE, StripeAvailability.KEY_REFUSED):
        with report.step("alert"):
            _alert_outage(tenant_id, account, report)
    if report.missing_permissions:
        with report.step("alert"), atomic(tenant_id):
            for error in report.missing_permissions.values():
                alerts.raise_missing_permission(tenant_id, error)
    return report


def _poll_orders(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    *,
    since: timedelta | None,
    is_stopping: Callable[[], bool],
) -> None:
    started_at, started = utc_now(), time.monotonic()
    if since is not None:
        with atomic(tenant_id):
            order_polls.bring_forward(tenant_id, opened_since=started_at - since, now=started_at)
    while since is not None or time.monotonic() - started < BUDGET:
        with atomic(tenant_id):
            # Only what was due when the run began, so that the run ends.
            order_ids = order_polls.claim_due(tenant_id, started_at, utc_now(), limit=BATCH)
        if not order_ids:
            return
        for order_id in order_ids:
            if is_stopping():
                return
            with report.item("orders", order_id):
                is_repaired = poll_order.poll_order(
                    tenant_id, account, order_id, on_missing_permission=report.add_missing_permission
                )
                report.orders_polled += is_repaired is not None
                report.orders_repaired += is_repaired is True


def _alert_outage(tenant_id: int, account: StripeAccount, report: ReconciliationReport) -> None:
    """Raise one alert for a refused key, and one for each long outage of Stripe."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        last_pull_at = tenant.events_pulled_until or tenant.created_at
        if report.stripe is StripeAvailability.KEY_REFUSED:
            kind = AlertKind.STRIPE_KEY_REFUSED
        elif utc_now() - last_pull_at > _OUTAGE_THAT_ALERTS:
            kind = AlertKind.STRIPE_UNAVAILABLE
        else:
            return
        alerts.raise_alert(
            tenant_id,
            kind=kind,
            subject=last_pull_at.isoformat(timespec="seconds"),
            tenant=account.tenant_slug,
            stripe_message=report.key_refusal,
        )
