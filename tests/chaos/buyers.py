"""What buyers do, each as an errand; every call is repeated as a real client repeats it, and not for ever."""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tests.chaos import aftermath
from tests.chaos.journal import Entry, Journal
from tests.chaos.plan import After, Purchase, Story
from tests.chaos.schedule import Errand, Schedule
from tests.chaos.shop import Answer, Shop

#: Seconds after which a client stops repeating a call: more than two leases of an idempotency key.
PATIENCE = 240.0
_LONGEST_PAUSE = 5.0
#: How many ask for the same free level at once, and how many tabs of one buyer send the same call.
_ASKS_FOR_FREE = 3
_CARDS = {
    After.REFUND_WAITS: "pm_card_pendingRefund",
    After.REFUND_FAILS: "pm_card_refundFail",
}
_Steps = Generator[float, None, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Market:
    """Where errands meet: the shops by tenant, who runs errands, who writes down."""

    shops: dict[str, Shop]
    schedule: Schedule
    journal: Journal

    def send(self, purchase: Purchase) -> None:
        """Begin a purchase."""
        entry = self.journal.open(purchase)
        shop = self.shops[purchase.tenant]
        if purchase.story is Story.FREE:
            for number in range(_ASKS_FOR_FREE):
                ask = self._ask_only(shop, entry, f"{purchase.key}-{number}", count=number == 0)
                self.schedule.add(ask, counted=number == 0)
            return
        self.schedule.add(self._buy(shop, entry), counted=True)
        if purchase.story is Story.CLICKS_TWICE:
            self.schedule.add(self._ask_only(shop, entry, purchase.key, count=False))

    def _ask_only(self, shop: Shop, entry: Entry, key: str, *, count: bool) -> Errand:
        yield from _open(shop, entry, key)
        if count:
            self.journal.count_answer()

    def _buy(self, shop: Shop, entry: Entry) -> Errand:
        opened = yield from _open(shop, entry, entry.purchase.key)
        self.journal.count_answer()
        if opened is None:
            return
        # Some pay at once, some look for their card.
        yield entry.purchase.patience * 1.5
        intent = yield from _PAYING[entry.purchase.story](shop, entry, opened)
        if (
            intent is not None
            and intent["status"] == "succeeded"
            and entry.purchase.after is not After.NOTHING
        ):
            happens = aftermath.happen(shop, entry, opened["paymentIntentId"])
            self.schedule.add(happens, after=entry.purchase.patience**2 * 6)


def _open(shop: Shop, entry: Entry, key: str) -> _Steps:
    answer = yield from _insist(entry, "open", lambda: shop.open(entry.purchase, key))
    if answer.status != 200:
        entry.gave_up.append(f"opening {key}: {answer.summary} {answer.body}")
        return None
    entry.opened.append(answer.body)
    return answer.body


def _insist(entry: Entry, what: str, ask: Callable[[], Answer]) -> Generator[float, None, Answer]:
    """Repeat a call while that may help, with growing pauses."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.2
    while True:
        answer = ask()
        entry.note(f"{what}: {answer.summary}")
        if not answer.is_passing or time.monotonic() > deadline:
            return answer
        yield answer.retry_after if answer.retry_after is not None else pause * random.uniform(0.5, 1.5)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _pay(shop: Shop, entry: Entry, opened: dict[str, Any], method: str) -> _Steps:
    """Confirm once; where the answer is lost, look what became of it before trying again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = shop.confirm(opened, method)
        entry.note(f"pay by {method}: {answer.summary}")
        if answer.status == 200:
            return answer.body
        if answer.status == 402:
            declined: dict[str, Any] = answer.body["error"]["payment_intent"]
            return declined
        seen = yield from _insist(entry, "look", lambda: shop.look(opened))
        if seen.status == 200 and seen.body["status"] != "requires_payment_method":
            return seen.body
        if not answer.is_passing or time.monotonic() > deadline:
            entry.gave_up.append(f"paying by {method}: {answer.summary} {answer.body}")
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
    yield entry.purchase.patience * 2
    return (yield from _by_card(shop, entry, opened))


def _asked_by_bank(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    return (yield from _pay(shop, entry, opened, "pm_card_threeDSecure2Required"))


def _answers_bank(outcome: str) -> Callable[[Shop, Entry, dict[str, Any]], _Steps]:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from _asked_by_bank(shop, entry, opened)
        yield entry.purchase.patience * 2
        yield from _insist(entry, f"bank: {outcome}", lambda: shop.authenticate(opened, outcome))
        return (yield from _insist(entry, "look", lambda: shop.look(opened))).body

    return pay


def _refused_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _answers_bank("fail")(shop, entry, opened)
    return (yield from _by_card(shop, entry, opened))


def _by_debit(method: str) -> Callable[[Shop, Entry, dict[str, Any]], _Steps]:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        return (yield from _pay(shop, entry, opened, method))

    return pay


def _debit_fails_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _by_debit("pm_failed_de")(shop, entry, opened)
    seen: dict[str, Any] = {"status": "processing"}
    while seen.get("status") == "processing":
        yield 1.0
        seen = (yield from _insist(entry, "look", lambda: shop.look(opened))).body
    return (yield from _by_card(shop, entry, opened))


def _never(_shop: Shop, _entry: Entry, _opened: dict[str, Any]) -> _Steps:
    yield from ()
    return None


_PAYING: dict[Story, Callable[[Shop, Entry, dict[str, Any]], _Steps]] = {
    Story.PAYS: _by_card,
    Story.CLICKS_TWICE: _by_card,
    Story.DECLINED_THEN_PAYS: _declined_then_pays,
    Story.DECLINED: _declined,
    Story.AUTHENTICATES: _answers_bank("authorize"),
    Story.REFUSED_THEN_PAYS: _refused_then_pays,
    Story.REFUSED: _answers_bank("fail"),
    Story.LEAVES_THE_QUESTION: _asked_by_bank,
    Story.DEBIT: _by_debit("pm_success_de"),
    Story.DEBIT_FAILS: _by_debit("pm_failed_de"),
    Story.DEBIT_FAILS_THEN_PAYS: _debit_fails_then_pays,
    Story.DEBIT_CALLED_BACK: _by_debit("pm_disputed_de"),
    Story.ABANDONS: _never,
}
