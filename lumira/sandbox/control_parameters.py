"""Validation of control requests: a JSON object with known names and valid values."""

import json
import re
from typing import Any, TypeAlias

from werkzeug.wrappers import Request

from lumira.sandbox import faults
from lumira.sandbox.errors import InvalidRequestError
from lumira.sandbox.limits import MAX_AMOUNT

Json: TypeAlias = dict[str, Any]

_QUEUED = {"fault", "method", "path", "ms", "times"}
_TEXTS = frozenset((
    "type", "event", "endpoint", "api_version", "fault", "method", "path", "charge", "payment_intent",
    "refund", "dispute", "reason", "status", "outcome", "failure_reason", "payment_method", "email", "name",
    "key", "currency", "receipt_email", "reference", "account",
    "fraud_type", "payout", "transaction", "settlement_currency",
))  # fmt: skip
_MAX_TIMES = 1_000_000
_MAX_CLOCK_OFFSET_SECONDS = 365 * 24 * 3600


def read_json(request: Request) -> Json:
    """Return the JSON object of a request; an empty body counts as an empty object."""
    body = request.get_data()
    if not body:
        return {}
    try:
        sent = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not JSON.") from error
    if not isinstance(sent, dict):
        raise InvalidRequestError("The body is not a JSON object.")
    return sent


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def check_names(sent: Json, valid_names: set[str]) -> None:
    """Raise ``InvalidRequestError`` for an unknown name or a value out of range."""
    for name, value in sent.items():
        if name not in valid_names:
            raise InvalidRequestError(
                f"Unknown parameter: {name}. Valid parameters: {', '.join(sorted(valid_names))}.", param=name
            )
        if not _is_valid(name, value):
            raise InvalidRequestError(f"Out of range: {name}.", param=name)


def _is_valid(name: str, value: Any) -> bool:
    if name in ("paused", "shuffle", "bank_transfers", "charges_enabled", "withdrawn", "reinstated"):
        return isinstance(value, bool)
    if name in _TEXTS:
        return isinstance(value, str)
    if name in ("amount", "amount_total"):
        minimum = 1 if name == "amount" else 0
        return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= MAX_AMOUNT
    if name in ("refused_emails", "withhold"):
        return isinstance(value, list) and all(isinstance(email, str) for email in value)
    if name in ("metadata", "shipping"):
        return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    if name == "clock_offset_s":
        return (
            isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_CLOCK_OFFSET_SECONDS
        )
    if name in ("seed", "object", "permissions", "previous_attributes", "times"):
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return number and (value <= 1 or not (name.startswith("rate_") or name == "lose"))


def check_queued(spec: Any) -> None:
    """Raise ``InvalidRequestError`` for a queued fault that could never apply."""
    if not isinstance(spec, dict):
        raise InvalidRequestError("A queued fault must be an object.", param="queued")
    check_names(spec, _QUEUED)
    if spec.get("fault") not in faults.KINDS:
        raise InvalidRequestError(f"`fault` must be one of {', '.join(faults.KINDS)}.", param="queued")
    times = spec.get("times", 1)
    if not isinstance(times, int) or not 1 <= times <= _MAX_TIMES:
        raise InvalidRequestError(f"`times` must be a whole number from 1 to {_MAX_TIMES}.", param="queued")
    try:
        re.compile(spec.get("path") or "")
    except (re.error, TypeError) as error:
        raise InvalidRequestError(
            "`path` must be a prefix or a valid regular expression.", param="queued"
        ) from error
