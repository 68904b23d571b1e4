"""``/v1/payment_intents``."""

from typing import Any

from stripe import params

from lumira.sandbox.account import Account, without_private_fields
from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError, missing_parameter
from lumira.sandbox.events import emit
from lumira.sandbox.limits import (
    DESCRIPTOR_WITH_CARD,
    check_amount,
    check_currency,
    check_description,
    check_descriptor_suffix,
    check_email,
    check_metadata,
    check_texts,
    check_url,
    merged_metadata,
)
from lumira.sandbox.lists import list_objects
from lumira.sandbox.payments import outcomes
from lumira.sandbox.payments.confirmation import confirm as confirm_intent
from lumira.sandbox.payments.intents import OPEN_STATUSES, method_types, new_intent, publishable_view
from lumira.sandbox.payments.methods import get_payment_method, payment_method_from_params

routes = Routes()
URL = "/v1/payment_intents"
#: Parameters that are allowed only together with ``confirm``.
_ONLY_WITH_CONFIRM = ("return_url", "mandate_data", "off_session", "error_on_requires_action", "mandate")
#: What the account can update on the PaymentIntent of a Checkout Session.
_UPDATABLE_UNDER_CHECKOUT = frozenset(("description", "expand", "metadata"))
_UPDATABLE_FIELDS = (
    "description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor_suffix",
    "customer",
    "transfer_group",
)  # fmt: skip


@routes.add("POST", URL, params.PaymentIntentCreateParams)
def create(call: Call) -> Object:
    """Create an intent, and confirm it if ``confirm`` is set."""
    sent = call.params
    sent["currency"] = check_currency(sent["currency"])
    check_amount(sent["amount"], sent["currency"])
    _check_texts(call.account, sent, method_types(call.account, sent, sent["currency"]))
    if not sent.get("confirm"):
        for name in _ONLY_WITH_CONFIRM:
            if name in sent:
                raise InvalidRequestError(
                    f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless "
                    "`confirm` is set to true.",
                    code="payment_intent_invalid_parameter",
                    param=name,
                )
    method = _method_sent(call.account, sent)
    intent = new_intent(call.account, sent)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
        call.account.save(intent)
    emit(call.account, "payment_intent.created", intent)
    if sent.get("confirm"):
        params_to_confirm = {
            name: value
            for name, value in sent.items()
            if name not in ("payment_method", "payment_method_data")
        }
        return confirm_intent(call.account, intent, params_to_confirm, browser=False)
    return intent


@routes.add("GET", URL, params.PaymentIntentListParams)
def list_all(call: Call) -> Object:
    """List the account's intents, newest first."""
    return list_objects(call.account, "payment_intent", URL, call.params, customer=call["customer"])


@routes.add("GET", URL + "/<id>", params.PaymentIntentRetrieveParams, publishable=True)
def retrieve(call: Call) -> Object:
    """Return one intent; a publishable key needs its client secret."""
    intent = _get(call)
    return publishable_view(intent) if call.publishable else intent


@routes.add("POST", URL + "/<id>", params.PaymentIntentUpdateParams)
def update(call: Call) -> Object:
    """Update an intent that is still open; metadata and description can be updated at any time."""
    account, sent, intent = call.account, call.params, _get(call)
    if not _UPDATABLE_UNDER_CHECKOUT.issuperset(sent):
        _check_not_of_session(intent)
    for name in (
        "amount",
        "currency",
        "payment_method",
        "payment_method_data",
        "customer",
        "setup_future_usage",
    ):
        if name in sent:
            _check_changeable(intent, name)
    currency = intent["currency"] = check_currency(sent.get("currency", intent["currency"]))
    intent["amount"] = sent.get("amount", intent["amount"])
    check_amount(intent["amount"], currency)
    intent["payment_method_types"] = method_types(account, {**intent, **sent}, currency)
    _check_texts(account, sent, intent["payment_method_types"])
    for name in _UPDATABLE_FIELDS:
        if name in sent:
            intent[name] = sent[name] or None
    intent["metadata"] = merged_metadata(intent["metadata"], sent.get("metadata"))
    method = _method_sent(account, sent)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    intent["last_payment_error"] = None
    return account.save(intent)


@routes.add("POST", URL + "/<id>/confirm", params.PaymentIntentConfirmParams, publishable=True)
def confirm(call: Call) -> Object:
    """Confirm an intent."""
    if call["return_url"]:
        check_url(call["return_url"], "return_url")
    check_email(call["receipt_email"], "receipt_email")
    intent = _get(call)
    _check_not_of_session(intent)
    confirmed = confirm_intent(call.account, intent, call.params, browser=call.publishable)
    return publishable_view(confirmed) if call.publishable else confirmed


@routes.add("POST", URL + "/<id>/cancel", params.PaymentIntentCancelParams)
def cancel(call: Call) -> Object:
    """Cancel an intent."""
    intent = _get(call)
    if intent["status"] != "requires_capture":
        _check_not_of_session(intent)
    return outcomes.cancel(call.account, intent, call["cancellation_reason"])


@routes.add("POST", URL + "/<id>/capture", params.PaymentIntentCaptureParams)
def capture(call: Call) -> Object:
    """Capture the authorized amount."""
    return outcomes.capture(call.account, _get(call), call["amount_to_capture"])


def _get(call: Call) -> dict[str, Any]:
    intent = call.account.get("payment_intent", call.path["id"])
    secret = call["client_secret"]
    if call.publishable and not secret:
        raise missing_parameter("client_secret")
    if secret is not None and secret != intent["client_secret"]:
        raise InvalidRequestError(
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
            code="payment_intent_invalid_parameter",
            param="client_secret",
        )
    return intent


def _check_not_of_session(intent: dict[str, Any]) -> None:
    """Raise ``InvalidStateError`` for the intent of a Checkout Session, which only its page can pay."""
    if "_session" in intent:
        raise InvalidStateError(
            "You cannot perform this action on PaymentIntents created by Checkout.",
            code="payment_intent_unexpected_state",
            payment_intent=without_private_fields(intent),
        )


def _check_texts(account: Account, sent: dict[str, Any], types: list[str]) -> None:
    """Validate the parameters that create and update have in common."""
    if sent.get("statement_descriptor") and "card" in types:
        raise InvalidRequestError(DESCRIPTOR_WITH_CARD, param="statement_descriptor")
    check_descriptor_suffix(sent.get("statement_descriptor_suffix"))
    check_metadata(sent.get("metadata"))
    check_description(sent.get("description"))
    check_email(sent.get("receipt_email"), "receipt_email")
    check_texts(sent, "transfer_group", "on_behalf_of")
    if sent.get("return_url"):
        check_url(sent["return_url"], "return_url")
    if sent.get("customer"):
        account.get("customer", sent["customer"], param="customer")


def _method_sent(account: Account, sent: dict[str, Any]) -> dict[str, Any] | None:
    if sent.get("payment_method"):
        return get_payment_method(account, sent["payment_method"])
    if sent.get("payment_method_data"):
        return payment_method_from_params(account, sent["payment_method_data"], "payment_method_data")
    return None


def _check_changeable(intent: dict[str, Any], name: str) -> None:
    if intent["status"] in OPEN_STATUSES:
        return
    raise InvalidStateError(
        f"This PaymentIntent's {name} could not be updated because it has a status of {intent['status']}. "
        f"You may only update the {name} of a PaymentIntent with one of the following statuses: "
        f"{', '.join(OPEN_STATUSES)}.",
        code="payment_intent_unexpected_state",
        param=name,
        payment_intent=without_private_fields(intent),
    )
