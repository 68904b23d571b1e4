"""Confirmation of a PaymentIntent: the state machine, and the outcome of each test instrument."""

from typing import Any

from lumira.sandbox.account import Account, without_private_fields
from lumira.sandbox.errors import CardDeclinedError, InvalidRequestError, InvalidStateError
from lumira.sandbox.events import emit
from lumira.sandbox.payments.bank_transfer_instructions import await_bank_transfer
from lumira.sandbox.payments.charges import open_charge
from lumira.sandbox.payments.disputes import schedule_disputes
from lumira.sandbox.payments.fraud_warnings import schedule_fraud_warning
from lumira.sandbox.payments.instruments import (
    AUTHENTICATION_REQUIRED,
    BANK_TRANSFER,
    Decline,
    Instrument,
)
from lumira.sandbox.payments.intents import OPEN_STATUSES
from lumira.sandbox.payments.methods import get_payment_method, instrument_of, payment_method_from_params

_CURRENCY_OF = {"customer_balance": "eur", "sepa_debit": "eur", "us_bank_account": "usd"}
_NEEDS_MANDATE = ("sepa_debit", "us_bank_account")
_UNEXPECTED = "payment_intent_unexpected_state"
#: The kind of task that ends a delayed payment.
DELAYED_OUTCOME = "delayed_outcome"


def confirm(
    account: Account, intent: dict[str, Any], params: dict[str, Any], *, browser: bool
) -> dict[str, Any]:
    """Attempt the payment.

    Raises ``CardDeclinedError`` (402) after the failed attempt is recorded, ``InvalidStateError`` if the intent
    cannot be confirmed, and ``InvalidRequestError`` for an unsuitable payment method.
    """
    _check_confirmable(intent)
    method = _method_for(account, intent, params)
    _check_method(intent, method)
    _check_return_url(intent, params, browser=browser)
    if method["type"] in _NEEDS_MANDATE and not browser and "mandate_data" not in params:
        raise InvalidRequestError(
            "This PaymentIntent requires a mandate, but no existing mandate was found. Please collect "
            "mandate acceptance from the customer and try again, providing acceptance data in the "
            "mandate_data parameter.",
            code="payment_intent_mandate_invalid",
            param="mandate_data",
        )
    for name in ("receipt_email", "shipping", "setup_future_usage"):
        if name in params:
            intent[name] = params[name] or None
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    return _attempt(account, intent, method, params)


def _attempt(
    account: Account, intent: dict[str, Any], method: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    instrument = instrument_of(method)
    if instrument is BANK_TRANSFER:
        return await_bank_transfer(account, intent)
    if instrument.requires_authentication:
        if params.get("off_session") or params.get("error_on_requires_action"):
            return decline(account, intent, method, AUTHENTICATION_REQUIRED)
        return _require_authentication(account, intent, params)
    return charge(account, intent, method, instrument)


def charge(
    account: Account,
    intent: dict[str, Any],
    method: dict[str, Any],
    instrument: Instrument,
    *,
    authenticated: bool = False,
) -> dict[str, Any]:
    """Charge the instrument: succeeded, processing or declined, as its test behavior defines."""
    if instrument.delayed or instrument.decline is None:
        # No payment method is attached to a customer here, so it can be used once, as at Stripe.
        account.save({**method, "_used": True})
    if instrument.delayed:
        return _start_delayed_payment(account, intent, method, instrument)
    if instrument.decline is not None:
        return decline(account, intent, method, instrument.decline, authenticated=authenticated)
    charge_object = open_charge(account, intent, method, authenticated=authenticated)
    emit(account, "charge.succeeded", charge_object)
    intent.update(latest_charge=charge_object["id"], next_action=None)
    if charge_object["captured"]:
        return succeed(account, intent)
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    account.save(intent)
    emit(account, "payment_intent.amount_capturable_updated", intent)
    return intent


def succeed(account: Account, intent: dict[str, Any], amount: int | None = None) -> dict[str, Any]:
    """Mark the intent as succeeded with ``amount`` received, by default its full amount."""
    received = intent["amount"] if amount is None else amount
    intent.update(status="succeeded", amount_received=received, amount_capturable=0, last_payment_error=None)
    account.save(intent)
    emit(account, "payment_intent.succeeded", intent)
    schedule_disputes(account, intent)
    schedule_fraud_warning(account, intent)
    return intent


def decline(
    account: Account,
    intent: dict[str, Any],
    method: dict[str, Any],
    reason: Decline,
    *,
    authenticated: bool = False,
) -> dict[str, Any]:
    """Record the failed attempt, then raise ``CardDeclinedError``, which commits the record."""
    failed = open_charge(account, intent, method, decline=reason, authenticated=authenticated)
    emit(account, "charge.failed", failed)
    fail(account, intent, method, reason, failed["id"])
    error = intent["last_payment_error"]
    details = {
        name: value for name, value in error.items() if name not in ("code", "message", "type", "doc_url")
    }
    details.update(charge=failed["id"], payment_intent=without_private_fields(intent))
    raise CardDeclinedError(reason.message, code=reason.code, **details)


def fail(
    account: Account, intent: dict[str, Any], method: dict[str, Any], reason: Decline, charge_id: str | None
) -> None:
    """Return the intent to ``requires_payment_method``, with the reason in ``last_payment_error``."""
    card = method["type"] == "card"
    error: dict[str, Any] = {
        "advice_code": reason.advice_code,
        "charge": charge_id,
        "code": reason.code,
        "decline_code": reason.decline_code,
        "doc_url": f"https://docs.stripe.com/error-codes/{reason.code.replace('_', '-')}",
        "message": reason.message,
        "payment_method": without_private_fields(method),
        "type": "card_error" if card else "invalid_request_error",
    }
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        processing=None,
        last_payment_error={name: value for name, value in error.items() if value is not None},
    )
    if charge_id is not None:
        intent["latest_charge"] = charge_id
    account.save(intent)
    emit(account, "payment_intent.payment_failed", intent)


def _start_delayed_payment(
    account: Account, intent: dict[str, Any], method: dict[str, Any], instrument: Instrument
) -> dict[str, Any]:
    started = open_charge(account, intent, method, pending=True)
    intent.update(status="processing", latest_charge=started["id"])
    account.save(intent)
    emit(account, "charge.pending", started)
    emit(account, "payment_intent.processing", intent)
    account.schedule(DELAYED_OUTCOME, intent["id"], after_seconds=account.delay(slow=instrument.slow))
    return intent


def _require_authentication(
    account: Account, intent: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    url = f"{account.base_url}/sandbox/authenticate/{intent['id']}?client_secret={intent['client_secret']}"
    return_url = params.get("return_url")
    intent["_return_url"] = return_url
    if return_url and not params.get("use_stripe_sdk"):
        intent["next_action"] = {
            "redirect_to_url": {"return_url": return_url, "url": url},
            "type": "redirect_to_url",
        }
    else:
        intent["next_action"] = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url, "source": intent["id"]},
        }
    intent["status"] = "requires_action"
    account.save(intent)
    emit(account, "payment_intent.requires_action", intent)
    return intent


def _check_confirmable(intent: dict[str, Any]) -> None:
    status = intent["status"]
    if status in OPEN_STATUSES:
        return
    if status == "succeeded":
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously "
            "confirmed."
        )
    else:
        message = (
            f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action."
        )
    raise InvalidStateError(message, code=_UNEXPECTED, payment_intent=without_private_fields(intent))


def _method_for(account: Account, intent: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    if params.get("payment_method"):
        return get_payment_method(account, params["payment_method"])
    if params.get("payment_method_data"):
        return payment_method_from_params(account, params["payment_method_data"], "payment_method_data")
    if intent["payment_method"]:
        return get_payment_method(account, intent["payment_method"])
    raise InvalidStateError(
        "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update "
        "the PaymentIntent with a payment method and then confirm it again, or confirm it again directly "
        "with a payment method or ConfirmationToken.",
        code=_UNEXPECTED,
        payment_intent=without_private_fields(intent),
    )


def _check_method(intent: dict[str, Any], method: dict[str, Any]) -> None:
    kind = method["type"]
    if method.get("_used"):
        raise InvalidRequestError(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was detached from a "
            "Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it "
            "to a Customer first.",
            param="payment_method",
        )
    currency = _CURRENCY_OF.get(kind)
    if currency is not None and intent["currency"] != currency:
        raise InvalidRequestError(
            f"The currency provided ({intent['currency']}) is invalid for payment method type {kind}. This "
            f"payment method type supports only the following currencies: {currency}",
            code="payment_intent_invalid_parameter",
            param="payment_method",
        )
    if kind not in intent["payment_method_types"]:
        raise InvalidRequestError(
            f"The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent. Please attach a "
            f"compatible PaymentMethod. Allowed types: {', '.join(intent['payment_method_types'])}",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
        )


def _check_return_url(intent: dict[str, Any], params: dict[str, Any], *, browser: bool) -> None:
    automatic = intent["automatic_payment_methods"]
    if browser or params.get("return_url") or automatic is None or automatic["allow_redirects"] == "never":
        return
    raise InvalidRequestError(
        "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some "
        "of these payment methods might redirect your customer off of your page, you must provide a "
        "`return_url`. If you don't want to accept redirect-based payment methods, set "
        "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
        "`never` when creating Setup Intents and Payment Intents."
    )
