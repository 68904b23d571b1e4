"""Actions of a buyer in the Payment Element, without a browser.

=======================  =================================================================================
``payment_intents/pay``  ``{payment_intent, payment_method?, email?, name?, receipt_email?, amount?,
                         currency?}``: submits the form; ``email`` and ``name`` become the charge's
                         ``billing_details``, and ``receipt_email`` the intent's and the charge's. The
                         payment method is one of Stripe's test names or ``customer_balance``, by default
                         ``pm_card_visa``. ``amount`` (minor units) and ``currency`` replace those that the
                         account requested. Returns ``{outcome, payment_intent, error}``, where the outcome
                         is ``declined`` or the intent's status
=======================  =================================================================================
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from lumira.sandbox.account import Account
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import (
    CardDeclinedError,
    InvalidRequestError,
    InvalidStateError,
    missing_parameter,
    no_such_object,
)
from lumira.sandbox.limits import check_amount, check_currency, check_email
from lumira.sandbox.payments.confirmation import confirm
from lumira.sandbox.payments.instruments import SELECTABLE
from lumira.sandbox.payments.intents import OPEN_STATUSES, change_amount
from lumira.sandbox.payments.methods import new_payment_method

BuyerAction: TypeAlias = Callable[[Account, Json], dict[str, Any]]

_FORM = {"payment_intent", "payment_method", "email", "name", "receipt_email", "amount", "currency"}


def pay_intent(account: Account, sent: Json) -> dict[str, Any]:
    """Submit the Payment Element as the buyer."""
    check_names(sent, _FORM)
    intent = _open_intent(account, sent)
    if "amount" in sent or "currency" in sent:
        currency = check_currency(sent.get("currency", intent["currency"]))
        amount = sent.get("amount", intent["amount"])
        check_amount(amount, currency)
        change_amount(account, intent, amount, currency)
    try:
        confirm(account, intent, _confirmation(account, sent), browser=True)
    except CardDeclinedError as error:
        return {"outcome": "declined", "payment_intent": intent, "error": error.body()["error"]}
    return {"outcome": intent["status"], "payment_intent": intent, "error": None}


def _open_intent(account: Account, sent: Json) -> dict[str, Any]:
    if not sent.get("payment_intent"):
        raise missing_parameter("payment_intent")
    intent = account.get("payment_intent", sent["payment_intent"], param="payment_intent")
    if intent["status"] not in OPEN_STATUSES:
        raise InvalidStateError(f"A PaymentIntent with the status {intent['status']} cannot be paid.")
    if "_session" in intent:
        raise InvalidRequestError("Pay the Checkout Session of this PaymentIntent.", param="payment_intent")
    return intent


def _confirmation(account: Account, sent: Json) -> dict[str, Any]:
    """Return the parameters that Stripe.js sends, with a new payment method."""
    name = sent.get("payment_method", "pm_card_visa")
    if name not in SELECTABLE:
        raise no_such_object("payment_method", name, param="payment_method", in_url=False)
    for field in ("email", "receipt_email"):
        check_email(sent.get(field), field)
    billing = {"email": sent.get("email") or None, "name": sent.get("name") or None}
    method = new_payment_method(account, SELECTABLE[name], {"billing_details": billing})
    receipt = {"receipt_email": sent["receipt_email"]} if "receipt_email" in sent else {}
    return {"payment_method": method["id"], **receipt}


#: The actions by their paths below ``/sandbox/``.
BUYER_ACTIONS: dict[str, BuyerAction] = {"payment_intents/pay": pay_intent}
