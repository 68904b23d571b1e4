"""Redaction of Stripe's objects: ids, amounts, states and times remain, personal data is removed."""

import re
from collections.abc import Mapping
from typing import Any

from lumira.domain.stripe import metadata as stripe_metadata
from lumira.formats import ORDER_NUMBER_PATTERN, UUID_PATTERN

#: Fields that remain at any depth. Every other field is removed, because Stripe may add fields with personal data.
_ALLOWED_FIELDS = frozenset(
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
#: Fields of free text that remain only if they have the format that Lumira writes.
_OUR_FORMATS = {
    "idempotency_key": re.compile(r"lumira-[a-z]+-[A-Za-z0-9_-]+"),
    stripe_metadata.ORDER_NUMBER: ORDER_NUMBER_PATTERN,
    stripe_metadata.REFUND_REQUEST: UUID_PATTERN,
}


def without_personal_data(stripe_object: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the object without personal data; a second call changes nothing.

    The fields that webhook handlers read remain.
    """
    return {name: _redacted(name, value) for name, value in stripe_object.items() if name in _ALLOWED_FIELDS}


def _redacted(name: str, value: Any) -> Any:
    if name == "metadata" and isinstance(value, Mapping):
        return {
            key: value[key] for key in stripe_metadata.IDENTIFYING if _has_our_format(key, value.get(key))
        }
    if name in _OUR_FORMATS:
        return value if _has_our_format(name, value) else None
    return _redacted_value(value)


def _has_our_format(name: str, value: Any) -> bool:
    return isinstance(value, str) and _OUR_FORMATS[name].fullmatch(value) is not None


def _redacted_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_personal_data(value)
    if isinstance(value, list):
        return [_redacted_value(item) for item in value]
    return value
