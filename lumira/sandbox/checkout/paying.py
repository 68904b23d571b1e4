"""Payment of a Checkout Session, when the buyer submits its page's form."""

from dataclasses import dataclass, field
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.addresses import collected_shipping, record_address, shipping_object
from lumira.sandbox.checkout.completion import complete, is_submitted, sync_session
from lumira.sandbox.checkout.sessions import RETURN, buyer, known_email
from lumira.sandbox.customers import new_customer, write_customer
from lumira.sandbox.errors import (
    CardDeclinedError,
    InvalidRequestError,
    InvalidStateError,
    missing_parameter,
    no_such_object,
)
from lumira.sandbox.events import emit
from lumira.sandbox.limits import check_description
from lumira.sandbox.payments.confirmation import confirm
from lumira.sandbox.payments.instruments import SELECTABLE
from lumira.sandbox.payments.intents import new_intent
from lumira.sandbox.payments.methods import new_payment_method

_MAX_NAME_LENGTH = 256


@dataclass(frozen=True)
class CheckoutForm:
    """The submitted form; ``payment_method`` is the name of one of Stripe's test payment methods."""

    payment_method: str = ""
    email: str = ""
    name: str = ""
    #: The parts of the address, and ``phone``, where the page asks for them.
    shipping: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckoutResult:
    """The result: ``completed``, ``declined`` or ``requires_action``, and where to redirect the buyer."""

    kind: str
    session: dict[str, Any]
    redirect_url: str | None = None
    error: CardDeclinedError | None = None


def pay(account: Account, session: dict[str, Any], form: CheckoutForm) -> CheckoutResult:
    """Attempt to pay an open session; after a decline, the session is still open.

    Raises ``InvalidStateError`` if the session is not open, ``InvalidRequestError`` for an invalid form.
    """
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
        # As on Stripe's own page: it collects mandates, and the bank redirects the buyer back to it.
        sent = {"payment_method": method["id"], "return_url": session["url"] + RETURN}
        confirm(account, intent, sent, browser=True)
    except CardDeclinedError as error:
        return CheckoutResult("declined", session, error=error)
    if intent["status"] == "requires_action" and not is_submitted(intent):
        return CheckoutResult("requires_action", session, intent["next_action"]["redirect_to_url"]["url"])
    sync_session(account, intent)
    session = account.get(session["object"], session["id"])
    return CheckoutResult("completed", session, success_url(session))


def success_url(session: dict[str, Any]) -> str:
    """Return the URL to which the buyer is redirected after the payment."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def customer_of(account: Account, session: dict[str, Any]) -> dict[str, Any] | None:
    """Return the session's customer, or None if it has none or the customer was deleted."""
    customer = account.find("customer", session["customer"]) if session["customer"] else None
    return None if customer is None or customer.get("deleted") else customer


def _record_buyer(account: Account, session: dict[str, Any], form: CheckoutForm) -> None:
    customer = customer_of(account, session)
    fixed_email = known_email(session, customer)
    if fixed_email and form.email not in ("", fixed_email):
        raise InvalidRequestError(
            "The session has a customer e-mail address, which cannot be changed.", param="email"
        )
    email = fixed_email or form.email
    if not email:
        raise missing_parameter("email")
    account.check_email(email)
    check_description(form.name, "name", _MAX_NAME_LENGTH)
    session["customer_details"] = buyer(email, form.name or (customer or {}).get("name"))
    record_address(session, form.shipping)
    if customer is not None and not customer["email"]:
        write_customer(account, customer, {"email": email})


def _ensure_customer(account: Account, session: dict[str, Any]) -> None:
    """Create a customer if the session requires one or stores the payment method for later use."""
    is_required = session["customer_creation"] == "always" or session["_payment_intent_data"].get(
        "setup_future_usage"
    )
    if session["customer"] is None and is_required:
        details = session["customer_details"]
        customer = new_customer(account, {"email": details["email"], "name": details["name"]})
        session["customer"] = customer["id"]


def _new_method(account: Account, session: dict[str, Any], form: CheckoutForm) -> dict[str, Any]:
    if not form.payment_method:
        raise missing_parameter("payment_method")
    if form.payment_method not in SELECTABLE:
        raise no_such_object("payment_method", form.payment_method, param="payment_method", in_url=False)
    details = session["customer_details"]
    billing = {"email": details["email"], "name": details["name"]}
    return new_payment_method(account, SELECTABLE[form.payment_method], {"billing_details": billing})


def _ensure_intent(account: Account, session: dict[str, Any]) -> dict[str, Any]:
    """Return the session's PaymentIntent, which is created at the first attempt to pay."""
    if session["payment_intent"] is not None:
        account.save(session)
        intent = account.get("payment_intent", session["payment_intent"])
        if collected_shipping(session):
            intent["shipping"] = shipping_object(collected_shipping(session)["shipping"])
        return account.save(intent)
    _ensure_customer(account, session)
    intent = new_intent(
        account,
        {
            **session["_payment_intent_data"],
            **collected_shipping(session),
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
