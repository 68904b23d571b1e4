"""Payment methods, created from test numbers, test tokens or Stripe's test names, never from real numbers."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import CardDeclinedError, InvalidRequestError, missing_parameter, no_such_object
from lumira.sandbox.ids import payment_method_id
from lumira.sandbox.limits import merged_metadata
from lumira.sandbox.payments.instruments import (
    BANK_TRANSFER,
    CARDS,
    IBANS,
    NAMED,
    US_BANK_ACCOUNTS,
    Instrument,
    get_instrument,
)

_NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
#: The expiry month and year of test cards that are sent without one.
_EXPIRY = (12, 2034)
_CARD_LENGTHS = range(12, 20)
_MONTHS = range(1, 13)
_MAX_VALIDITY_YEARS = 50


def instrument_of(method: dict[str, Any]) -> Instrument:
    """Return the test instrument of a payment method, which defines the outcome of a charge."""
    return get_instrument(method["type"], method["_number"])


def get_payment_method(account: Account, identifier: str, *, param: str = "payment_method") -> dict[str, Any]:
    """Return a payment method of the account; as at Stripe, a test name creates a new one.

    Raises ``InvalidRequestError`` for an unknown id.
    """
    if identifier in NAMED:
        return new_payment_method(account, NAMED[identifier], {})
    return account.get("payment_method", identifier, param=param)


def payment_method_from_params(account: Account, data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Create a payment method from parameters such as ``{type: card, card: {number: …}}``."""
    kind = data.get("type")
    if not kind:
        raise missing_parameter(_param(prefix, "type"))
    if kind not in _READERS:
        raise InvalidRequestError(
            f"The payment method type provided: {kind} is invalid. Please ensure the provided type is "
            "activated in your dashboard (https://dashboard.stripe.com/account/payments/settings) and your account is "
            "enabled for any preview features that you are trying to use.",
            param=_param(prefix, "type"),
        )
    # Stripe.js sends no hash for a bank transfer, because there is nothing to enter.
    details = data.get(kind, {} if kind == BANK_TRANSFER.type else None)
    if details is None:
        raise missing_parameter(_param(prefix, kind))
    instrument = _READERS[kind](details, data, prefix)
    return new_payment_method(account, instrument, data)


def _param(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _read_card(details: dict[str, Any], _: dict[str, Any], prefix: str) -> Instrument:
    token = details.get("token")
    if token:
        name = "pm_card_" + str(token).removeprefix("tok_")
        if not str(token).startswith("tok_") or name not in NAMED:
            raise no_such_object("token", token, param=_param(prefix, "card[token]"), in_url=False)
        return NAMED[name]
    for name in ("number", "exp_month", "exp_year"):
        if name not in details:
            raise missing_parameter(_param(prefix, f"card[{name}]"))
    number = str(details["number"]).replace(" ", "").replace("-", "")
    _check_card_number(number)
    _check_expiry(details)
    if number not in CARDS:
        raise CardDeclinedError(
            "Your card was declined. Your request was in test mode, but used a non test card. For a list of "
            "valid test cards, visit: https://stripe.com/docs/testing.",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    return CARDS[number]


def _check_card_number(number: str) -> None:
    digits = [int(digit) for digit in number] if number.isascii() and number.isdigit() else []
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    if len(digits) not in _CARD_LENGTHS or (sum(digits[-1::-2]) + sum(doubled)) % 10:
        raise CardDeclinedError("Your card number is incorrect.", code="incorrect_number", param="number")


def _check_expiry(details: dict[str, Any]) -> None:
    if details["exp_month"] not in _MONTHS:
        raise CardDeclinedError(
            "Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month"
        )
    this_year = datetime.now(tz=UTC).year
    year = details["exp_year"]
    if year % 100 == year:
        year += this_year - this_year % 100
    if not this_year <= year <= this_year + _MAX_VALIDITY_YEARS:
        raise CardDeclinedError(
            "Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year"
        )


def _read_sepa(details: dict[str, Any], data: dict[str, Any], prefix: str) -> Instrument:
    if "iban" not in details:
        raise missing_parameter(_param(prefix, "sepa_debit[iban]"))
    billing = data.get("billing_details") or {}
    for name in ("name", "email"):
        if not billing.get(name):
            raise missing_parameter(_param(prefix, f"billing_details[{name}]"))
    iban = details["iban"].replace(" ", "").upper()
    if iban not in IBANS:
        raise InvalidRequestError(
            "The IBAN you provided is invalid.", code="invalid_bank_account_iban", param="sepa_debit[iban]"
        )
    return IBANS[iban]


def _read_us_bank(details: dict[str, Any], data: dict[str, Any], prefix: str) -> Instrument:
    if not (data.get("billing_details") or {}).get("name"):
        raise missing_parameter(_param(prefix, "billing_details[name]"))
    number = details.get("account_number")
    if number is None:
        raise missing_parameter(_param(prefix, "us_bank_account[account_number]"))
    if number not in US_BANK_ACCOUNTS:
        raise InvalidRequestError(
            "You must use a test bank account number in test mode. Try 000123456789 or see more options at "
            "https://stripe.com/docs/connect/testing#account-numbers.",
            code="account_number_invalid",
            param="us_bank_account[account_number]",
        )
    return US_BANK_ACCOUNTS[number]


def _read_bank_transfer(_: dict[str, Any], __: dict[str, Any], ___: str) -> Instrument:
    return BANK_TRANSFER


_READERS = {
    "card": _read_card,
    "customer_balance": _read_bank_transfer,
    "sepa_debit": _read_sepa,
    "us_bank_account": _read_us_bank,
}


def new_payment_method(account: Account, instrument: Instrument, data: dict[str, Any]) -> dict[str, Any]:
    """Store a new payment method for a test instrument."""
    billing = data.get("billing_details") or {}
    details = data.get(instrument.type) or {}
    return account.add(
        {
            "id": payment_method_id(),
            "object": "payment_method",
            "_number": instrument.number,
            "allow_redisplay": data.get("allow_redisplay", "unspecified"),
            "billing_details": {
                "address": {**_NO_ADDRESS, **(billing.get("address") or {})},
                "email": billing.get("email"),
                "name": billing.get("name"),
                "phone": billing.get("phone"),
                "tax_id": billing.get("tax_id"),
            },
            instrument.type: _DETAILS[instrument.type](instrument, details),
            "created": account.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": merged_metadata({}, data.get("metadata")),
            "type": instrument.type,
        }
    )


def _fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:16]


def _card_details(instrument: Instrument, details: dict[str, Any]) -> dict[str, Any]:
    return {
        "brand": instrument.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if details.get("cvc") else None,
        },
        "country": instrument.country,
        "display_brand": instrument.brand,
        "exp_month": details.get("exp_month", _EXPIRY[0]),
        "exp_year": details.get("exp_year", _EXPIRY[1]),
        "fingerprint": _fingerprint(instrument.number),
        "funding": instrument.funding,
        "generated_from": None,
        "last4": instrument.last4,
        "networks": {"available": [instrument.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _sepa_details(instrument: Instrument, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "bank_code": instrument.number[4:12],
        "branch_code": "",
        "country": instrument.country,
        "fingerprint": _fingerprint(instrument.number),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": instrument.last4,
    }


def _us_bank_details(instrument: Instrument, details: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_holder_type": details.get("account_holder_type", "individual"),
        "account_type": details.get("account_type", "checking"),
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": _fingerprint(instrument.number),
        "last4": instrument.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": details.get("routing_number", "110000000"),
        "status_details": {},
    }


def _bank_transfer_details(_: Instrument, __: dict[str, Any]) -> dict[str, Any]:
    return {}


_DETAILS = {
    "card": _card_details,
    "customer_balance": _bank_transfer_details,
    "sepa_debit": _sepa_details,
    "us_bank_account": _us_bank_details,
}
