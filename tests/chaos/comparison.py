"""Every order held against Stripe's books; a difference says what was expected and what was found."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.expectations import ACTING, Expected, expect, expect_free
from tests.chaos.journal import Entry, Journal
from tests.chaos.plan import PRICES, REVOKED_BY_PART, Story
from tests.chaos.records import OrderRecord, Records
from tests.chaos.truth import Intent, Truth

#: Seconds that are promised at the latest, once Stripe answers and a worker runs again.
PROMISED = 300.0
#: Seconds without a sweep after which the workers' clock has stopped.
_SWEEP_WITHIN = 40.0
KINDS = ("lost", "doubled", "wrong", "stuck")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be."""

    kind: str
    what: str
    order: str | None = None
    intent: str | None = None
    purchase: int | None = None


def compare(truth: Truth, records: Records, journal: Journal, outbox: Path) -> list[Difference]:
    """All differences, those of orders first."""
    return [
        *_Orders(truth, records, journal, outbox).differences(),
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
        if len(orders) != 1 or (told and told != {orders[0].number}):
            kind = "doubled" if len(orders) > 1 or len(told) > 1 else "lost"
            found = [order.number for order in orders]
            yield Difference(
                kind, f"one order, answered {sorted(told)}, found {found}", purchase=purchase.number
            )
        for order in orders:
            yield from self._of_order(entry, order)

    def _of_order(self, entry: Entry, order: OrderRecord) -> Iterator[Difference]:
        purchase, intents = entry.purchase, self._intents[order.number]
        intent = max(intents, key=lambda known: known.is_paid, default=None)

        def differ(kind: str, what: str) -> Difference:
            return Difference(kind, what, order.number, intent and intent.id, purchase.number)

        if purchase.story is Story.FREE:
            expected: Expected = expect_free(has_email=True)
            if intents:
                yield differ("wrong", "a free order has a payment")
        elif intent is None:
            if not entry.gave_up:
                yield differ("lost", "no PaymentIntent at Stripe")
            return
        else:
            if len(intents) > 1:
                paid = sum(known.is_paid for known in intents)
                yield differ("doubled", f"{len(intents)} PaymentIntents, {paid} of them paid")
            closed = purchase.product == REVOKED_BY_PART
            expected = expect(intent, has_email=purchase.email is not None, is_closed_by_part=closed)
            yield from (differ(kind, what) for kind, what in _money(order, intent))
        price = PRICES[purchase.product]
        if [(line["product_id"], line["quantity"]) for line in order.lines] != [(purchase.product, 1)]:
            yield differ("wrong", f"lines {order.lines}")
        if order.row["amount"] != price or order.row["review_reason"] is not None:
            yield differ("wrong", f"price {price}, found {order.row}")
        yield from (differ(kind, what) for kind, what in _status(order, expected))
        yield from (differ(kind, what) for kind, what in _grants(order, expected))
        yield from (differ(kind, what) for kind, what in self._messages(order, expected))

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
    by_line = Counter(grant["order_line_id"] for grant in order.grants)
    for line in order.lines:
        if by_line[line["id"]] == 0:
            yield "lost", f"no access to {line['product_id']}"
        elif by_line[line["id"]] > 1:
            yield "doubled", f"{by_line[line['id']]} grants of {line['product_id']}"
    for grant in order.grants:
        if grant["active"] is not expected.active:
            yield "wrong", f"access active: {expected.active}, found {grant['active']} ({grant['reason']})"


def _money(order: OrderRecord, intent: Intent) -> Iterator[tuple[str, str]]:
    if (intent.amount, intent.currency) != (order.row["amount"], order.row["currency"]):
        yield "wrong", f"asked for {intent.amount} {intent.currency}, found {order.row}"
    state = {"succeeded": "succeeded", "canceled": "canceled"}.get(intent.status, "open")
    known = [(row["id"], row["state"], row["amount_received"]) for row in order.payments]
    if known != [(intent.id, state, intent.amount_received)]:
        yield "lost" if intent.is_paid and not known else "wrong", f"payment {state}, found {known}"
    for name, told, rows in (
        ("refunds", intent.refunds, order.refunds),
        ("disputes", intent.disputes, order.disputes),
    ):
        wanted = {(known["id"], known["amount"], known["status"]) for known in told.values()}
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
        elif event.type in ACTING and row["status"] != "handled":
            yield Difference("wrong", f"event {row}")


def _leftovers(records: Records) -> Iterable[Difference]:
    for key in records.keys:
        # A lease that nobody ended is only harmless if its call was answered.
        if key["reply_status"] is None or key["leased_until"] is not None:
            yield Difference("stuck", f"idempotency key {key}")
    for alert in records.alerts:
        if alert["kind"] not in ("dispute", "inquiry"):
            yield Difference("wrong", f"alert {alert}")
    if records.sweep_age > _SWEEP_WITHIN:
        yield Difference("stuck", f"the workers' clock: last sweep {records.sweep_age:.0f} s ago")
