"""What a buyer does to open an order and pay its PaymentIntent on the tenant's page."""

import random
import time
from collections.abc import Callable, Generator
from typing import Any

from tests.chaos.behaviour import AfterPayment, Story
from tests.chaos.purchase_log import Entry
from tests.chaos.retrying import GIVE_UP_AFTER, retry
from tests.chaos.shop import Shop

CARDS = {
    AfterPayment.REFUND_PENDING: "pm_card_pendingRefund",
    AfterPayment.REFUND_FAILS: "pm_card_refundFail",
}
Steps = Generator[float, None, dict[str, Any] | None]
Payment = Callable[[Shop, Entry, dict[str, Any]], Steps]


def open_order(shop: Shop, entry: Entry, key: str) -> Steps:
    response = yield from retry(entry, "open", lambda: shop.open(entry.purchase, key))
    if response.code == "OUT_OF_STOCK":
        entry.was_out_of_stock = True
        return None
    if response.status != 200:
        entry.failures.append(f"opening {key}: {response.summary} {response.body}")
        return None
    entry.opened.append(response.body)
    return response.body


def _pay(shop: Shop, entry: Entry, opened: dict[str, Any], method: str) -> Steps:
    """Confirm the payment; if the response was lost, read the PaymentIntent before confirming again."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    while True:
        response = shop.confirm(opened, method, entry.purchase.typed_email)
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


def _by_card(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    card = CARDS.get(entry.purchase.after, "pm_card_visa")
    return (yield from _pay(shop, entry, opened, card))


def _declined(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    card = (
        "pm_card_chargeDeclinedInsufficientFunds" if entry.purchase.number % 2 else "pm_card_chargeDeclined"
    )
    return (yield from _pay(shop, entry, opened, card))


def _declined_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    yield from _declined(shop, entry, opened)
    yield entry.purchase.pace * 2
    return (yield from _by_card(shop, entry, opened))


def _must_authenticate(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    return (yield from _pay(shop, entry, opened, "pm_card_threeDSecure2Required"))


def _authenticates(outcome: str) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        yield from _must_authenticate(shop, entry, opened)
        yield entry.purchase.pace * 2
        yield from retry(entry, f"authentication: {outcome}", lambda: shop.authenticate(opened, outcome))
        return (yield from retry(entry, "read", lambda: shop.get_payment_intent(opened))).body

    return pay


def _refused_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    yield from _authenticates("fail")(shop, entry, opened)
    return (yield from _by_card(shop, entry, opened))


def _by_debit(method: str) -> Payment:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
        return (yield from _pay(shop, entry, opened, method))

    return pay


def _debit_fails_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> Steps:
    yield from _by_debit("pm_failed_de")(shop, entry, opened)
    intent: dict[str, Any] = {"status": "processing"}
    while intent.get("status") == "processing":
        yield 1.0
        intent = (yield from retry(entry, "read", lambda: shop.get_payment_intent(opened))).body
    return (yield from _by_card(shop, entry, opened))


def never_pays(_shop: Shop, _entry: Entry, _opened: dict[str, Any]) -> Steps:
    yield from ()
    return None


#: By story, what the buyer does once the PaymentIntent is created.
BY_INTENT: dict[Story, Payment] = {
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
    Story.ABANDONS: never_pays,
}
