"""The same once more through the API, as a brand's own system reads it."""

from collections.abc import Iterator

from tests.chaos.comparison import Difference
from tests.chaos.expectations import Expected, expect
from tests.chaos.journal import Entry, Journal
from tests.chaos.plan import REVOKED_BY_PART
from tests.chaos.shop import Shop
from tests.chaos.truth import Intent, Truth

#: Of the orders to which nothing happened after the payment every so many is read.
_EVERY = 20


def compare_wire(truth: Truth, journal: Journal, shops: dict[str, Shop]) -> Iterator[Difference]:
    """What `GET /api/orders/<number>` says, held against the books."""
    intents = {intent.order_number: intent for intent in truth.intents.values()}
    for number, entry in journal.entries.items():
        intent = intents.get(entry.opened[0]["orderNumber"]) if entry.opened else None
        if intent is not None and (number % _EVERY == 0 or intent.refunds or intent.disputes):
            yield from _of_order(entry, intent, shops[entry.purchase.tenant])


def _of_order(entry: Entry, intent: Intent, shop: Shop) -> Iterator[Difference]:
    purchase = entry.purchase
    closed = purchase.product == REVOKED_BY_PART
    expected: Expected = expect(intent, has_email=purchase.email is not None, is_closed_by_part=closed)
    answer = shop.order(str(intent.order_number))
    told = answer.body
    wanted = {
        "status": expected.status,
        "refundedAmount": expected.refunded,
        "grants": [] if expected.active is None else [expected.active],
        "disputes": sorted(
            (known["id"], known["amount"], known["status"]) for known in intent.disputes.values()
        ),
        "paymentIntentId": intent.id,
    }
    found = {
        "status": told.get("status"),
        "refundedAmount": told.get("refundedAmount"),
        "grants": [grant["active"] for grant in told.get("grants", ())],
        "disputes": sorted(
            (known["id"], known["amount"], known["status"]) for known in told.get("disputes", ())
        ),
        "paymentIntentId": told.get("paymentIntentId"),
    }
    for name, value in wanted.items():
        if found[name] != value:
            what = f"on the wire: {name} {value}, found {found[name]} ({answer.status})"
            yield Difference("wrong", what, intent.order_number, intent.id, purchase.number)
