"""Actions of a buyer on a Checkout Session, without a browser.

====================================  ====================================================================
``checkout/sessions/<id>/pay``        ``{payment_method?, email?, name?, shipping?, amount_total?,
                                      currency?}``: submits the page's form; a payment method is one of
                                      Stripe's test names or ``customer_balance``, by default
                                      ``pm_card_visa``. ``shipping`` has the parts of the address and
                                      ``phone``, by default an example where the page asks for them.
                                      ``amount_total`` (minor units, 0 for ``no_payment_required``) and
                                      ``currency`` replace those of the line items, as tax or a discount
                                      would. Returns ``{outcome, session, redirect_url, error}``, where the
                                      outcome is ``completed``, ``declined`` or ``requires_action``
``checkout/sessions/<id>/expire``     expires the session now; returns the session
====================================  ====================================================================
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from lumira.sandbox.account import Account
from lumira.sandbox.checkout import expiry, paying
from lumira.sandbox.checkout.addresses import example_address
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.checkout.totals import change_total
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.limits import check_currency

SessionAction: TypeAlias = Callable[[Account, dict[str, Any], Json], dict[str, Any]]


def pay(account: Account, session: dict[str, Any], sent: Json) -> dict[str, Any]:
    """Submit the page's form as the buyer."""
    check_names(sent, {"payment_method", "email", "name", "shipping", "amount_total", "currency"})
    if session["status"] == "open" and ("amount_total" in sent or "currency" in sent):
        currency = check_currency(sent["currency"]) if "currency" in sent else None
        change_total(account, session, sent.get("amount_total"), currency)
    form = paying.CheckoutForm(
        payment_method=sent.get("payment_method", "pm_card_visa"),
        email=sent.get("email", ""),
        name=sent.get("name", ""),
        shipping=sent.get("shipping", example_address(session)),
    )
    outcome = paying.pay(account, session, form)
    return {
        "outcome": outcome.kind,
        "session": outcome.session,
        "redirect_url": outcome.redirect_url,
        "error": None if outcome.error is None else outcome.error.body()["error"],
    }


def expire(account: Account, session: dict[str, Any], sent: Json) -> dict[str, Any]:
    """Expire the session now."""
    check_names(sent, set())
    return expiry.expire(account, session)


#: The actions on a session, by the last part of their path.
SESSION_ACTIONS: dict[str, SessionAction] = {"pay": pay, "expire": expire}


def run_session_action(account: Account, sent: Json, *, session_id: str, name: str) -> dict[str, Any]:
    """Run one of the actions on a session."""
    return SESSION_ACTIONS[name](account, account.get(KIND, session_id), sent)
