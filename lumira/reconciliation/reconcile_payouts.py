"""Reconciling payouts: their state and their lines are read from Stripe, and compared with the orders."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import structlog

from lumira.clients import stripe_balance, stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.payouts import Mismatch, Reason, compare, next_read_at, record_payout
from lumira.domain.stripe.balance import PayoutFacts, read_payout
from lumira.domain.stripe.objects import MalformedObject
from lumira.models import Payout, PayoutReconciliation
from lumira.reconciliation.pull_balance import readable, record_movements
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.accounting import balance_transactions, payouts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.settlement.alert_payouts import alert_failed, alert_mismatch

log = structlog.get_logger()

#: Payouts that one run reads. Stripe makes one a day at most, unless a shop has no payout schedule.
_AT_ONCE = 50
#: Lines that one transaction writes.
_BATCH = 100


def reconcile_payouts(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Read the payouts that are due, and those that only the balance has shown, and compare their lines."""
    with atomic(tenant_id):
        shown = balance_transactions.list_payout_sources(tenant_id, limit=_AT_ONCE)
        due = [*shown, *payouts.list_due_ids(tenant_id, utc_now(), limit=_AT_ONCE)]
    for payout_id in dict.fromkeys(due):
        if is_stopping():
            return
        with report.item("payouts", payout_id):
            _reconcile(tenant_id, account, payout_id)


def _reconcile(tenant_id: int, account: StripeAccount, payout_id: str) -> None:
    try:
        facts = read_payout(stripe_balance.get_payout(account, payout_id))
    except stripe_client.StripeRefused as error:
        if error.code != "resource_missing":
            raise
        _record_not_found(tenant_id, payout_id)
        return
    except MalformedObject as error:
        log.warning("payout_unusable", payout_id=payout_id, field=str(error))
        return
    if not _record_state(tenant_id, facts):
        return
    for batch, read_at in _batches(stripe_balance.list_payout_lines(account, payout_id)):
        record_movements(
            tenant_id,
            readable(batch),
            livemode=account.livemode,
            read_at=read_at,
            stripe_payout_id=payout_id,
        )
    _compare(tenant_id, payout_id)


def _batches(items: Iterator[dict[str, Any]]) -> Iterable[tuple[list[dict[str, Any]], datetime]]:
    """Yield the lines in batches, each with the time before its request was sent."""
    read_at = utc_now()
    while batch := list(islice(items, _BATCH)):
        yield batch, read_at
        read_at = utc_now()


@retried
def _record_state(tenant_id: int, facts: PayoutFacts) -> bool:
    """Record the payout as Stripe returned it; returns whether Stripe lists its lines."""
    with atomic(tenant_id):
        payout = payouts.lock_or_create(tenant_id, [facts])[facts.id]
        record_payout(payout, facts, now=utc_now())
        alert_failed(payout)
        return payout.reconciliation is PayoutReconciliation.COMPLETED


@retried
def _compare(tenant_id: int, payout_id: str) -> None:
    with atomic(tenant_id):
        payout = payouts.lock(tenant_id, payout_id)
        if payout is None:
            return
        lines = balance_transactions.list_of_payout(tenant_id, payout_id)
        source_ids = [line.stripe_source_id for line in lines if line.stripe_source_id is not None]
        sources = balance_transactions.find_sources(tenant_id, source_ids)
        _record_result(payout, compare(payout, lines, sources))


@retried
def _record_not_found(tenant_id: int, payout_id: str) -> None:
    """Record that Stripe does not know a payout in this account, although a signed event named it."""
    with atomic(tenant_id):
        payout = payouts.lock(tenant_id, payout_id)
        if payout is not None:
            _record_result(payout, [Mismatch(Reason.NOT_FOUND)])


def _record_result(payout: Payout, mismatches: list[Mismatch]) -> None:
    now = utc_now()
    payout.lines_read_at = now
    payout.mismatches = [mismatch.as_json() for mismatch in mismatches]
    payout.next_read_at = next_read_at(payout, now)
    alert_mismatch(payout)
    log.info("payout_reconciled", payout_id=payout.stripe_payout_id, mismatches=len(mismatches))
