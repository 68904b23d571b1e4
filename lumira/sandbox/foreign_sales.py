"""Sales of another shop on the same account, without the metadata of this account's own integration.

=================  =======================================================================================
``foreign_sales``  ``{outcome, amount?, currency?, reference?, metadata?}``: a whole sale with its events.
                   The outcome is ``paid``, ``declined``, ``refunded``, ``disputed``, ``warned``, ``session_paid`` or
                   ``session_expired``. ``reference`` is the other shop's order number, by default
                   ``10432``; ``metadata`` is by default ``{order_id: reference}``. Returns
                   ``{payment_intent, checkout_session}``, each an id or null
=================  =======================================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.expiry import expire
from lumira.sandbox.checkout.paying import CheckoutForm, pay
from lumira.sandbox.checkout.sessions import new_session
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import CardDeclinedError, InvalidRequestError
from lumira.sandbox.events import emit
from lumira.sandbox.limits import check_amount, check_currency, check_metadata
from lumira.sandbox.payments.confirmation import confirm
from lumira.sandbox.payments.disputes import open_dispute
from lumira.sandbox.payments.fraud_warnings import report_fraud
from lumira.sandbox.payments.instruments import NAMED
from lumira.sandbox.payments.intents import new_intent
from lumira.sandbox.payments.methods import new_payment_method
from lumira.sandbox.payments.refunds import open_refund

_BUYER = "buyer@other-shop.example"
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class ForeignSale:
    """One sale of the other shop; the amount is in minor units."""

    amount: int = 2500
    currency: str = "eur"
    reference: str = "10432"
    metadata: dict[str, str] = field(default_factory=dict)


def make_foreign_sale(account: Account, sent: Json) -> Json:
    """Create the objects and events of one sale."""
    check_names(sent, {"outcome", "amount", "currency", "reference", "metadata"})
    outcome = _OUTCOMES.get(sent.get("outcome", "paid"))
    if outcome is None:
        raise InvalidRequestError(f"`outcome` must be one of {', '.join(_OUTCOMES)}.", param="outcome")
    reference = sent.get("reference", ForeignSale.reference)
    sale = ForeignSale(
        amount=sent.get("amount", ForeignSale.amount),
        currency=check_currency(sent.get("currency", ForeignSale.currency)),
        reference=reference,
        metadata=sent.get("metadata", {"order_id": reference}),
    )
    check_amount(sale.amount, sale.currency)
    check_metadata(sale.metadata)
    return {"payment_intent": None, "checkout_session": None, **outcome(account, sale)}


def _paid(account: Account, sale: ForeignSale) -> Json:
    return {"payment_intent": _attempt(account, sale, "pm_card_visa")["id"]}


def _declined(account: Account, sale: ForeignSale) -> Json:
    return {"payment_intent": _attempt(account, sale, "pm_card_visa_chargeDeclined")["id"]}


def _refunded(account: Account, sale: ForeignSale) -> Json:
    intent = _attempt(account, sale, "pm_card_visa")
    open_refund(account, account.get("charge", intent["latest_charge"]), sale.amount)
    return {"payment_intent": intent["id"]}


def _disputed(account: Account, sale: ForeignSale) -> Json:
    intent = _attempt(account, sale, "pm_card_visa")
    charge = account.get("charge", intent["latest_charge"])
    open_dispute(account, charge, reason="fraudulent", status="needs_response")
    return {"payment_intent": intent["id"]}


def _warned(account: Account, sale: ForeignSale) -> Json:
    intent = _attempt(account, sale, "pm_card_visa")
    report_fraud(account, intent["latest_charge"])
    return {"payment_intent": intent["id"]}


def _session_paid(account: Account, sale: ForeignSale) -> Json:
    session = _open_session(account, sale)
    result = pay(account, session, CheckoutForm("pm_card_visa", _BUYER))
    return {"payment_intent": result.session["payment_intent"], "checkout_session": session["id"]}


def _session_expired(account: Account, sale: ForeignSale) -> Json:
    return {"checkout_session": expire(account, _open_session(account, sale))["id"]}


_OUTCOMES: dict[str, Callable[[Account, ForeignSale], Json]] = {
    "paid": _paid,
    "declined": _declined,
    "refunded": _refunded,
    "disputed": _disputed,
    "warned": _warned,
    "session_paid": _session_paid,
    "session_expired": _session_expired,
}


def _attempt(account: Account, sale: ForeignSale, method_name: str) -> dict[str, Any]:
    intent = new_intent(
        account, {"amount": sale.amount, "currency": sale.currency, "metadata": sale.metadata}
    )
    emit(account, "payment_intent.created", intent)
    method = new_payment_method(account, NAMED[method_name], {"billing_details": {"email": _BUYER}})
    try:
        return confirm(account, intent, {"payment_method": method["id"]}, browser=True)
    except CardDeclinedError:
        # The intent records the declined attempt.
        return intent


def _open_session(account: Account, sale: ForeignSale) -> dict[str, Any]:
    price = {
        "currency": sale.currency,
        "unit_amount": sale.amount,
        "product_data": {"name": "Product of the other shop"},
    }
    sent = {
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "https://other-shop.example/done",
        "currency": sale.currency,
        "expires_at": account.now + _DAY_SECONDS,
        "client_reference_id": sale.reference,
        "metadata": sale.metadata,
    }
    return new_session(account, sent, types=["card"], customer=None)
