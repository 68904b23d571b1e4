"""The buyers, one task each: they pay a PaymentIntent on the tenant's page, or in a Checkout Session."""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tests.chaos import after_payment
from tests.chaos.plan import AfterPayment, Purchase, Story
from tests.chaos.purchase_log import Entry, PurchaseLog
from tests.chaos.retrying import GIVE_UP_AFTER, retry
from tests.chaos.schedule import Schedule, Task
from tests.chaos.shop import Shop

#: Seconds between two requests of a buyer who waits for a new Checkout Session.
_POLL_EVERY = 5.0
#: Concurrent requests of one buyer for the same free level.
_FREE_REQUESTS = 3
_CARDS = {
    AfterPayment.REFUND_PENDING: "pm_card_pendingRefund",
    AfterPayment.REFUND_FAILS: "pm_card_refundFail",
}
_Steps = Generator[float, None, dict[str, Any] | None]
_Paying = Callable[[Shop, Entry, dict[str, Any]], _Steps]


@dataclass(frozen=True, slots=True)
class Buyers:
    """Starts the task of each purchase."""

    shops: dict[str, Shop]
    schedule: Schedule
    purchase_log: PurchaseLog

    def start(self, purchase: Purchase) -> None:
        """Start a purchase."""
        entry = self.purchase_log.open(purchase)
        shop = self.shops[purchase.tenant]
        if purchase.story is Story.FREE:
            for number in range(_FREE_REQUESTS):
                task = self._open_only(shop, entry, f"{purchase.key}-{number}", count=number == 0)
                self.schedule.add(task, counted=number == 0)
            return
        self.schedule.add(self._buy(shop, entry), counted=True)
        if purchase.story is Story.CLICKS_TWICE:
            self.schedule.add(self._open_only(shop, entry, purchase.key, count=False))

    def _open_only(self, shop: Shop, entry: Entry, key: str, *, count: bool) -> Task:
        yield from _open(shop, entry, key)
        if count:
            self.purchase_log.count_response()

    def _buy(self, shop: Shop, entry: Entry) -> Task:
        opened = yield from _open(shop, entry, entry.purchase.key)
        self.purchase_log.count_response()
        if opened is None:
            return
        # Some buyers pay at once, others take a moment.
        yield entry.purchase.pace * 1.5
        paying = _PAYING_IN_CHECKOUT if entry.purchase.uses_checkout else _PAYING
        intent = yield from paying[entry.purchase.story](shop, entry, opened)
        if (
            intent is not None
            and intent["status"] == "succeeded"
            and entry.purchase.after is not AfterPayment.NOTHING
        ):
            follow_up = after_payment.run(shop, entry, intent["id"])
            self.schedule.add(follow_up, after=entry.purchase.pace**2 * 6)


def _open(shop: Shop, entry: Entry, key: str) -> _Steps:
    response = yield from retry(entry, "open", lambda: shop.open(entry.purchase, key))
    if response.code == "OUT_OF_STOCK":
        entry.was_out_of_stock = True
        return None
    if response.status != 200:
        entry.failures.append(f"opening {key}: {response.summary} {response.body}")
        return None
    entry.opened.append(response.body)
    return response.body


def _pay(shop: Shop, entry: Entry, opened: dict[str, Any], method: str) -> _Steps:
    """Confirm the payment; if the response was lost, read the PaymentIntent before confirming again."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    while True:
        response = shop.confirm(opened, method)
        entry.record(f"pay by {method}: {response.summary}")
        if response.status == 200:
            return response.body
        if response.status == 402:
            declined: dict[str, Any] = response.body["error"]["payment_intent"]
            return declined
        current = yield from retry(entry, "read", lambda: shop.get_payment_intent(opened))
        if current.status == 200 and current.body["status"] != "requires_payment_method":
            return current.body
        if not response.is_retryable or time.monotonic() > deadline:
            entry.failures.append(f"paying by {method}: {response.summary} {response.body}")
            return None
        yield random.uniform(0.1, 0.6)


def _by_card(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    card = _CARDS.get(entry.purchase.after, "pm_card_visa")
    return (yield from _pay(shop, entry, opened, card))


def _declined(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    card = (
        "pm_card_chargeDeclinedInsufficientFunds" if entry.purchase.number % 2 else "pm_card_chargeDeclined"
    )
    return (yield from _pay(shop, entry, opened, card))


def _declined_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _declined(shop, entry, opened)
    yield entry.purchase.pace * 2
    return (yield from _by_card(shop, entry, opened))


def _must_authenticate(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    return (yield from _pay(shop, entry, opened, "pm_card_threeDSecure2Required"))


def _authenticates(outcome: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from _must_authenticate(shop, entry, opened)
        yield entry.purchase.pace * 2
        yield from retry(entry, f"authentication: {outcome}", lambda: shop.authenticate(opened, outcome))
        return (yield from retry(entry, "read", lambda: shop.get_payment_intent(opened))).body

    return pay


def _refused_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _authenticates("fail")(shop, entry, opened)
    return (yield from _by_card(shop, entry, opened))


def _by_debit(method: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        return (yield from _pay(shop, entry, opened, method))

    return pay


def _debit_fails_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _by_debit("pm_failed_de")(shop, entry, opened)
    intent: dict[str, Any] = {"status": "processing"}
    while intent.get("status") == "processing":
        yield 1.0
        intent = (yield from retry(entry, "read", lambda: shop.get_payment_intent(opened))).body
    return (yield from _by_card(shop, entry, opened))


def _never(_shop: Shop, _entry: Entry, _opened: dict[str, Any]) -> _Steps:
    yield from ()
    return None


def _in_checkout(method: str) -> _Paying:
    """Return a step that submits the payment form of the Checkout Session once."""

    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        response = yield from retry(
            entry, f"checkout: {method}", lambda: shop.pay_checkout_session(opened, method, entry.purchase)
        )
        if response.status != 200:
            entry.failures.append(f"paying in Checkout by {method}: {response.summary} {response.body}")
            return None
        return response.body

    return pay


def _by_card_in_checkout(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    card = _CARDS.get(entry.purchase.after, "pm_card_visa")
    paid = yield from _in_checkout(card)(shop, entry, opened)
    return None if paid is None else _payment_of(paid["session"])


def _payment_of(session: dict[str, Any]) -> dict[str, Any]:
    status = "succeeded" if session["payment_status"] == "paid" else session["status"]
    return {"id": session["payment_intent"], "status": status}


def _authenticates_in_checkout(outcome: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
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


def _then_pays_in_checkout(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.pace * 2
        return (yield from _by_card_in_checkout(shop, entry, opened))

    return pay


def _then_leaves(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        return None

    return pay


def _then_lets_session_expire(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.pace * 2
        entry.record("the Checkout Session expires")
        shop.simulate(f"checkout/sessions/{opened['sessionId']}/expire")
        return None

    return pay


def _returns_after_expiry(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    """Repeat the request while the response still names the expired Checkout Session."""
    yield from _then_lets_session_expire(_never)(shop, entry, opened)
    deadline = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < deadline:
        yield _POLL_EVERY
        reopened = yield from _open(shop, entry, entry.purchase.key)
        if reopened is None:
            return None
        if reopened["sessionId"] != opened["sessionId"]:
            return (yield from _by_card_in_checkout(shop, entry, reopened))
    return None


_DECLINED_IN_CHECKOUT = _in_checkout("pm_card_chargeDeclined")
_PAYING: dict[Story, _Paying] = {
    Story.PAYS: _by_card,
    Story.CLICKS_TWICE: _by_card,
    Story.DECLINED_THEN_PAYS: _declined_then_pays,
    Story.DECLINED: _declined,
    Story.AUTHENTICATES: _authenticates("authorize"),
    Story.REFUSED_THEN_PAYS: _refused_then_pays,
    Story.REFUSED: _authenticates("fail"),
    Story.LEAVES_AUTHENTICATION: _must_authenticate,
    Story.DEBIT: _by_debit("pm_success_de"),
    Story.DEBIT_FAILS: _by_debit("pm_failed_de"),
    Story.DEBIT_FAILS_THEN_PAYS: _debit_fails_then_pays,
    Story.DEBIT_DISPUTED: _by_debit("pm_disputed_de"),
    Story.ABANDONS: _never,
}

_PAYING_IN_CHECKOUT: dict[Story, _Paying] = {
    Story.PAYS: _by_card_in_checkout,
    Story.CLICKS_TWICE: _by_card_in_checkout,
    Story.DECLINED_THEN_PAYS: _then_pays_in_checkout(_DECLINED_IN_CHECKOUT),
    Story.DECLINED: _then_leaves(_DECLINED_IN_CHECKOUT),
    Story.AUTHENTICATES: _authenticates_in_checkout("authorize"),
    Story.REFUSED_THEN_PAYS: _then_pays_in_checkout(_authenticates_in_checkout("fail")),
    Story.LEAVES_AUTHENTICATION: _then_leaves(_in_checkout("pm_card_threeDSecure2Required")),
    Story.DEBIT: _then_leaves(_in_checkout("pm_success_de")),
    Story.DEBIT_FAILS: _then_leaves(_in_checkout("pm_failed_de")),
    Story.ABANDONS: _never,
    Story.LETS_SESSION_EXPIRE: _then_lets_session_expire(_never),
    Story.DECLINED_LETS_SESSION_EXPIRE: _then_lets_session_expire(_DECLINED_IN_CHECKOUT),
    Story.RETURNS_AFTER_EXPIRY: _returns_after_expiry,
}
