"""Payouts and balance transactions: what is recorded of them, when they are read, and what does not match.

Two rules make the result independent of the order of events. A payout keeps the furthest status that was reported. A
balance transaction keeps the figures of the read that was sent last: an event only names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from lumira.domain.stripe.balance import MovementFacts, PayoutFacts
from lumira.models import BalanceTransaction, LedgerEvent, Payout, PayoutReconciliation, PayoutStatus
from lumira.money import decimals

#: A payout of which Stripe has reported no end is read again this long after it should have arrived, and then as often.
_READ_AGAIN_AFTER = timedelta(days=1)
#: After so long, nothing more is expected of it.
_READ_UNTIL = timedelta(days=21)
#: A rate has few digits, so that an amount converted with it may differ a little.
_CONVERSION_TOLERANCE = Decimal("0.0001")
#: Stripe's type of the movement by which a payout leaves the balance, which its own list contains.
_PAYOUT = "payout"


class Reason(StrEnum):
    """What does not match."""

    #: The lines do not add up to the payout.
    SUM = "sum"
    #: A line has another amount than the payment, refund or dispute that it is of.
    AMOUNT = "amount"
    #: A line has another currency than the payout.
    CURRENCY = "currency"
    #: Stripe does not know the payout in this account: it belongs to another one.
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not match; amounts in minor units of the payout's currency."""

    reason: Reason
    expected: int | None = None
    found: int | None = None
    transaction_id: str | None = None
    order_number: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Source:
    """The payment, refund or dispute of an order that a balance transaction is of; `amount` in minor units."""

    order_number: str
    amount: int
    currency: str
    #: Which of the three it is, as the books name it.
    event: LedgerEvent


def record_payout(payout: Payout, facts: PayoutFacts, *, now: datetime) -> None:
    """Record what Stripe reports of a payout; an older report never overwrites a later state."""
    payout.status = payout.status.furthest(facts.status)
    payout.reconciliation = payout.reconciliation.furthest(facts.reconciliation)
    payout.failure_code = payout.failure_code or facts.failure_code
    # It is only ever postponed, by holidays of the bank.
    payout.arrival_at = max(payout.arrival_at, facts.arrival_at)
    payout.next_read_at = next_read_at(payout, now)


def next_read_at(payout: Payout, now: datetime) -> datetime | None:
    """Return when the payout and its lines are read next; `None` if nothing more is expected of Stripe."""
    is_listed = payout.reconciliation is PayoutReconciliation.COMPLETED
    if is_listed and payout.lines_read_at is None:
        return now
    is_open = payout.status in (PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT)
    is_awaited = is_open or payout.reconciliation is PayoutReconciliation.IN_PROGRESS
    # What does not match is compared again: a line may precede the event of its order.
    if not is_awaited and not payout.mismatches:
        return None
    if now > payout.arrival_at + _READ_UNTIL:
        return None
    return max(payout.arrival_at, now) + _READ_AGAIN_AFTER


def record_movement(row: BalanceTransaction, facts: MovementFacts, *, read_at: datetime) -> bool:
    """Record the figures of a balance transaction; returns whether others were known before.

    A read that was sent before the known one changes nothing.
    """
    if row.read_at is not None and row.read_at >= read_at:
        return False
    known = (row.amount, row.fee, row.net, row.currency)
    is_changed = row.read_at is not None and known != (facts.amount, facts.fee, facts.net, facts.currency)
    row.type, row.reporting_category = facts.type, facts.reporting_category
    row.amount, row.fee, row.fee_tax, row.net = facts.amount, facts.fee, facts.fee_tax, facts.net
    row.currency, row.exchange_rate = facts.currency, facts.exchange_rate
    row.stripe_source_id = facts.source_id
    row.available_on, row.stripe_created_at = facts.available_on, facts.created_at
    row.read_at = read_at
    return is_changed


def is_own_movement(line: BalanceTransaction) -> bool:
    """Whether a line is the payout's own, by which it leaves the balance, and none of what it contains."""
    return (line.type or "") == _PAYOUT


def compare(
    payout: Payout, lines: Sequence[BalanceTransaction], sources: Mapping[str, Source]
) -> list[Mismatch]:
    """Return what does not match between a payout, its lines and the orders.

    `sources` are the payments, refunds and disputes of the tenant's orders, by Stripe's id. A line without one is of
    another shop with the same Stripe account, or a fee of the account: it counts for the sum only.
    """
    contained = [line for line in lines if not is_own_movement(line)]
    found = [
        Mismatch(Reason.CURRENCY, transaction_id=line.stripe_balance_transaction_id)
        for line in contained
        if line.currency != payout.currency
    ]
    total = sum(line.net or 0 for line in contained)
    if total != payout.amount:
        found.append(Mismatch(Reason.SUM, expected=payout.amount, found=total))
    for line in contained:
        source = sources.get(line.stripe_source_id or "")
        expected = None if source is None else _expected_amount(line, source)
        if source is not None and expected is not None and not _is_near(line, expected):
            found.append(
                Mismatch(
                    Reason.AMOUNT,
                    expected=expected,
                    found=line.amount,
                    transaction_id=line.stripe_balance_transaction_id,
                    order_number=source.order_number,
                )
            )
    return found


def _expected_amount(line: BalanceTransaction, source: Source) -> int | None:
    """Return what the order says that the line should move, with the line's sign; `None` if it cannot be compared."""
    sign = -1 if (line.amount or 0) < 0 else 1
    if line.currency == source.currency:
        return sign * source.amount
    if line.exchange_rate is None or line.currency is None:
        return None
    if decimals(line.currency) != decimals(source.currency):
        # Whether the rate is one of minor or of major units is not documented.
        return None
    return sign * round(source.amount * line.exchange_rate)


def _is_near(line: BalanceTransaction, expected: int) -> bool:
    difference = abs((line.amount or 0) - expected)
    if line.exchange_rate is None:
        return difference == 0
    return difference <= max(Decimal(1), abs(expected) * _CONVERSION_TOLERANCE)
