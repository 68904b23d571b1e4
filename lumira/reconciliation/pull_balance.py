"""Reading the balance at Stripe: the fee of each payment, and what moved the balance without an event.

Balance transactions are listed by their time, a hundred in one call, so that a shop with many sales makes few calls.
Every tenant reads those of its whole account: which are its own follows from its orders.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog

from lumira.clients import stripe_balance, stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.payouts import record_movement
from lumira.domain.stripe.balance import MovementFacts, read_balance_transaction
from lumira.domain.stripe.objects import MalformedObject
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.accounting import balance_transactions
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenants
from lumira.repositories.tenants.stripe_accounts import StripeAccount

log = structlog.get_logger()

#: Between two readings, unless an event has announced a balance transaction.
EVERY = timedelta(minutes=15)
#: Before an announced balance transaction is read, so that one list brings those of several payments.
_WAIT = timedelta(minutes=1)
#: Balance transactions are listed again for this long before the watermark: Stripe adds some later than it dates them.
_OVERLAP = timedelta(hours=2)
#: The first reading goes back to the first payment, in steps that are each recorded.
_STEP = timedelta(days=7)
#: Rows that one transaction writes.
_BATCH = 100
#: Announced balance transactions that one run reads by their ids, because no list contained them.
_READ_BY_ID = 100
_ACTOR = "reconciliation"


def pull_balance(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Read every balance transaction since the watermark, if a reading is due.

    The watermark moves only after everything before it was read: an interrupted reading is repeated.
    """
    now = utc_now()
    with atomic(tenant_id):
        pulled_until = tenants.get(tenant_id).balance_pulled_until
        is_announced = bool(balance_transactions.list_unread_ids(tenant_id, until=now - _WAIT, limit=1))
        first_payment_at = (
            balance_transactions.find_first_payment_at(tenant_id) if pulled_until is None else None
        )
    if pulled_until is not None and not is_announced and now - pulled_until < EVERY:
        return
    begin = (pulled_until or first_payment_at or now) - _OVERLAP
    for until in _steps(begin, now):
        listed = stripe_balance.list_balance_transactions(account, since=begin, until=until)
        if not _read(tenant_id, account, listed, is_stopping):
            return
        _move_watermark(tenant_id, until)
        begin = until
    _read_announced(tenant_id, account, report, now, is_stopping)


def _steps(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the end of each step between two times."""
    while begin + _STEP < end:
        begin += _STEP
        yield begin
    yield end


def _read(
    tenant_id: int,
    account: StripeAccount,
    items: Iterator[dict[str, Any]],
    is_stopping: Callable[[], bool],
) -> bool:
    """Record a list, batch by batch; returns `False` if the process stops before its end."""
    while not is_stopping():
        read_at = utc_now()
        batch = list(islice(items, _BATCH))
        if not batch:
            return True
        record_movements(tenant_id, readable(batch), livemode=account.livemode, read_at=read_at)
    return False


def readable(items: Iterable[dict[str, Any]]) -> list[MovementFacts]:
    """Return the facts of these balance transactions; one that makes no sense is logged and left out."""
    facts = []
    for item in items:
        try:
            facts.append(read_balance_transaction(item))
        except MalformedObject as error:
            log.warning("balance_transaction_unusable", transaction_id=str(item.get("id")), field=str(error))
    return facts


@retried
def record_movements(
    tenant_id: int,
    read: list[MovementFacts],
    *,
    livemode: bool,
    read_at: datetime,
    stripe_payout_id: str | None = None,
) -> None:
    """Record balance transactions that were read, and the payout that contains them.

    Figures that differ from those of an earlier read have an entry in the audit log.
    """
    with atomic(tenant_id):
        balance_transactions.announce(tenant_id, read, livemode=livemode, now=read_at)
        rows = balance_transactions.lock(tenant_id, (facts.id for facts in read))
        for facts in read:
            row = rows[facts.id]
            before = {"amount": row.amount, "fee": row.fee, "net": row.net}
            if record_movement(row, facts, read_at=read_at):
                audit.record(
                    tenant_id,
                    actor=_ACTOR,
                    action="balance_transaction_changed",
                    subject=f"balance_transaction:{facts.id}",
                    before=before,
                    after={"amount": facts.amount, "fee": facts.fee, "net": facts.net},
                )
            row.stripe_payout_id = stripe_payout_id or row.stripe_payout_id


@retried
def _move_watermark(tenant_id: int, until: datetime) -> None:
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        # Forward only, also if two runs overlap.
        tenant.balance_pulled_until = max(tenant.balance_pulled_until or until, until)


def _read_announced(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    now: datetime,
    is_stopping: Callable[[], bool],
) -> None:
    """Read by their ids what events have announced and the lists did not contain."""
    with atomic(tenant_id):
        unread = balance_transactions.list_unread_ids(tenant_id, until=now - EVERY, limit=_READ_BY_ID)
    for transaction_id in unread:
        if is_stopping():
            return
        with report.item("balance", transaction_id):
            read_at = utc_now()
            try:
                item = stripe_balance.get_balance_transaction(account, transaction_id)
            except stripe_client.StripeRefused as error:
                if error.code != "resource_missing":
                    raise
                log.warning("balance_transaction_missing", transaction_id=transaction_id)
                continue
            record_movements(tenant_id, readable([item]), livemode=account.livemode, read_at=read_at)
