"""Balance transactions: what each charge, refund, dispute and payout moves on the balance, and Stripe's fee for it."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.ids import payment_id

KIND = "balance_transaction"
#: Stripe's standard price for European cards: 1.5 % and 25 minor units.
_FEE_PER_THOUSAND, _FIXED_FEE = 15, 25
#: Stripe converts to the account's currency for two percent.
_CONVERSION_FEE_PER_THOUSAND = 20
_DAYS_UNTIL_AVAILABLE = 2
_DAY_SECONDS = 24 * 3600


def record_movement(
    account: Account,
    *,
    kind: str,
    source: str | None,
    amount: int,
    currency: str,
    fee: int = 0,
    fee_description: str = "Stripe processing fees",
    category: str | None = None,
    description: str | None = None,
    identifier: str | None = None,
    days_until_available: int = 0,
) -> dict[str, Any]:
    """Store one balance transaction; amounts are minor units of the payment's currency, and converted if needed."""
    settled, rate = _settlement(account, currency)
    if rate is not None:
        amount, fee = round(amount * rate), round(fee * rate)
    return account.add(
        {
            "id": identifier or payment_id("txn"),
            "object": KIND,
            "amount": amount,
            "available_on": account.now + days_until_available * _DAY_SECONDS,
            "balance_type": "payments",
            "created": account.now,
            "currency": settled,
            "description": description,
            "exchange_rate": rate,
            "fee": fee,
            "fee_details": [_fee_detail(fee, settled, fee_description)] if fee else [],
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source,
            "status": "pending" if days_until_available else "available",
            "type": kind,
        }
    )


def record_charge(account: Account, charge: dict[str, Any], *, identifier: str | None = None) -> str:
    """Store the balance transaction of a captured charge, and return its id."""
    amount = charge["amount_captured"]
    _, rate = _settlement(account, charge["currency"])
    per_thousand = _FEE_PER_THOUSAND + (_CONVERSION_FEE_PER_THOUSAND if rate is not None else 0)
    movement = record_movement(
        account,
        kind="charge" if charge["id"].startswith("ch_") else "payment",
        category="charge",
        source=charge["id"],
        amount=amount,
        currency=charge["currency"],
        fee=(amount * per_thousand + 500) // 1000 + _FIXED_FEE,
        description=charge["description"],
        identifier=identifier,
        days_until_available=_DAYS_UNTIL_AVAILABLE,
    )
    return str(movement["id"])


def record_refund(account: Account, refund: dict[str, Any], *, has_failed: bool = False) -> str:
    """Store the balance transaction of a refund, or of its return after it failed; returns its id."""
    is_card = refund["id"].startswith("re_")
    kind = "refund" if is_card else "payment_refund"
    movement = record_movement(
        account,
        kind="refund_failure" if has_failed else kind,
        category="refund_failure" if has_failed else "refund",
        source=refund["id"],
        amount=refund["amount"] if has_failed else -refund["amount"],
        currency=refund["currency"],
        description="REFUND FAILURE" if has_failed else "REFUND FOR CHARGE",
    )
    return str(movement["id"])


def _settlement(account: Account, currency: str) -> tuple[str, float | None]:
    """Return the currency of the balance, and how a payment's currency is converted to it; `None` if it is not."""
    settled = account.settings.get("settlement_currency", currency)
    if settled == currency:
        return currency, None
    return settled, float(account.settings.get("exchange_rate", 1))


def _fee_detail(fee: int, currency: str, description: str) -> dict[str, Any]:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": description,
        "type": "stripe_fee",
    }
