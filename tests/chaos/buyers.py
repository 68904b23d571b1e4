"""What buyers do, each as an errand: by the PaymentIntent in the brand's own page, or on a page of Stripe's."""

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from tests.chaos import aftermath
from tests.chaos.journal import Entry, Journal
from tests.chaos.plan import After, Purchase, Story
from tests.chaos.retrying import PATIENCE, insist
from tests.chaos.schedule import Errand, Schedule
from tests.chaos.shop import Shop

#: Seconds between two looks of a buyer who waits for a new page.
_LOOKS_AGAIN_AFTER = 5.0
#: How many ask for the same free level at once, and how many tabs of one buyer send the same call.
_ASKS_FOR_FREE = 3
_CARDS = {
    After.REFUND_WAITS: "pm_card_pendingRefund",
    After.REFUND_FAILS: "pm_card_refundFail",
}
_Steps = Generator[float, None, dict[str, Any] | None]
_Paying = Callable[[Shop, Entry, dict[str, Any]], _Steps]


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
        paying = _PAYING_ON_PAGE if entry.purchase.on_page else _PAYING
        intent = yield from paying[entry.purchase.story](shop, entry, opened)
        if (
            intent is not None
            and intent["status"] == "succeeded"
            and entry.purchase.after is not After.NOTHING
        ):
            happens = aftermath.happen(shop, entry, intent["id"])
            self.schedule.add(happens, after=entry.purchase.patience**2 * 6)


def _open(shop: Shop, entry: Entry, key: str) -> _Steps:
    answer = yield from insist(entry, "open", lambda: shop.open(entry.purchase, key))
    if answer.code == "OUT_OF_STOCK":
        entry.is_refused = True
        return None
    if answer.status != 200:
        entry.gave_up.append(f"opening {key}: {answer.summary} {answer.body}")
        return None
    entry.opened.append(answer.body)
    return answer.body


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
        seen = yield from insist(entry, "look", lambda: shop.look(opened))
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


def _answers_bank(outcome: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from _asked_by_bank(shop, entry, opened)
        yield entry.purchase.patience * 2
        yield from insist(entry, f"bank: {outcome}", lambda: shop.authenticate(opened, outcome))
        return (yield from insist(entry, "look", lambda: shop.look(opened))).body

    return pay


def _refused_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _answers_bank("fail")(shop, entry, opened)
    return (yield from _by_card(shop, entry, opened))


def _by_debit(method: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        return (yield from _pay(shop, entry, opened, method))

    return pay


def _debit_fails_then_pays(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    yield from _by_debit("pm_failed_de")(shop, entry, opened)
    seen: dict[str, Any] = {"status": "processing"}
    while seen.get("status") == "processing":
        yield 1.0
        seen = (yield from insist(entry, "look", lambda: shop.look(opened))).body
    return (yield from _by_card(shop, entry, opened))


def _never(_shop: Shop, _entry: Entry, _opened: dict[str, Any]) -> _Steps:
    yield from ()
    return None


def _on_page(method: str) -> _Paying:
    """Fill in the form of Stripe's page once; the payment as it is then."""

    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        answer = yield from insist(
            entry, f"page: {method}", lambda: shop.pay_page(opened, method, entry.purchase)
        )
        if answer.status != 200:
            entry.gave_up.append(f"paying on the page by {method}: {answer.summary} {answer.body}")
            return None
        return answer.body

    return pay


def _by_card_on_page(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    card = _CARDS.get(entry.purchase.after, "pm_card_visa")
    paid = yield from _on_page(card)(shop, entry, opened)
    return None if paid is None else _payment_of(paid["session"])


def _payment_of(session: dict[str, Any]) -> dict[str, Any]:
    status = "succeeded" if session["payment_status"] == "paid" else session["status"]
    return {"id": session["payment_intent"], "status": status}


def _answers_bank_on_page(outcome: str) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        asked = yield from _on_page("pm_card_threeDSecure2Required")(shop, entry, opened)
        if asked is None:
            return None
        yield entry.purchase.patience * 2
        yield from insist(entry, f"bank: {outcome}", lambda: shop.answer_bank(asked["redirect_url"], outcome))
        seen = yield from insist(entry, "look", lambda: shop.look_at_page(opened))
        return _payment_of(seen.body) if seen.status == 200 else None

    return pay


def _then_pays_on_page(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.patience * 2
        return (yield from _by_card_on_page(shop, entry, opened))

    return pay


def _then_leaves(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        return None

    return pay


def _then_leaves_page(first: _Paying) -> _Paying:
    def pay(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
        yield from first(shop, entry, opened)
        yield entry.purchase.patience * 2
        entry.note("the page expires")
        shop.let_happen(f"checkout/sessions/{opened['sessionId']}/expire")
        return None

    return pay


def _comes_back(shop: Shop, entry: Entry, opened: dict[str, Any]) -> _Steps:
    """Ask again and again, as long as the answer leads to the page that is no more."""
    yield from _then_leaves_page(_never)(shop, entry, opened)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield _LOOKS_AGAIN_AFTER
        again = yield from _open(shop, entry, entry.purchase.key)
        if again is None:
            return None
        if again["sessionId"] != opened["sessionId"]:
            return (yield from _by_card_on_page(shop, entry, again))
    return None


_DECLINED_ON_PAGE = _on_page("pm_card_chargeDeclined")
_PAYING: dict[Story, _Paying] = {
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

_PAYING_ON_PAGE: dict[Story, _Paying] = {
    Story.PAYS: _by_card_on_page,
    Story.CLICKS_TWICE: _by_card_on_page,
    Story.DECLINED_THEN_PAYS: _then_pays_on_page(_DECLINED_ON_PAGE),
    Story.DECLINED: _then_leaves(_DECLINED_ON_PAGE),
    Story.AUTHENTICATES: _answers_bank_on_page("authorize"),
    Story.REFUSED_THEN_PAYS: _then_pays_on_page(_answers_bank_on_page("fail")),
    Story.LEAVES_THE_QUESTION: _then_leaves(_on_page("pm_card_threeDSecure2Required")),
    Story.DEBIT: _then_leaves(_on_page("pm_success_de")),
    Story.DEBIT_FAILS: _then_leaves(_on_page("pm_failed_de")),
    Story.ABANDONS: _never,
    Story.LEAVES_PAGE: _then_leaves_page(_never),
    Story.DECLINED_LEAVES_PAGE: _then_leaves_page(_DECLINED_ON_PAGE),
    Story.COMES_BACK: _comes_back,
}
