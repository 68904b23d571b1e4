"""Compare every order of Lumira with Stripe's records of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.chaos.alert_comparison import Alerts, expect_alerts
from tests.chaos.behaviour import AfterPayment, Story
from tests.chaos.differences import Difference
from tests.chaos.expectations import Expected, StripeOrder, expect, expect_free
from tests.chaos.lumira_side import LumiraState, OrderRecord, Row
from tests.chaos.purchase_log import Entry, PurchaseLog
from tests.chaos.stripe_side import Intent, Session, StripeState


class OrderComparison:
    """Compares the orders; `differences` yields what is lost, doubled, wrong or stuck."""

    def __init__(
        self, stripe: StripeState, lumira: LumiraState, purchase_log: PurchaseLog, outbox: Path
    ) -> None:
        self._purchase_log = purchase_log
        self._emails = {path.stem for path in outbox.glob("*.eml")}
        self._lumira = lumira
        self._by_call: dict[str, list[OrderRecord]] = defaultdict(list)
        for order in lumira.orders:
            self._by_call[order.row["call"] or ""].append(order)
        self._intents: dict[str, list[Intent]] = defaultdict(list)
        for intent in stripe.intents.values():
            self._intents[intent.order_number or ""].append(intent)
        self._sessions: dict[str, list[Session]] = defaultdict(list)
        for session in stripe.sessions:
            self._sessions[session.order_number or ""].append(session)
        #: How many messages about failed payments each mailbox got: one a day, of all orders.
        self._failures_sent = Counter(
            (order.row["tenant"], order.row["customer_email"])
            for order in lumira.orders
            for message in order.messages
            if message["kind"] == "payment_failed" and message["status"] == "sent"
        )
        self._missing_stock = {row["subject"] for row in lumira.alerts if row["kind"] == "stock_missing"}

    def differences(self) -> Iterator[Difference]:
        seen: set[str] = set()
        for entry in self._purchase_log.entries.values():
            yield from self._of_entry(entry, seen)
        for order in self._lumira.orders:
            if order.number not in seen:
                yield Difference("doubled", f"order without a purchase: {order.row}", order.number)
        for number in self._intents.keys() - seen:
            for intent in self._intents[number]:
                yield Difference("lost", f"payment without an order, {intent.status}", number, intent.id)
        for number in self._sessions.keys() - seen:
            yield Difference("lost", f"Checkout Session without an order: {self._sessions[number]}", number)

    def required_alerts(self) -> Alerts:
        """Return the alerts that all orders require."""
        alerts: Alerts = {}
        for entry in self._purchase_log.entries.values():
            for order in self._orders_of(entry):
                alerts |= expect_alerts(entry.purchase, self._stripe_order(order), order)
        return alerts

    def _orders_of(self, entry: Entry) -> list[OrderRecord]:
        calls = [entry.purchase.key]
        if entry.purchase.story is Story.FREE:
            calls = [key for key in self._by_call if key.startswith(f"{entry.purchase.key}-")]
        return [order for call in calls for order in self._by_call.get(call, [])]

    def _stripe_order(self, order: OrderRecord) -> StripeOrder:
        return StripeOrder(self._intents.get(order.number, []), self._sessions.get(order.number, []))

    def _of_entry(self, entry: Entry, seen: set[str]) -> Iterator[Difference]:
        purchase = entry.purchase
        for reason in entry.failures:
            yield Difference("stuck", f"a request never succeeded: {reason}", purchase=purchase.number)
        orders = self._orders_of(entry)
        seen |= {order.number for order in orders}
        returned = {response["orderNumber"] for response in entry.opened}
        if entry.was_out_of_stock and not orders and not returned:
            if not purchase.goods:
                yield Difference("wrong", "refused as out of stock", purchase=purchase.number)
            return
        if len(orders) != 1 or (returned and returned != {orders[0].number}):
            kind = "doubled" if len(orders) > 1 or len(returned) > 1 else "lost"
            numbers = [order.number for order in orders]
            yield Difference(
                kind, f"one order, returned {sorted(returned)}, found {numbers}", purchase=purchase.number
            )
        for order in orders:
            yield from self._of_order(entry, order)

    def _of_order(self, entry: Entry, order: OrderRecord) -> Iterator[Difference]:
        purchase = entry.purchase
        stripe_order = self._stripe_order(order)
        intent = stripe_order.shown

        def differ(difference: tuple[str, str]) -> Difference:
            kind, what = difference
            return Difference(kind, what, order.number, intent.id if intent else None, purchase.number)

        if purchase.story is Story.FREE:
            expected = expect_free(purchase)
            if intent is not None:
                yield differ(("wrong", "a free order has a payment"))
        elif intent is None and not stripe_order.sessions:
            if not entry.failures:
                yield differ(("lost", "nothing at Stripe"))
            return
        else:
            expected = expect(entry, stripe_order, is_sold_out=order.is_sold_out)
            yield from map(differ, _multiples(entry, stripe_order))
            yield from map(differ, _money(order, stripe_order))
            yield from map(differ, _requested_refunds(entry, order, stripe_order))
        yield from map(differ, _frozen(entry, order))
        yield from map(differ, _status(order, expected))
        yield from map(differ, _grants(order, expected))
        yield from map(differ, self._reservations(entry, order, expected))
        yield from map(differ, self._messages(order, expected))

    def _reservations(
        self, entry: Entry, order: OrderRecord, expected: Expected
    ) -> Iterator[tuple[str, str]]:
        if order.is_sold_out and not entry.purchase.may_be_sold_out:
            yield "wrong", "sold out, although its units were reserved"
        found = {row["product_id"]: row["state"] for row in order.reservations}
        required = dict(expected.reservations)
        if order.number in self._missing_stock and entry.purchase.after is AfterPayment.REFUND_FAILS:
            # The refund released its units and another order bought them before the refund failed: an alert says so.
            required = {product: found.get(product, state) for product, state in required.items()}
        if found != required:
            yield "wrong", f"reservations {required}, found {found}"
        units = {row["product_id"]: row["quantity"] for row in order.reservations}
        if units != entry.purchase.goods:
            yield "wrong", f"units {entry.purchase.goods}, found {units}"

    def _messages(self, order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
        found = Counter((message["kind"], message["subject"]) for message in order.messages)
        for key in expected.messages.keys() - found.keys():
            yield "lost", f"message {key}"
        for key in found.keys() - expected.messages.keys():
            yield "wrong", f"message {key} without a reason"
        for key, number in found.items():
            if number > 1:
                yield "doubled", f"message {key}: {number} rows"
        mailbox = order.row["tenant"], order.row["customer_email"]
        if self._failures_sent[mailbox] > 1:
            yield "doubled", f"{self._failures_sent[mailbox]} messages about failed payments to one mailbox"
        for message in order.messages:
            yield from self._sending(message, expected, mailbox)

    def _sending(
        self, message: Row, expected: Expected, mailbox: tuple[str, str | None]
    ) -> Iterator[tuple[str, str]]:
        key, status = (message["kind"], message["subject"]), message["status"]
        # The message of another order of the same mailbox may have been sent instead.
        is_replaced = message["kind"] == "payment_failed" and self._failures_sent[mailbox] > 0
        if status not in ("sent", "superseded"):
            yield "stuck", f"message {key}: {status}, {message['last_error']}"
        elif status == "superseded" and expected.messages.get(key) and not is_replaced:
            yield "lost", f"message {key} was superseded"
        elif status == "sent" and str(message["id"]) not in self._emails:
            # The reverse is allowed: a worker killed after sending may find the message superseded later.
            yield "lost", f"message {key}: sent, but there is no e-mail {message['id']}"


def _multiples(entry: Entry, stripe_order: StripeOrder) -> Iterator[tuple[str, str]]:
    """Yield duplicates: of PaymentIntents, Checkout Sessions or successful payments."""
    live = [session for session in stripe_order.sessions if session.status != "expired"]
    if entry.purchase.uses_checkout:
        # A retry after a killed process replaces the page of which no buyer got the address.
        returned = {response.get("sessionId") for response in entry.opened}
        shown = [session for session in stripe_order.sessions if session.id in returned]
        may_return = entry.purchase.story is Story.RETURNS_AFTER_EXPIRY
        if len(live) > 1 or (len(shown) > 1 and not may_return):
            yield "doubled", f"Checkout Sessions {stripe_order.sessions}"
    elif len(stripe_order.intents) > 1:
        yield "doubled", f"{len(stripe_order.intents)} PaymentIntents"
    if sum(intent.is_paid for intent in stripe_order.intents) > 1:
        yield "doubled", "paid more than once"


def _requested_refunds(
    entry: Entry, order: OrderRecord, stripe_order: StripeOrder
) -> Iterator[tuple[str, str]]:
    """Yield refunds that were requested or automatic but not made exactly once."""
    made = {refund for intent in stripe_order.intents for refund in intent.refunds}
    if order.is_sold_out:
        # Lumira refunds it automatically, so nothing remains for a request.
        if stripe_order.paid is None or len(made) != 1:
            yield "lost" if not made else "doubled", f"one refund of the sold-out order, found {made}"
    elif entry.refunds_of_returns:
        if len(made) != entry.refunds_of_returns:
            yield "lost" if not made else "doubled", f"refunds of the returns {entry.returns}, made {made}"
    elif entry.purchase.refunds_by_lumira and not entry.failures:
        reported = set(entry.refunded)
        if reported != made:
            yield "lost" if reported - made else "doubled", f"refunds reported {reported}, made {made}"
    for request in order.refund_requests:
        if request["state"] != "accepted":
            yield "stuck", f"refund request {request}"


def _frozen(entry: Entry, order: OrderRecord) -> Iterator[tuple[str, str]]:
    """Yield differences in what the order froze when it was opened."""
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
        yield "wrong", "completed without payment"


def _grants(order: OrderRecord, expected: Expected) -> Iterator[tuple[str, str]]:
    if expected.active is None:
        if order.grants:
            yield "wrong", f"access without payment: {order.grants}"
        return
    by_product = Counter(grant["product_id"] for grant in order.grants)
    for product in expected.active:
        if by_product[product] == 0:
            yield "lost", f"no access to {product}"
        elif by_product[product] > 1:
            yield "doubled", f"{by_product[product]} grants of {product}"
    for grant in order.grants:
        is_active = expected.active.get(grant["product_id"])
        if grant["active"] is not is_active:
            yield "wrong", f"access active: {is_active}, found {grant}"


def _money(order: OrderRecord, stripe_order: StripeOrder) -> Iterator[tuple[str, str]]:
    states = {"succeeded": "succeeded", "canceled": "canceled"}
    required = sorted((i.id, states.get(i.status, "open"), i.amount_received) for i in stripe_order.intents)
    recorded = sorted((row["id"], row["state"], row["amount_received"]) for row in order.payments)
    if recorded != required:
        is_lost = stripe_order.paid is not None and not recorded
        yield "lost" if is_lost else "wrong", f"payments {required}, found {recorded}"
    sessions = sorted((session.id, session.status, session.is_paid) for session in stripe_order.sessions)
    found = sorted((row["id"], row["state"], row["is_paid"]) for row in order.sessions)
    if found != sessions:
        yield (
            "lost" if len(found) < len(sessions) else "wrong",
            f"Checkout Sessions {sessions}, found {found}",
        )
    for intent in stripe_order.intents:
        if (intent.amount, intent.currency) != (order.row["amount"], order.row["currency"]):
            yield "wrong", f"PaymentIntent of {intent.amount} {intent.currency}, found {order.row}"
    yield from _movements("refunds", [i.refunds for i in stripe_order.intents], order.refunds)
    yield from _movements("disputes", [i.disputes for i in stripe_order.intents], order.disputes)


def _movements(
    name: str, at_stripe: Iterable[dict[str, dict[str, Any]]], rows: list[Row]
) -> Iterator[tuple[str, str]]:
    required = {(row["id"], row["amount"], row["status"]) for by_id in at_stripe for row in by_id.values()}
    found = [(row["id"], row["amount"], row["status"]) for row in rows]
    if len(found) != len(set(found)):
        yield "doubled", f"{name}: {found}"
    if set(found) != required:
        kind = "lost" if {row[0] for row in required} - {row[0] for row in found} else "wrong"
        yield kind, f"{name} {sorted(required)}, found {sorted(found)}"
