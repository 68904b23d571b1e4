"""The same once more through the API, as a brand's own system reads it."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.expectations import Books, expect
from tests.chaos.journal import Entry, Journal
from tests.chaos.lumira_side import OrderRecord, Records
from tests.chaos.shop import Shop
from tests.chaos.stripe_side import Intent, Session, Truth

#: Of the orders to which nothing happened after the payment every so many is read.
_EVERY = 20


def compare_wire(
    truth: Truth, records: Records, journal: Journal, shops: dict[str, Shop]
) -> Iterator[Difference]:
    """What `GET /api/orders/<number>` says, held against the books."""
    intents: dict[str | None, list[Intent]] = defaultdict(list)
    for intent in truth.intents.values():
        intents[intent.order_number].append(intent)
    sessions: dict[str | None, list[Session]] = defaultdict(list)
    for session in truth.sessions:
        sessions[session.order_number].append(session)
    orders = {order.number: order for order in records.orders}
    for number, entry in journal.entries.items():
        order = orders.get(entry.opened[0]["orderNumber"]) if entry.opened else None
        if order is None or not intents[order.number]:
            continue
        books = Books(intents[order.number], sessions[order.number])
        if number % _EVERY == 0 or any(intent.refunds or intent.disputes for intent in books.intents):
            yield from _of_order(entry, order, books, shops[entry.purchase.tenant])


def _of_order(entry: Entry, order: OrderRecord, books: Books, shop: Shop) -> Iterator[Difference]:
    expected = expect(entry.purchase, books, is_sold_out=order.is_sold_out)
    answer = shop.order(order.number)
    told = answer.body
    disputes = [known for intent in books.intents for known in intent.disputes.values()]
    shown = books.shown.id if books.shown is not None else None
    wanted = {
        "status": expected.status,
        "refundedAmount": expected.refunded,
        "grants": expected.active or {},
        "disputes": sorted((known["id"], known["amount"], known["status"]) for known in disputes),
        "paymentIntentId": shown,
    }
    found = {
        "status": told.get("status"),
        "refundedAmount": told.get("refundedAmount"),
        "grants": {grant["productId"]: grant["active"] for grant in told.get("grants", ())},
        "disputes": sorted(
            (known["id"], known["amount"], known["status"]) for known in told.get("disputes", ())
        ),
        "paymentIntentId": told.get("paymentIntentId"),
    }
    for name, value in wanted.items():
        if found[name] != value:
            what = f"on the wire: {name} {value}, found {found[name]} ({answer.status})"
            yield Difference("wrong", what, order.number, shown, entry.purchase.number)
