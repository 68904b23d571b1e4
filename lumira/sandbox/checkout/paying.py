"""Paying a Checkout Session: what happens when the buyer presses the button."""

from dataclasses import dataclass
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.completion import complete, sync_session
from lumira.sandbox.checkout.sessions import RETURN, buyer, known_email
from lumira.sandbox.customers import new_customer, write_customer
from lumira.sandbox.errors import CardDeclinedError, InvalidRequestError, InvalidStateError, missing, no_such
from lumira.sandbox.events import emit
from lumira.sandbox.limits import check_description, check_email
from lumira.sandbox.payments.confirmation import confirm
from lumira.sandbox.payments.instruments import NAMED
from lumira.sandbox.payments.intents import new_intent
from lumira.sandbox.payments.methods import new_payment_method

_LONGEST_NAME = 256


@dataclass(frozen=True)
class CheckoutForm:
    """What the buyer fills in; the name of a test payment method stands for a card or an account."""

    payment_method: str = ""
    email: str = ""
    name: str = ""


@dataclass(frozen=True)
class CheckoutResult:
    """How it went: ``completed``, ``declined`` or ``requires_action``, and where the buyer goes now."""

    kind: str
    session: dict[str, Any]
    redirect_url: str | None = None
    error: CardDeclinedError | None = None


def pay(account: Account, session: dict[str, Any], form: CheckoutForm) -> CheckoutResult:
    """Try to pay an open session; a decline is an outcome, and the session can be tried again."""
    if session["status"] != "open":
        raise InvalidStateError(
            'Only Checkout Sessions with a status in ["open"] can be paid. This Checkout Session has a '
            f"status of `{session['status']}`."
        )
    _record_buyer(account, session, form)
    if session["amount_total"] == 0:
        _ensure_customer(account, session)
        complete(account, session, payment_status="no_payment_required")
        return CheckoutResult("completed", session, success_url(session))
    method = _new_method(account, session, form)
    intent = _ensure_intent(account, session)
    try:
        # The page stands for Stripe's own: it takes mandates, and it is where the buyer comes back to.
        sent = {"payment_method": method["id"], "return_url": session["url"] + RETURN}
        confirm(account, intent, sent, browser=True)
    except CardDeclinedError as error:
        return CheckoutResult("declined", session, error=error)
    if intent["status"] == "requires_action":
        return CheckoutResult("requires_action", session, intent["next_action"]["redirect_to_url"]["url"])
    sync_session(account, intent)
    session = account.get(session["object"], session["id"])
    return CheckoutResult("completed", session, success_url(session))


def success_url(session: dict[str, Any]) -> str:
    """Where a buyer goes who is through."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def customer_of(account: Account, session: dict[str, Any]) -> dict[str, Any] | None:
    """The session's customer, unless there is none or it has been deleted since."""
    customer = account.find("customer", session["customer"]) if session["customer"] else None
    return None if customer is None or customer.get("deleted") else customer


def _record_buyer(account: Account, session: dict[str, Any], form: CheckoutForm) -> None:
    customer = customer_of(account, session)
    known = known_email(session, customer)
    if known and form.email not in ("", known):
        raise InvalidRequestError("The buyer's e-mail address is known and cannot be changed.", param="email")
    email = known or form.email
    if not email:
        raise missing("email")
    check_email(email)
    check_description(form.name, "name", _LONGEST_NAME)
    session["customer_details"] = buyer(email, form.name or (customer or {}).get("name"))
    if customer is not None and not customer["email"]:
        write_customer(account, customer, {"email": email})


def _ensure_customer(account: Account, session: dict[str, Any]) -> None:
    """A customer is made only for who asks for one, or keeps the payment method for later."""
    wanted = session["customer_creation"] == "always"
    if session["customer"] is None and (wanted or session["_payment_intent_data"].get("setup_future_usage")):
        details = session["customer_details"]
        customer = new_customer(account, {"email": details["email"], "name": details["name"]})
        session["customer"] = customer["id"]


def _new_method(account: Account, session: dict[str, Any], form: CheckoutForm) -> dict[str, Any]:
    if not form.payment_method:
        raise missing("payment_method")
    if form.payment_method not in NAMED:
        raise no_such("payment_method", form.payment_method, param="payment_method", in_url=False)
    details = session["customer_details"]
    billing = {"email": details["email"], "name": details["name"]}
    return new_payment_method(account, NAMED[form.payment_method], {"billing_details": billing})


def _ensure_intent(account: Account, session: dict[str, Any]) -> dict[str, Any]:
    """The session's one PaymentIntent, made when the buyer first tries to pay."""
    if session["payment_intent"] is not None:
        account.save(session)
        return account.get("payment_intent", session["payment_intent"])
    _ensure_customer(account, session)
    intent = new_intent(
        account,
        {
            **session["_payment_intent_data"],
            "allowed_payment_method_types": session["allowed_payment_method_types"],
            "excluded_payment_method_types": session["excluded_payment_method_types"],
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
        },
    )
    intent.update(_session=session["id"], payment_method_types=session["payment_method_types"])
    session["payment_intent"] = intent["id"]
    account.save(intent)
    account.save(session)
    emit(account, "payment_intent.created", intent)
    return intent
