"""Parses what Stripe reports about an account's balance: balance transactions and payouts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lumira.domain.stripe.objects import (
    LARGEST_AMOUNT,
    MalformedObject,
    read_id,
    read_optional_text,
    read_text,
    read_time,
)
from lumira.models import PayoutReconciliation, PayoutStatus

#: The type of a fee detail that is VAT (SDK 16.1.0, `BalanceTransaction.FeeDetail.type`).
_TAX = "tax"


@dataclass(frozen=True, slots=True)
class MovementFacts:
    """A balance transaction as Stripe returned it; amounts in minor units of the balance's currency."""

    id: str
    type: str
    reporting_category: str | None
    amount: int
    fee: int
    fee_tax: int
    net: int
    currency: str
    exchange_rate: Decimal | None
    source_id: str | None
    available_on: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NamedMovement:
    """A balance transaction that an event names, without its figures."""

    id: str
    source_id: str | None


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """The state of one payout; `amount` in minor units, negative if it was taken from the bank account."""

    id: str
    amount: int
    currency: str
    status: PayoutStatus
    reconciliation: PayoutReconciliation
    is_automatic: bool
    arrival_at: datetime
    created_at: datetime
    failure_code: str | None
    livemode: bool


def read_balance_transaction(item: Mapping[str, Any]) -> MovementFacts:
    """Return the facts of a balance transaction; `MalformedObject`."""
    amount, fee, net = (_amount(item, name) for name in ("amount", "fee", "net"))
    if net != amount - fee:
        raise MalformedObject("net")
    return MovementFacts(
        id=read_text(item, "id", prefix="txn_"),
        type=read_text(item, "type"),
        reporting_category=read_optional_text(item, "reporting_category"),
        amount=amount,
        fee=fee,
        fee_tax=_read_tax(item),
        net=net,
        currency=_currency(item),
        exchange_rate=_read_rate(item.get("exchange_rate")),
        source_id=read_id(item.get("source"), "source"),
        available_on=read_time(item.get("available_on")),
        created_at=_time(item, "created"),
    )


def read_named_movement(charge: Mapping[str, Any]) -> NamedMovement | None:
    """Return the balance transaction that a charge names; `None` before Stripe has added it. `MalformedObject`."""
    transaction_id = read_id(charge.get("balance_transaction"), "balance_transaction")
    if transaction_id is None:
        return None
    return NamedMovement(transaction_id, read_text(charge, "id", prefix=("ch_", "py_")))


def read_payout(payout: Mapping[str, Any]) -> PayoutFacts:
    """Return the facts of a payout; `MalformedObject`."""
    status, reconciliation = read_text(payout, "status"), read_text(payout, "reconciliation_status")
    if status not in list(PayoutStatus):
        raise MalformedObject("status")
    if reconciliation not in list(PayoutReconciliation):
        raise MalformedObject("reconciliation_status")
    for name in ("automatic", "livemode"):
        if not isinstance(payout.get(name), bool):
            raise MalformedObject(name)
    return PayoutFacts(
        id=read_text(payout, "id", prefix="po_"),
        amount=_amount(payout, "amount"),
        currency=_currency(payout),
        status=PayoutStatus(status),
        reconciliation=PayoutReconciliation(reconciliation),
        is_automatic=payout["automatic"],
        arrival_at=_time(payout, "arrival_date"),
        created_at=_time(payout, "created"),
        failure_code=read_optional_text(payout, "failure_code"),
        livemode=payout["livemode"],
    )


def _read_tax(item: Mapping[str, Any]) -> int:
    details = item.get("fee_details")
    if not isinstance(details, list):
        return 0
    return sum(
        _amount(one, "amount") for one in details if isinstance(one, Mapping) and one.get("type") == _TAX
    )


def _read_rate(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise MalformedObject("exchange_rate") from None
    if isinstance(value, bool) or not rate.is_finite() or rate <= 0:
        raise MalformedObject("exchange_rate")
    return rate


def _amount(source: Mapping[str, Any], name: str) -> int:
    """Unlike a payment's, an amount of the balance may be negative."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_AMOUNT:
        raise MalformedObject(name)
    return value


def _currency(source: Mapping[str, Any]) -> str:
    currency = read_text(source, "currency").lower()
    if len(currency) != 3:  # noqa: PLR2004 - ISO 4217
        raise MalformedObject("currency")
    return currency


def _time(source: Mapping[str, Any], name: str) -> datetime:
    time = read_time(source.get(name))
    if time is None:
        raise MalformedObject(name)
    return time
