"""Reconciliation: what no webhook reported is read from Stripe's API, and recorded and settled as events are.

A run pulls missing events, looks up the payments that parked events wait for, and polls orders whose poll is due;
workers do each of these as often as it needs. An error in one of them does not stop the others, and neither does a
permission that the key lacks; only a key that Stripe refuses altogether ends the run.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from lumira import metrics
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.reconciliation import poll_orders
from lumira.reconciliation.look_up_payments import look_up_payments
from lumira.reconciliation.permissions import resolve_restored
from lumira.reconciliation.pull_balance import pull_balance
from lumira.reconciliation.pull_events import pull_events
from lumira.reconciliation.reconcile_payouts import reconcile_payouts
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.reconciliation.watch_deadlines import watch_deadlines
from lumira.reconciliation.watch_shipments import watch_shipments
from lumira.reconciliation.watch_webhooks import watch_webhooks
from lumira.repositories.alerts import alerts, conditions
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.installation import watch_workers
from lumira.services.tenants.end_test_sales import end_test_sales

#: A longer outage of Stripe becomes an alert, one for each outage; a shorter one is a normal disturbance.
_OUTAGE_THAT_ALERTS = timedelta(minutes=15)
#: Stripe accepted the key, and its events were read.
_RESPONDED = (StripeAvailability.AVAILABLE, StripeAvailability.PERMISSION_MISSING)


#: Nothing more is asked of Stripe in this run.
_DOWN = (StripeAvailability.KEY_REFUSED, StripeAvailability.UNAVAILABLE)


class Step(StrEnum):
    """A part of a run, in the order in which they are done."""

    DEADLINES = "deadlines"
    EVENTS = "events"
    PAYMENTS = "payments"
    BALANCE = "balance"
    RESERVATIONS = "reservations"
    ORDERS = "orders"


def recover_events(
    tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False
) -> ReconciliationReport:
    """Pull the events that no webhook brought, decide what parked events wait for, and watch deadlines."""
    steps = (Step.DEADLINES, Step.EVENTS, Step.PAYMENTS, Step.BALANCE)
    return reconcile(tenant_id, steps=steps, is_stopping=is_stopping)


def release_reservations(
    tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False
) -> ReconciliationReport:
    """Poll the orders whose reservation has ended, and release the units of those that are unpaid."""
    return reconcile(tenant_id, steps=(Step.RESERVATIONS,), is_stopping=is_stopping)


def poll_orders_due(
    tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False
) -> ReconciliationReport:
    """Poll the other orders whose poll is due."""
    return reconcile(tenant_id, steps=(Step.ORDERS,), is_stopping=is_stopping)


def reconcile(
    tenant_id: int,
    *,
    steps: tuple[Step, ...] = tuple(Step),
    since: timedelta | None = None,
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
    if Step.DEADLINES in steps:
        with report.step("deadlines"):
            watch_deadlines(tenant_id)
        with report.step("webhooks"):
            watch_webhooks(tenant_id)
            watch_workers.note_worker(tenant_id)
        with report.step("shipments"):
            watch_shipments(tenant_id)
        with report.step("test sales"):
            end_test_sales(tenant_id, actor="reconciliation", is_stopping=is_stopping)
    if account is not None:
        _recover(tenant_id, account, report, steps, since=since, is_stopping=is_stopping)
    if report.stripe is not StripeAvailability.KEY_REFUSED:
        _poll(tenant_id, account, report, steps, since=since, is_stopping=is_stopping)
    if account is not None:
        _raise_alerts(tenant_id, account, report, steps)
        if Step.DEADLINES in steps:
            with report.step("permissions"):
                resolve_restored(tenant_id, account)
    _count(report)
    return report


def _count(report: ReconciliationReport) -> None:
    metrics.RECONCILIATIONS.count(report.stripe.name.lower())
    metrics.POLLS.count(number=report.orders_polled)
    metrics.REPAIRS.count("event", number=report.events_recovered)
    metrics.REPAIRS.count("payment", number=report.payments_decided)
    metrics.REPAIRS.count("order", number=report.orders_repaired)


def _recover(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    steps: tuple[Step, ...],
    *,
    since: timedelta | None,
    is_stopping: Callable[[], bool],
) -> None:
    if Step.EVENTS in steps:
        with report.step("events"):
            pull_events(tenant_id, account, report, since=since, is_stopping=is_stopping)
    if Step.PAYMENTS in steps and report.stripe is not StripeAvailability.KEY_REFUSED:
        with report.step("payments"):
            look_up_payments(tenant_id, account, report, is_stopping=is_stopping)
    if Step.BALANCE in steps and report.stripe not in _DOWN:
        with report.step("balance"):
            pull_balance(tenant_id, account, report, is_stopping=is_stopping)
        with report.step("payouts"):
            reconcile_payouts(tenant_id, account, report, is_stopping=is_stopping)


def _poll(
    tenant_id: int,
    account: StripeAccount | None,
    report: ReconciliationReport,
    steps: tuple[Step, ...],
    *,
    since: timedelta | None,
    is_stopping: Callable[[], bool],
) -> None:
    if since is not None:
        with report.step("orders"):
            poll_orders.bring_forward(tenant_id, since)
    if Step.RESERVATIONS in steps:
        with report.step("reservations"):
            poll_orders.release_reservations(tenant_id, account, report, is_stopping=is_stopping)
    if Step.ORDERS in steps and report.stripe is not StripeAvailability.KEY_REFUSED:
        with report.step("orders"):
            poll_orders.poll_due_orders(
                tenant_id, account, report, has_budget=since is None, is_stopping=is_stopping
            )


def _raise_alerts(
    tenant_id: int, account: StripeAccount, report: ReconciliationReport, steps: tuple[Step, ...]
) -> None:
    if report.stripe in (StripeAvailability.UNAVAILABLE, StripeAvailability.KEY_REFUSED):
        with report.step("alert"):
            _alert_outage(tenant_id, account, report)
    elif Step.EVENTS in steps and report.stripe in _RESPONDED:
        with report.step("alert"):
            _end_outage(tenant_id)
    if report.missing_permissions:
        with report.step("alert"), atomic(tenant_id):
            for error in report.missing_permissions.values():
                alerts.raise_missing_permission(tenant_id, error)


def _end_outage(tenant_id: int) -> None:
    """Resolve the alerts about Stripe, of which the events were just read; not while it fails now and then."""
    with atomic(tenant_id):
        for alert in alerts.list_open(tenant_id, AlertKind.STRIPE_UNAVAILABLE, AlertKind.STRIPE_KEY_REFUSED):
            conditions.resolve_ended(tenant_id, kind=alert.kind, subject=alert.subject)


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
        conditions.note(
            tenant_id,
            kind=kind,
            subject=last_pull_at.isoformat(timespec="seconds"),
            is_true=True,
            tenant=account.tenant_slug,
            stripe_message=report.key_refusal,
        )
