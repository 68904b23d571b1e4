"""Parses Stripe's objects into facts, whether they come in an event or in a response.

A field that is missing or has the wrong type raises `MalformedObject` before anything is recorded.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from lumira.card_numbers import contains_card_number, contains_hidden_number
from lumira.confusables import is_confusable
from lumira.domain.checkout_sessions import SessionFacts
from lumira.domain.disputes import DisputeFacts
from lumira.domain.fraud_warnings import FraudWarningFacts
from lumira.domain.goods.addresses import Address
from lumira.domain.payments import AttemptFailure, IntentFacts
from lumira.domain.refunds import ChargeFacts, RefundFacts
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.models import DisputeStatus, RefundStatus, SessionState

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
#: Sums of several such amounts fit a column; Stripe's own limit is far below.
LARGEST_AMOUNT = 10**15
#: The payment statuses of a session that nothing more is to be paid for.
_PAID = ("paid", "no_payment_required")


#: Next actions with which a buyer may be about to pay outside the browser, for days: a bank transfer or a voucher.
_BANK_TRANSFER = "display_bank_transfer_instructions"
_PAID_OFFLINE = (_BANK_TRANSFER, "verify_with_microdeposits")
_VOUCHER_SUFFIX = "_display_details"


class MalformedObject(Exception):
    """An object that Stripe signed or returned lacks a usable field; the message is its name."""


def read_intent(intent: Mapping[str, Any], *, reported_at: datetime | None = None) -> IntentFacts:
    """Return the facts of a PaymentIntent; `MalformedObject`."""
    error = _mapping(intent, "last_payment_error")
    return IntentFacts(
        id=read_text(intent, "id", prefix="pi_"),
        status=read_text(intent, "status"),
        amount=_amount(intent, "amount"),
        currency=read_text(intent, "currency").lower(),
        amount_received=_amount(intent, "amount_received", default=0),
        charge_id=read_id(intent.get("latest_charge"), "latest_charge") or _newest_charge_id(intent),
        payment_method_id=read_id(intent.get("payment_method"), "payment_method"),
        reported_at=reported_at,
        failure=_read_failure(error) if error is not None else None,
        is_paid_offline=is_paid_offline(intent),
        amount_funded=read_funded_amount(intent),
        metadata=read_metadata(intent),
        shipping=read_shipping(intent.get("shipping")),
    )


def read_shipping(details: object, *, phone: object = None) -> Address | None:
    """Return the recipient's address that Stripe's page has collected; `None` without a country.

    An address is no reason to refuse the payment that came with it: parts that cannot be stored are left out.
    """
    recipient = details if isinstance(details, Mapping) else {}
    address = recipient.get("address")
    parts: Mapping[str, Any] = address if isinstance(address, Mapping) else {}
    country = _line(parts.get("country"))
    if country is None:
        return None
    return Address(
        country,
        name=_line(recipient.get("name")),
        phone=_line(recipient.get("phone")) or _line(phone),
        **{part: _line(parts.get(part)) for part in ("line1", "line2", "postal_code", "city", "state")},
    )


def _line(value: object) -> str | None:
    """A text in one line; `None` for one that PostgreSQL cannot store."""
    return " ".join(value.split()) or None if is_storable(value) else None


def _newest_charge_id(intent: Mapping[str, Any]) -> str | None:
    """The id of the newest charge in API versions before 2022-11-15, which list an intent's charges, newest first."""
    charges = (_mapping(intent, "charges") or {}).get("data")
    return read_id(charges[0], "charges") if isinstance(charges, list) and charges else None


def is_paid_offline(intent: Mapping[str, Any]) -> bool:
    """Whether the buyer may be about to pay a PaymentIntent by a bank transfer or a voucher."""
    action = intent.get("next_action")
    kind = action.get("type") if isinstance(action, Mapping) else None
    return isinstance(kind, str) and (kind in _PAID_OFFLINE or kind.endswith(_VOUCHER_SUFFIX))


def read_funded_amount(intent: Mapping[str, Any]) -> int:
    """Return what has arrived of the bank transfer that a PaymentIntent waits for; 0 if it waits for none."""
    action = intent.get("next_action")
    instructions = action.get(_BANK_TRANSFER) if isinstance(action, Mapping) else None
    remaining = instructions.get("amount_remaining") if isinstance(instructions, Mapping) else None
    if not isinstance(remaining, int) or isinstance(remaining, bool):
        return 0
    return max(_amount(intent, "amount") - remaining, 0)


def read_session(session: Mapping[str, Any]) -> SessionFacts:
    """Return the facts of a Checkout Session; a complete session need not be paid. `MalformedObject`."""
    state = read_text(session, "status")
    if state not in list(SessionState):
        raise MalformedObject("status")
    expires_at = read_time(session.get("expires_at"))
    if expires_at is None:
        raise MalformedObject("expires_at")
    details = _mapping(session, "customer_details") or {}
    collected = _mapping(session, "collected_information") or {}
    return SessionFacts(
        id=read_text(session, "id", prefix="cs_"),
        state=SessionState(state),
        # A session that requires no payment is paid once it is complete.
        is_paid=read_text(session, "payment_status") in _PAID and state == SessionState.COMPLETE,
        amount=_amount(session, "amount_total"),
        currency=read_text(session, "currency").lower(),
        expires_at=expires_at,
        payment_intent_id=read_id(session.get("payment_intent"), "payment_intent"),
        customer_email=_first_address(details.get("email"), session.get("customer_email")),
        metadata=read_metadata(session),
        shipping=read_shipping(collected.get("shipping_details"), phone=details.get("phone")),
    )


def read_buyer_email(charge: Mapping[str, Any]) -> str | None:
    """Return the address that the buyer typed in Stripe's form, else that of Stripe's receipt; `None` without one."""
    billing = charge.get("billing_details")
    typed = billing.get("email") if isinstance(billing, Mapping) else None
    return _first_address(typed, charge.get("receipt_email"))


def _first_address(*candidates: object) -> str | None:
    """Return the first usable e-mail address.

    Stripe accepts addresses that look like another buyer's; Lumira links none of those to a customer. One that begins
    with a card number was changed when its event was stored, and would be a stranger's.
    """
    return next((text for text in candidates if is_storable(text) and "@" in text and _is_usable(text)), None)


def _is_usable(address: str) -> bool:
    return not (is_confusable(address) or contains_card_number(address) or contains_hidden_number(address))


def read_charge(charge: Mapping[str, Any]) -> ChargeFacts:
    """Return the refunded amount of a Charge; `MalformedObject`."""
    amount = _amount(charge, "amount")
    is_captured = charge.get("captured", True) is not False
    return ChargeFacts(
        # `py_` where it was not paid by card.
        id=read_text(charge, "id", prefix=("ch_", "py_")),
        payment_intent_id=read_id(charge.get("payment_intent"), "payment_intent"),
        amount=amount,
        currency=read_text(charge, "currency").lower(),
        amount_refunded=_amount(charge, "amount_refunded"),
        uncaptured=max(amount - _amount(charge, "amount_captured", default=amount), 0) if is_captured else 0,
    )


def read_refund(refund: Mapping[str, Any]) -> RefundFacts:
    """Return the facts of a Refund, which has no metadata of its payment; `MalformedObject`."""
    status = read_text(refund, "status")
    if status not in list(RefundStatus):
        raise MalformedObject("status")
    return RefundFacts(
        id=read_text(refund, "id"),
        charge_id=read_id(refund.get("charge"), "charge"),
        amount=_amount(refund, "amount"),
        currency=read_text(refund, "currency").lower(),
        status=RefundStatus(status),
        payment_intent_id=read_id(refund.get("payment_intent"), "payment_intent"),
        request_id=read_metadata(refund).get(stripe_metadata.REFUND_REQUEST),
    )


def read_dispute(dispute: Mapping[str, Any]) -> DisputeFacts:
    """Return the facts of a Dispute, which has no metadata of its payment and its own amount; `MalformedObject`."""
    status = read_text(dispute, "status")
    if status not in list(DisputeStatus):
        raise MalformedObject("status")
    movements = dispute.get("balance_transactions")
    details = _mapping(dispute, "evidence_details") or {}
    return DisputeFacts(
        id=read_text(dispute, "id"),
        charge_id=read_id(dispute.get("charge"), "charge"),
        amount=_amount(dispute, "amount"),
        currency=read_text(dispute, "currency").lower(),
        status=DisputeStatus(status),
        movements=len(movements) if isinstance(movements, list) else 0,
        reason=read_optional_text(dispute, "reason"),
        due_at=read_time(details.get("due_by")),
    )


def read_fraud_warning(warning: Mapping[str, Any]) -> FraudWarningFacts:
    """Return the facts of an early fraud warning, which has no metadata of its payment; `MalformedObject`."""
    charge_id = read_id(warning.get("charge"), "charge")
    is_actionable = warning.get("actionable")
    if charge_id is None:
        raise MalformedObject("charge")
    if not isinstance(is_actionable, bool):
        raise MalformedObject("actionable")
    return FraudWarningFacts(
        id=read_text(warning, "id"),
        charge_id=charge_id,
        payment_intent_id=read_id(warning.get("payment_intent"), "payment_intent"),
        fraud_type=read_text(warning, "fraud_type"),
        is_actionable=is_actionable,
    )


def _read_failure(error: Mapping[str, Any]) -> AttemptFailure:
    return AttemptFailure(
        charge_id=read_id(error.get("charge"), "charge"),
        payment_method_id=read_id(error.get("payment_method"), "payment_method"),
        code=read_optional_text(error, "code"),
        decline_code=read_optional_text(error, "decline_code"),
    )


def read_metadata(stripe_object: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of an object, without values that are not strings."""
    metadata = stripe_object.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    return {name: value for name, value in metadata.items() if isinstance(value, str)}


def read_time(value: object) -> datetime | None:
    """Return Unix seconds as a UTC time; `None` if the value is not a valid time."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def is_storable(value: object) -> TypeGuard[str]:
    """Whether PostgreSQL can store the value as a short text: JSON may contain NUL and lone surrogates."""
    return isinstance(value, str) and 0 < len(value) <= 255 and _UNSTORABLE.search(value) is None  # noqa: PLR2004


def read_text(source: Mapping[str, Any], name: str, *, prefix: str | tuple[str, ...] = "") -> str:
    """Return a field as text that can be stored; raises `MalformedObject`."""
    value = source.get(name)
    if not is_storable(value) or not value.startswith(prefix):
        raise MalformedObject(name)
    return value


def read_optional_text(source: Mapping[str, Any], name: str) -> str | None:
    """Return a field as text that can be stored, or `None`; raises `MalformedObject`."""
    return None if source.get(name) is None else read_text(source, name)


def _amount(source: Mapping[str, Any], name: str, *, default: int | None = None) -> int:
    value = source.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_AMOUNT:
        raise MalformedObject(name)
    return value


def _mapping(source: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = source.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise MalformedObject(name)
    return value


def read_id(value: object, name: str) -> str | None:
    """Return the id of a reference, which may be expanded to the whole object; raises `MalformedObject`."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if value is None:
        return None
    if not is_storable(value):
        raise MalformedObject(name)
    return value
