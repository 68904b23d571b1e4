"""Every order held against Stripe's books; a difference says what was expected and what was found."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.chaos.differences import Difference
from tests.chaos.expectations import ACTING, Books, Expected, expect, expect_free
from tests.chaos.journal import Entry, Journal
from tests.chaos.lumira_side import OrderRecord, Records, Row
from tests.chaos.plan import After, Plan, Story
from tests.chaos.stock import compare_stock
from tests.chaos.stripe_side import Intent, Session, Truth

#: Seconds that are promised at the latest, once Stripe answers and a worker runs again.
PROMISED = 300.0
#: Seconds without a sweep after which the workers' clock has stopped.
_SWEEP_WITHIN = 40.0
#: Of what may happen to an order here; whether it did is looked at with the order.
_TRUE_ALERTS = ("dispute", "inquiry", "sold_out_after_payment", "stock_missing")


def compare(plan: Plan, truth: Truth, records: Records, journal: Journal, outbox: Path) -> list[Difference]:
    """All differences, those of orders first."""
    return [
        *_Orders(truth, records, journal, outbox).differences(),
        *compare_stock(plan, records),
        *_customers(truth),
        *_events(truth, records),
        *_leftovers(records),
    ]


class _Orders:
    def __init__(self, truth: Truth, records: Records, journal: Journal, outbox: Path) -> None:
        self._journal = journal
        self._letters = {path.stem for path in outbox.glob("*.eml")}
        self._records = records
        self._by_call: dict[str, list[OrderRecord]] = defaultdict(list)
        for order in records.orders:
            self._by_call[order.row["call"] or ""].append(order)
        self._intents: dict[str, list[Intent]] = defaultdict(list)
        for intent in truth.intents.values():
            self._intents[intent.order_number or ""].append(intent)
        self._sessions: dict[str, list[Session]] = defaultdict(list)
        for session in truth.sessions:
            self._sessions[session.order_number or ""].append(session)
        self._pieceless = {row["subject"] for row in records.alerts if row["kind"] == "stock_missing"}

    def differences(self) -> Iterator[Difference]:
        seen: set[str] = set()
        for entry in self._journal.entries.values():
            yield from self._of_entry(entry, seen)
        for order in self._records.orders:
            if order.number not in seen:
                yield Difference("doubled", f"order of no call: {order.row}", order.number)
        for number in self._intents.keys() - seen:
            for intent in self._intents[number]:
                yield Difference("lost", f"payment of no order, {intent.status}", number, intent.id)
        for number in self._sessions.keys() - seen:
            yield Difference("lost", f"a page of no order: {self._sessions[number]}", number)

    def _of_entry(self, entry: Entry, seen: set[str]) -> Iterator[Difference]:
        purchase = entry.purchase
        for reason in entry.gave_up:
            yield Difference("stuck", f"a call was never answered: {reason}", purchase=purchase.number)
        calls = [purchase.key]
        if purchase.story is Story.FREE:
            calls = [key for key in self._by_call if key.startswith(f"{purchase.key}-")]
        orders = [order for call in calls for order in self._by_call[call]]
        seen |= {order.number for order in orders}
        told = {answer["orderNumber"] for answer in entry.opened}
        if entry.is_refused and not orders and not told:
            if not purchase.goods:
                yield Difference("wrong", "refused for want of pieces", purchase=purchase.number)
            return
        if len(orders) != 1 or (told and told != {orders[0].number}):
            kind = "doubled" if len(orders) > 1 or len(told) > 1 else "lost"
            found = [order.number for order in orders]
            yield Difference(
                kind, f"one order, answered {sorted(told)}, found {found}", purchase=purchase.number
            )
        for order in orders:
            yield from self._of_order(entry, order)

    def _of_order(self, entry: Entry, order: OrderRecord) -> Iterator[Difference]:
        purchase = entry.purchase
        books = Books(self._intents[order.number], self._sessions[order.number])
        intent = books.shown

        def differ(found: tuple[str, str]) -> Difference:
            kind, what = found
            return Difference(kind, what, order.number, intent and intent.id, purchase.number)

        if purchase.story is Story.FREE:
            expected = expect_free(purchase)
            if intent is not None:
                yield differ(("wrong", "a free order has a payment"))
        elif intent is None and not books.sessions:
            if not entry.gave_up:
                yield differ(("lost", "nothing at Stripe"))
            return
        else:
            expected = expect(purchase, books, is_sold_out=order.is_sold_out)
            yield from map(differ, _multiples(entry, books))
            yield from map(differ, _money(order, books))
            yield from map(differ, _refunds_asked(entry, order, books))
        yield from map(differ, _frozen(entry, order))
        yield from map(differ, _status(order, expected))
        yield from map(differ, _grants(order, expected))
        yield from map(differ, self._pieces(entry, order, expected))
        yield from map(differ, self._messages(order, expected))

    def _pieces(self, entry: Entry, order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
        if order.is_sold_out and not entry.purchase.may_find_nothing_left:
            yield "wrong", "sold out, though its pieces were kept for it"
        found = {row["product_id"]: row["state"] for row in order.reservations}
        wanted = dict(expected.pieces)
        if order.number in self._pieceless and entry.purchase.after is After.REFUND_FAILS:
            # Its pieces came back and were sold to somebody else before the refund failed: a person was told.
            wanted = {product: found.get(product, state) for product, state in wanted.items()}
        if found != wanted:
            yield "wrong", f"pieces {wanted}, found {found}"
        pieces = {row["product_id"]: row["quantity"] for row in order.reservations}
        if pieces != entry.purchase.goods:
            yield "wrong", f"pieces {entry.purchase.goods}, found {pieces}"

    def _messages(self, order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
        found = Counter((message["kind"], message["subject"]) for message in order.messages)
        for key in expected.messages.keys() - found.keys():
            yield "lost", f"message {key}"
        for key in found.keys() - expected.messages.keys():
            yield "wrong", f"message {key} about nothing"
        for key, number in found.items():
            if number > 1:
                yield "doubled", f"message {key}: {number} rows"
        for message in order.messages:
            key = (message["kind"], message["subject"])
            status = message["status"]
            if status not in ("sent", "superseded"):
                yield "stuck", f"message {key}: {status}, {message['last_error']}"
            elif status == "superseded" and expected.messages.get(key):
                yield "lost", f"message {key} was taken for outdated"
            elif status == "sent" and str(message["id"]) not in self._letters:
                # Not the other way round: one that was killed before it was marked may be outdated afterwards.
                yield "lost", f"message {key}: sent, and there is no letter {message['id']}"


def _multiples(entry: Entry, books: Books) -> Iterator[tuple[str, str]]:
    """More than one of what there is to be one of."""
    pages = [session for session in books.sessions if session.status != "expired"]
    if entry.purchase.on_page:
        if len(pages) > 1 or (len(books.sessions) > 1 and entry.purchase.story is not Story.COMES_BACK):
            yield "doubled", f"pages {books.sessions}"
    elif len(books.intents) > 1:
        yield "doubled", f"{len(books.intents)} PaymentIntents"
    if sum(intent.is_paid for intent in books.intents) > 1:
        yield "doubled", "paid more than once"


def _refunds_asked(entry: Entry, order: OrderRecord, books: Books) -> Iterator[tuple[str, str]]:
    """What was asked of Lumira, or decided by it, was made at Stripe, and once."""
    made = {refund for intent in books.intents for refund in intent.refunds}
    if order.is_sold_out:
        # It goes back by itself, and nothing is left to ask for.
        if books.paid is None or len(made) != 1:
            yield "lost" if not made else "doubled", f"one refund of what was sold out, found {made}"
    elif entry.purchase.refunds_here and not entry.gave_up:
        asked = set(entry.refunded)
        if asked != made:
            yield "lost" if asked - made else "doubled", f"refunds answered {asked}, made {made}"
    for request in order.refund_requests:
        if request["state"] != "answered":
            yield "stuck", f"refund request {request}"


def _frozen(entry: Entry, order: OrderRecord) -> Iterator[tuple[str, str]]:
    """What an order is of, from the day it was opened."""
    lines = sorted((line["product_id"], line["quantity"]) for line in order.lines)
    if lines != sorted(entry.purchase.items):
        yield "wrong", f"lines {order.lines}"
    price = entry.purchase.price
    if order.row["amount"] != price or order.row["review_reason"] is not None:
        yield "wrong", f"price {price}, found {order.row}"


def _status(order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
    found = order.row["status"]
    if found != expected.status:
        is_lost = expected.active is not None and order.row["completed_at"] is None
        yield "lost" if is_lost else "wrong", f"status {expected.status}, found {found}"
    if expected.active is None and order.row["completed_at"] is not None:
        yield "wrong", "served without money"


def _grants(order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
    if expected.active is None:
        if order.grants:
            yield "wrong", f"access without money: {order.grants}"
        return
    by_product = Counter(grant["product_id"] for grant in order.grants)
    for product in expected.active:
        if by_product[product] == 0:
            yield "lost", f"no access to {product}"
        elif by_product[product] > 1:
            yield "doubled", f"{by_product[product]} grants of {product}"
    for grant in order.grants:
        wanted = expected.active.get(grant["product_id"])
        if grant["active"] is not wanted:
            yield "wrong", f"access active: {wanted}, found {grant}"


def _money(order: OrderRecord, books: Books) -> Iterator[tuple[str, str]]:
    states = {"succeeded": "succeeded", "canceled": "canceled"}
    wanted = sorted((i.id, states.get(i.status, "open"), i.amount_received) for i in books.intents)
    known = sorted((row["id"], row["state"], row["amount_received"]) for row in order.payments)
    if known != wanted:
        yield "lost" if books.paid is not None and not known else "wrong", f"payments {wanted}, found {known}"
    pages = sorted((session.id, session.status, session.is_paid) for session in books.sessions)
    found = sorted((row["id"], row["state"], row["is_paid"]) for row in order.sessions)
    if found != pages:
        yield "lost" if len(found) < len(pages) else "wrong", f"pages {pages}, found {found}"
    for intent in books.intents:
        if (intent.amount, intent.currency) != (order.row["amount"], order.row["currency"]):
            yield "wrong", f"asked for {intent.amount} {intent.currency}, found {order.row}"
    yield from _movements("refunds", [i.refunds for i in books.intents], order.refunds)
    yield from _movements("disputes", [i.disputes for i in books.intents], order.disputes)


def _movements(
    name: str, told: Iterable[dict[str, dict[str, Any]]], rows: list[Row]
) -> Iterator[tuple[str, str]]:
    wanted = {(each["id"], each["amount"], each["status"]) for known in told for each in known.values()}
    found = [(row["id"], row["amount"], row["status"]) for row in rows]
    if len(found) != len(set(found)):
        yield "doubled", f"{name}: {found}"
    if set(found) != wanted:
        kind = "lost" if {known[0] for known in wanted} - {known[0] for known in found} else "wrong"
        yield kind, f"{name} {sorted(wanted)}, found {sorted(found)}"


def _customers(truth: Truth) -> Iterable[Difference]:
    for (tenant, customer_id), number in Counter(truth.customers).items():
        if number > 1:
            yield Difference(
                "doubled", f"{number} Stripe customers of {tenant} for our customer {customer_id}"
            )


def _events(truth: Truth, records: Records) -> Iterable[Difference]:
    known = {(row["tenant"], row["id"]): row for row in records.events}
    if len(known) != len(records.events):
        yield Difference("doubled", f"{len(records.events) - len(known)} events are stored twice")
    for event in truth.events:
        row = known.get((event.tenant, event.id))
        if row is None:
            if event.type in ACTING:
                yield Difference("lost", f"event {event.id} {event.type} of {event.tenant}")
        elif row["status"] in ("received", "parked", "failed"):
            yield Difference("stuck", f"event {row}")
        elif event.type in ACTING and row["status"] != "processed":
            yield Difference("wrong", f"event {row}")


def _leftovers(records: Records) -> Iterable[Difference]:
    for key in records.keys:
        # A lease that nobody ended is only harmless if its call was answered.
        if key["reply_status"] is None or key["leased_until"] is not None:
            yield Difference("stuck", f"idempotency key {key}")
    for alert in records.alerts:
        if alert["kind"] not in _TRUE_ALERTS:
            yield Difference("wrong", f"alert {alert}")
    if records.sweep_age > _SWEEP_WITHIN:
        yield Difference("stuck", f"the workers' clock: last sweep {records.sweep_age:.0f} s ago")
