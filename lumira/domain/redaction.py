"""What is left of Stripe's objects when personal data are taken out: ids, amounts, states and times."""

import re
from collections.abc import Mapping
from typing import Any

#: Kept wherever they stand. Whatever is not named here goes: of what Stripe may add one day nobody knows what it is.
_KEPT = frozenset(
    {
        *("id", "object", "type", "created", "livemode", "api_version", "account", "pending_webhooks"),
        *("data", "request", "idempotency_key", "status", "payment_status", "state", "mode", "outcome"),
        *(
            "amount",
            "amount_captured",
            "amount_received",
            "amount_refunded",
            "amount_subtotal",
            "amount_total",
        ),
        *("currency", "unit_amount", "price_data", "line_items", "quantity", "paid", "captured", "refunded"),
        *("disputed", "reason", "code", "decline_code", "cancellation_reason", "failure_reason"),
        *("canceled_at", "expires_at", "due_by", "evidence_details", "capture_method"),
        *("payment_intent", "charge", "latest_charge", "refund", "payment_method", "last_payment_error"),
        *("balance_transaction", "balance_transactions", "metadata", "automatic_payment_methods", "enabled"),
        "statement_descriptor_suffix",
    }
)
#: What else may be of any form, and is kept only in the form that we give it. Of metadata by which an order or one of
#: our refunds is found nothing more is needed: all else that we write there stands on the order.
_OUR_FORMS = {
    "idempotency_key": re.compile(r"lumira-[a-z]+-[A-Za-z0-9_-]+"),
    "orderNumber": re.compile(r"[A-Z0-9]{2,8}-[0-9A-HJKMNP-TV-Z]{10}"),
    "refundRequest": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
_METADATA_KEPT = ("orderNumber", "refundRequest")


def without_personal_data(stripe_object: Mapping[str, Any]) -> dict[str, Any]:
    """The object without all that could be about a person; doing so twice changes nothing.

    What a handler reads of an event is still there.
    """
    return {name: _kept(name, value) for name, value in stripe_object.items() if name in _KEPT}


def _kept(name: str, value: Any) -> Any:
    if name == "metadata" and isinstance(value, Mapping):
        return {key: value[key] for key in _METADATA_KEPT if _is_in_our_form(key, value.get(key))}
    if name in _OUR_FORMS:
        return value if _is_in_our_form(name, value) else None
    return _plain(value)


def _is_in_our_form(name: str, value: Any) -> bool:
    return isinstance(value, str) and _OUR_FORMS[name].fullmatch(value) is not None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_personal_data(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
