"""Compare orders as Lumira's API returns them."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.differences import Difference
from tests.chaos.expectations import StripeOrder, expect
from tests.chaos.lumira_side import LumiraState, OrderRecord
from tests.chaos.purchase_log import Entry, PurchaseLog
from tests.chaos.shop import Shop
from tests.chaos.stripe_side import Intent, Session, StripeState

#: Of the orders without refund or dispute only one in this many is read.
_EVERY = 20


def compare_wire(
    stripe: StripeState, lumira: LumiraState, purchase_log: PurchaseLog, shops: dict[str, Shop]
) -> Iterator[Difference]:
    """Yield the differences between `GET /api/orders/<number>` and what Stripe's records require."""
    intents: dict[str | None, list[Intent]] = defaultdict(list)
    for intent in stripe.intents.values():
        intents[intent.order_number].append(intent)
    sessions: dict[str | None, list[Session]] = defaultdict(list)
    for session in stripe.sessions:
        sessions[session.order_number].append(session)
    orders = {order.number: order for order in lumira.orders}
    for number, entry in purchase_log.entries.items():
        order = orders.get(entry.opened[0]["orderNumber"]) if entry.opened else None
        if order is None or not intents[order.number]:
            continue
        stripe_order = StripeOrder(intents[order.number], sessions[order.number])
        if number % _EVERY == 0 or any(intent.refunds or intent.disputes for intent in stripe_order.intents):
            yield from _of_order(entry, order, stripe_order, shops[entry.purchase.tenant])


def _of_order(
    entry: Entry, order: OrderRecord, stripe_order: StripeOrder, shop: Shop
) -> Iterator[Difference]:
    expected = expect(entry, stripe_order, is_sold_out=order.is_sold_out)
    response = shop.order(order.number)
    body = response.body
    disputes = [dispute for intent in stripe_order.intents for dispute in intent.disputes.values()]
    shown = stripe_order.shown.id if stripe_order.shown is not None else None
    required = {
        "status": expected.status,
        "refundedAmount": expected.refunded,
        "grants": expected.active or {},
        "disputes": sorted((row["id"], row["amount"], row["status"]) for row in disputes),
        "paymentIntentId": shown,
    }
    returned = {
        "status": body.get("status"),
        "refundedAmount": body.get("refundedAmount"),
        "grants": {grant["productId"]: grant["active"] for grant in body.get("grants", ())},
        "disputes": sorted((row["id"], row["amount"], row["status"]) for row in body.get("disputes", ())),
        "paymentIntentId": body.get("paymentIntentId"),
    }
    for name, value in required.items():
        if returned[name] != value:
            what = f"API: {name} {value}, returned {returned[name]} ({response.status})"
            yield Difference("wrong", what, order.number, shown, entry.purchase.number)
