"""The orders that are copied: one of each kind, opened, paid and settled by Lumira itself."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import payments
from lumira.domain.cart_price import price_of
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe.requests import Seller, freeze_intent_request
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.open_order import open_order
from lumira.webhooks import inbox, process
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.support import stripe_events
from tests.support.factories import Brand

#: In every text of a copied row, this is replaced by the number of the copy.
MARK = "0copied0"


@dataclass(frozen=True, slots=True)
class Template:
    """One order to copy, and how many of a hundred orders are like it."""

    order_id: UUID
    order_number: str
    customer_id: UUID
    percent: int


def make(brand: Brand) -> list[Template]:
    """Make an order that is completed, one that is partly refunded, and one that was never paid."""
    made = [
        _make(brand, "mystique", "a", 80, _complete),
        _make(brand, "shirt", "b", 5, _refund),
        _make(brand, "shirt", "c", 15, _cancel),
    ]
    with atomic(brand.id):
        # What a worker has sent by now.
        db.session.execute(db.text("UPDATE outbox_messages SET status = 'sent', sent_at = created_at"))
    return made


def open_paid(brand: Brand, product: str, mark: str) -> tuple[Paid, bytes]:
    """Open an order with its PaymentIntent, and return the body of the event that says it is paid."""
    with atomic(brand.id):
        tenant, product_row = tenants.get(brand.id), products.get_product(brand.id, product)
        email = f"buyer-{mark}@example.com"
        order = open_order(
            tenant,
            CheckoutCommand((CheckoutItem(product),), email, source="products"),
            items=[(product_row, 1)],
            price=price_of([(product_row, 1)]),
            customer=customers.find_or_create(tenant.id, email=email, name="Ana Martin"),
            livemode=False,
            call=Call(fingerprint="", actor="benchmark"),
        )
        locked = orders.lock_order(brand.id, order.id)
        freeze_intent_request(locked, seller=Seller(tenant.slug, tenant.name, None), stripe_customer_id=None)
        db.session.flush()
        intent = IntentFacts(f"pi_{mark}", "requires_payment_method", order.amount, order.currency)
        payments.attach_intent(locked, intent, now=utc_now())
        order_polls.schedule(locked, utc_now())
        amount = order.amount
        paid = Paid(f"evt_{mark}", intent.id, order.order_number)
    body = encode(paid).replace(b'": 4700', b'": ' + str(amount).encode())
    return paid, body


def _make(brand: Brand, product: str, kind: str, percent: int, end: object) -> Template:
    paid, body = open_paid(brand, product, f"{kind}{MARK}")
    end(brand, paid, body)  # type: ignore[operator]
    process.process_events(brand.id)
    with atomic(brand.id):
        order = orders.get_order(brand.id, paid.order_number)
    if order.customer_id is None:
        raise RuntimeError("The order to be copied has no customer.")
    return Template(order.id, order.order_number, order.customer_id, percent)


def _receive(brand: Brand, body: bytes) -> None:
    inbox.receive(brand.id, body=body, signature=stripe_events.signature(body, brand.webhook_secret))


def _complete(brand: Brand, _paid: Paid, body: bytes) -> None:
    _receive(brand, body)


def _refund(brand: Brand, paid: Paid, body: bytes) -> None:
    _receive(brand, body)
    process.process_events(brand.id)
    refund = {
        "id": f"re_{paid.payment_intent_id[3:]}",
        "object": "refund",
        "amount": 1000,
        "currency": "eur",
        "charge": None,
        "payment_intent": paid.payment_intent_id,
        "status": "succeeded",
        "metadata": {},
    }
    stripe_events.receive(
        brand, stripe_events.event("refund.updated", refund, id=f"evt_r{paid.payment_intent_id[3:]}")
    )


def _cancel(brand: Brand, paid: Paid, _body: bytes) -> None:
    intent = stripe_events.payment_intent(id=paid.payment_intent_id, amount=5900, status="canceled")
    stripe_events.receive(
        brand,
        stripe_events.event("payment_intent.canceled", intent, id=f"evt_c{secrets.token_hex(4)}{MARK}"),
    )
