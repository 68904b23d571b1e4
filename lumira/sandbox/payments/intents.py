"""PaymentIntent objects: their fields, payment method types, and the fields that a browser may read."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.addresses import shipping_object
from lumira.sandbox.ids import payment_id, random_id
from lumira.sandbox.limits import merged_metadata

#: A PaymentIntent can be changed and confirmed only in these statuses.
OPEN_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE_STATUSES = (
    "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing",
)  # fmt: skip

#: Stripe returns only these fields to a publishable key: neither metadata nor customer.
_PUBLIC_FIELDS = frozenset((
    "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at",
    "cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created",
    "currency", "description", "last_payment_error", "livemode", "next_action", "payment_method",
    "payment_method_configuration_details", "payment_method_types", "processing", "receipt_email",
    "setup_future_usage", "shipping", "source", "status",
))  # fmt: skip
_COPIED = (
    "customer", "customer_account", "description", "on_behalf_of", "receipt_email", "setup_future_usage",
    "statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group",
    "application_fee_amount", "excluded_payment_method_types",
)  # fmt: skip
_EMPTY = (
    "application", "canceled_at", "cancellation_reason", "last_payment_error", "latest_charge",
    "managed_payments", "next_action", "payment_details", "payment_method",
    "payment_method_configuration_details", "payment_record", "presentment_details", "processing", "review",
    "source",
)  # fmt: skip
#: The currency of bank transfers, which are offered to a customer where the account enabled them.
_BANK_TRANSFER_CURRENCY = "eur"
_LOCAL_TYPES = {"eur": ["card", "sepa_debit"], "usd": ["card", "us_bank_account"]}


def new_intent(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """Store a new PaymentIntent with the status ``requires_payment_method``."""
    identifier = payment_id("pi")
    return account.add(
        {
            "id": identifier,
            "object": "payment_intent",
            **dict.fromkeys(_EMPTY),
            **{name: params.get(name) or None for name in _COPIED},
            "shipping": shipping_object(params.get("shipping")),
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": params.get("amount_details") or {"tip": {}},
            "amount_received": 0,
            "automatic_payment_methods": _automatic(params),
            "capture_method": params.get("capture_method", "automatic_async"),
            "client_secret": f"{identifier}_secret_{random_id('', 25)[1:]}",
            "confirmation_method": params.get("confirmation_method", "automatic"),
            "created": account.now,
            "currency": params["currency"],
            "hooks": params.get("hooks"),
            "livemode": False,
            "metadata": merged_metadata({}, params.get("metadata")),
            "payment_method_options": _options(params),
            "payment_method_types": method_types(account, params, params["currency"]),
            "status": "requires_payment_method",
        }
    )


def _automatic(params: dict[str, Any]) -> dict[str, Any] | None:
    sent = params.get("automatic_payment_methods")
    if sent is None:
        # Since API version 2023-08-16, the payment methods enabled in the Dashboard are the default.
        return {"allow_redirects": "always", "enabled": True}
    if not sent["enabled"]:
        return None
    return {"allow_redirects": sent.get("allow_redirects", "always"), "enabled": True}


def method_types(account: Account, params: dict[str, Any], currency: str) -> list[str]:
    """Return the payment method types of an intent, from its currency and its allowed and excluded types."""
    offered = list(_LOCAL_TYPES.get(currency, ["card"]))
    has_bank_transfers = account.settings.get("bank_transfers") and currency == _BANK_TRANSFER_CURRENCY
    if has_bank_transfers and params.get("customer"):
        offered.append("customer_balance")
    allowed = params.get("allowed_payment_method_types") or offered
    excluded = params.get("excluded_payment_method_types") or []
    return [kind for kind in offered if kind in allowed and kind not in excluded]


def change_amount(account: Account, intent: dict[str, Any], amount: int, currency: str) -> None:
    """Set the amount (minor units) and the currency of an open intent, and the payment method types that follow."""
    intent.update(
        amount=amount, currency=currency, payment_method_types=method_types(account, intent, currency)
    )
    account.save(intent)


def _options(params: dict[str, Any]) -> dict[str, Any]:
    card = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    }
    sent = params.get("payment_method_options") or {}
    return {**sent, "card": {**card, **(sent.get("card") or {})}}


def publishable_view(intent: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the intent that a publishable key may read."""
    return {name: value for name, value in intent.items() if name in _PUBLIC_FIELDS}
