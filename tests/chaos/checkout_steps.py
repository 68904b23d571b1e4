"""What a buyer does to pay in a Checkout Session."""

import time
from typing import Any

from tests.chaos.behaviour import Story
from tests.chaos.payment_steps import CARDS, Payment, Steps, never_pays, open_order
from tests.chaos.purchase_log import Entry
from tests.chaos.retrying import GIVE_UP_AFTER, retry
from tests.chaos.shop import Shop

#: Seconds between two requests of a buyer who waits for a new Checkout Session.
_POLL_EVERY = 5.0


def _in_checkout(method: str) -> Payment:
    """Return a step that submits the payment form of the Checkout Session once."""

    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        response = yield from retry(
            entry, f"checkout: {method}", lambda: shop.pay_checkout_session(opened, method, entry.purchase)
        )
        if response.status != 200:
            entry.failures.append(f"paying in Checkout by {method}: {response.summary} {response.body}")
            return None
        return response.body

    return pay


def _by_card_in_checkout(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    card = CARDS.get(entry.purchase.after, "pm_card_visa")
    paid = yield from _in_checkout(card)(shop, entry, opened)
    return None if paid is None else _payment_of(paid["session"])


def _payment_of(session: dict[str, Any]) -> dict[str, Any]:
    status = "succeeded" if session["payment_status"] == "paid" else session["status"]
    return {"id": session["payment_intent"], "status": status}


def _authenticates_in_checkout(outcome: str) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        submitted = yield from _in_checkout("pm_card_threeDSecure2Required")(shop, entry, opened)
        if submitted is None:
            return None
        yield entry.purchase.pace * 2
        yield from retry(
            entry,
            f"authentication: {outcome}",
            lambda: shop.complete_authentication(submitted["redirect_url"], outcome),
        )
        current = yield from retry(entry, "read", lambda: shop.get_checkout_session(opened))
        return _payment_of(current.body) if current.status == 200 else None

    return pay


def _then_pays_in_checkout(first: Payment) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.pace * 2
        return (yield from _by_card_in_checkout(shop, entry, opened))

    return pay


def _then_leaves(first: Payment) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        yield from first(shop, entry, opened)
        return None

    return pay


def _then_lets_session_expire(first: Payment) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.pace * 2
        entry.record("the Checkout Session expires")
        shop.simulate(f"checkout/sessions/{opened['sessionId']}/expire")
        return None

    return pay


def _returns_after_expiry(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    """Repeat the request while the response still names the expired Checkout Session."""
    yield from _then_lets_session_expire(never_pays)(shop, entry, opened)
    deadline = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < deadline:
        yield _POLL_EVERY
        reopened = yield from open_order(shop, entry, entry.purchase.key)
        if reopened is None:
            return None
        if reopened["sessionId"] != opened["sessionId"]:
            return (yield from _by_card_in_checkout(shop, entry, reopened))
    return None


_DECLINED_IN_CHECKOUT = _in_checkout("pm_card_chargeDeclined")
#: By story, what the buyer does once the Checkout Session is created.
IN_CHECKOUT: dict[Story, Payment] = {
    Story.PAYS: _by_card_in_checkout,
    Story.CLICKS_TWICE: _by_card_in_checkout,
    Story.DECLINED_THEN_PAYS: _then_pays_in_checkout(_DECLINED_IN_CHECKOUT),
    Story.DECLINED: _then_leaves(_DECLINED_IN_CHECKOUT),
    Story.AUTHENTICATES: _authenticates_in_checkout("authorize"),
    Story.REFUSED_THEN_PAYS: _then_pays_in_checkout(_authenticates_in_checkout("fail")),
    Story.LEAVES_AUTHENTICATION: _then_leaves(_in_checkout("pm_card_threeDSecure2Required")),
    Story.DEBIT: _then_leaves(_in_checkout("pm_success_de")),
    Story.DEBIT_FAILS: _then_leaves(_in_checkout("pm_failed_de")),
    Story.ABANDONS: never_pays,
    Story.LETS_SESSION_EXPIRE: _then_lets_session_expire(never_pays),
    Story.DECLINED_LETS_SESSION_EXPIRE: _then_lets_session_expire(_DECLINED_IN_CHECKOUT),
    Story.RETURNS_AFTER_EXPIRY: _returns_after_expiry,
}
