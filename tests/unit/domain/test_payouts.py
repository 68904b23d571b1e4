"""What does not match between a payout, its lines and the orders; and what events in any order leave of a payout."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lumira.domain.payouts import Reason, Source, compare, next_read_at, record_payout
from lumira.domain.stripe.balance import PayoutFacts, read_balance_transaction, read_payout
from lumira.domain.stripe.objects import MalformedObject
from lumira.models import BalanceTransaction, LedgerEvent, Payout, PayoutReconciliation, PayoutStatus

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ARRIVAL = datetime(2026, 11, 30, tzinfo=UTC)


def payout(**values: Any) -> Payout:
    defaults = {
        "stripe_payout_id": "po_1",
        "amount": 4604,
        "currency": "eur",
        "status": PayoutStatus.PENDING,
        "reconciliation": PayoutReconciliation.IN_PROGRESS,
        "is_automatic": True,
        "arrival_at": ARRIVAL,
    }
    return Payout(**(defaults | values))


def line(amount: int = 4700, fee: int = 96, source: str | None = "ch_1", **values: Any) -> BalanceTransaction:
    defaults = {
        "stripe_balance_transaction_id": f"txn_{source}_{amount}",
        "type": "charge",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "eur",
        "stripe_source_id": source,
    }
    return BalanceTransaction(**(defaults | values))


def found(
    *lines: BalanceTransaction, source: Source | None = None, **values: Any
) -> list[tuple[str, Any, Any]]:
    sources = {} if source is None else {"ch_1": source}
    return [(one.reason, one.expected, one.found) for one in compare(payout(**values), lines, sources)]


def sold(amount: int) -> Source:
    return Source("LUM-1", amount, "eur", LedgerEvent.PAYMENT)


SOLD = sold(4700)


@pytest.mark.parametrize(
    ("lines", "source", "values", "expected"),
    [
        ([line()], SOLD, {}, []),
        ([line(), line(-4604, 0, "po_1", type="payout")], SOLD, {}, []),
        ([line(), line(1000, 40, "ch_foreign")], SOLD, {"amount": 5564}, []),
        ([line(), line(-200, 0, None, type="stripe_fee")], SOLD, {"amount": 4404}, []),
        ([line()], SOLD, {"amount": 4600}, [(Reason.SUM, 4600, 4604)]),
        ([], None, {}, [(Reason.SUM, 4604, 0)]),
        ([line()], sold(4800), {}, [(Reason.AMOUNT, 4800, 4700)]),
        ([line(currency="usd")], None, {}, [(Reason.CURRENCY, None, None)]),
        ([line(-700, 0)], sold(700), {"amount": -700}, []),
        ([line(-700, 0)], sold(800), {"amount": -700}, [(Reason.AMOUNT, -800, -700)]),
    ],
    ids=[
        "matches", "the payout's own line", "another shop's sale", "a fee of the account", "another sum", "no lines",
        "another amount", "another currency", "a refund", "another refund",
    ],
)  # fmt: skip
def test_what_does_not_match_is_found(lines, source, values, expected) -> None:
    assert found(*lines, source=source, **values) == expected


@pytest.mark.parametrize(
    ("rate", "amount", "currency", "matches"),
    [
        ("1.0837", 5093, "usd", True),
        ("1.0837", 5094, "usd", True),
        ("1.0837", 5193, "usd", False),
        ("162.5", 7638, "jpy", True),
    ],
    ids=["converted", "rounded", "another amount", "decimals that differ are not compared"],
)
def test_a_converted_payment_is_compared_with_its_rate(rate, amount, currency, matches) -> None:
    converted = line(amount, 0, currency=currency, exchange_rate=Decimal(rate))
    reasons = found(converted, source=SOLD, amount=amount, currency=currency)
    assert (reasons == []) == matches


def facts(status: str, reconciliation: str, **values: Any) -> PayoutFacts:
    defaults = {
        "id": "po_1", "amount": 4604, "currency": "eur", "is_automatic": True, "arrival_at": ARRIVAL,
        "created_at": NOW, "failure_code": None, "livemode": False,
    }  # fmt: skip
    return PayoutFacts(
        status=PayoutStatus(status),
        reconciliation=PayoutReconciliation(reconciliation),
        **(defaults | values),
    )


def test_every_permutation_of_the_reports_ends_in_the_furthest_state() -> None:
    reports = [
        facts("pending", "in_progress"),
        facts("in_transit", "in_progress", arrival_at=ARRIVAL + timedelta(days=1)),
        facts("paid", "in_progress"),
        facts("paid", "completed"),
        facts("failed", "completed", failure_code="account_closed"),
    ]
    ends = set()
    for order in itertools.permutations(reports):
        known = payout()
        for report in (*order, order[0]):
            record_payout(known, report, now=NOW)
        ends.add((known.status, known.reconciliation, known.failure_code, known.arrival_at))
    assert ends == {
        (
            PayoutStatus.FAILED,
            PayoutReconciliation.COMPLETED,
            "account_closed",
            ARRIVAL + timedelta(days=1),
        )
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"reconciliation": PayoutReconciliation.COMPLETED}, NOW),
        ({}, ARRIVAL + timedelta(days=1)),
        ({"status": PayoutStatus.PAID}, ARRIVAL + timedelta(days=1)),
        ({"status": PayoutStatus.PAID, "reconciliation": PayoutReconciliation.NOT_APPLICABLE}, None),
        (
            {
                "status": PayoutStatus.PAID,
                "reconciliation": PayoutReconciliation.COMPLETED,
                "lines_read_at": NOW,
                "mismatches": [],
            },
            None,
        ),
        (
            {
                "status": PayoutStatus.PAID,
                "reconciliation": PayoutReconciliation.COMPLETED,
                "lines_read_at": NOW,
                "mismatches": [{"reason": "sum"}],
            },
            ARRIVAL + timedelta(days=1),
        ),
        ({"arrival_at": NOW - timedelta(days=30)}, None),
    ],
    ids=["listed", "under way", "not listed", "manual", "matches", "does not match", "forgotten"],
)
def test_a_payout_is_read_as_long_as_something_is_expected(values, expected) -> None:
    assert next_read_at(payout(**values), NOW) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "ch_1"}, {"net": 1}, {"amount": True}, {"fee": None}, {"currency": "euro"}, {"exchange_rate": -1},
        {"exchange_rate": "nan"}, {"created": "yesterday"}, {"source": "a\x00b"}, {"amount": 10**16},
    ],
)  # fmt: skip
def test_a_balance_transaction_that_makes_no_sense_is_refused(changes) -> None:
    item = {
        "id": "txn_1", "type": "charge", "amount": 4700, "fee": 96, "net": 4604, "currency": "eur",
        "exchange_rate": None, "source": "ch_1", "created": 1_790_000_000,
    }  # fmt: skip
    assert read_balance_transaction(item).net == 4604
    with pytest.raises(MalformedObject):
        read_balance_transaction(item | changes)


def test_the_vat_in_a_fee_is_added_up() -> None:
    item = {
        "id": "txn_1", "type": "charge", "amount": 4700, "fee": 120, "net": 4580, "currency": "EUR",
        "exchange_rate": 1.1, "source": {"id": "ch_1"}, "created": 1_790_000_000,
        "fee_details": [{"type": "stripe_fee", "amount": 100}, {"type": "tax", "amount": 20}],
    }  # fmt: skip
    read = read_balance_transaction(item)
    assert (read.fee_tax, read.currency, read.source_id, read.exchange_rate) == (
        20,
        "eur",
        "ch_1",
        Decimal("1.1"),
    )


def test_a_payout_without_its_mode_is_refused() -> None:
    with pytest.raises(MalformedObject):
        read_payout({"id": "po_1", "status": "paid", "reconciliation_status": "completed", "automatic": True})
