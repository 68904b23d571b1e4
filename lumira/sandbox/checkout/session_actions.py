"""Actions of a buyer on a Checkout Session, without a browser.

====================================  ====================================================================
``checkout/sessions/<id>/pay``        ``{payment_method?, email?, name?}``: submits the page's form; a
                                      payment method is one of Stripe's test names, by default
                                      ``pm_card_visa``. Returns ``{outcome, session, redirect_url, error}``,
                                      where the outcome is ``completed``, ``declined`` or ``requires_action``
``checkout/sessions/<id>/expire``     expires the session now; returns the session
====================================  ====================================================================
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from lumira.sandbox.account import Account
from lumira.sandbox.checkout import expiry, paying
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.control_parameters import Json, check_names

SessionAction: TypeAlias = Callable[[Account, dict[str, Any], Json], dict[str, Any]]


def pay(account: Account, session: dict[str, Any], sent: Json) -> dict[str, Any]:
    """Submit the page's form as the buyer."""
    check_names(sent, {"payment_method", "email", "name"})
    form = paying.CheckoutForm(
        payment_method=sent.get("payment_method", "pm_card_visa"),
        email=sent.get("email", ""),
        name=sent.get("name", ""),
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
