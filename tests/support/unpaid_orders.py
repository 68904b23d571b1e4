"""Unpaid orders as they are after Stripe's response, without a call to Stripe."""

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import payments
from lumira.domain.cart_price import price_of
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe.requests import Seller, freeze_intent_request
from lumira.models import Order, Product, Tenant
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.open_order import open_order
from tests.support.factories import Brand


def open_unpaid(brand: Brand, number: int, product: str = "mystique") -> list[Order]:
    """Open so many orders in one transaction, each of another buyer and with a PaymentIntent of its own."""
    with atomic(brand.id):
        seller, sold = tenants.get(brand.id), products.get_product(brand.id, product)
        return [
            insert_unpaid(
                seller, sold, email=f"buyer-{index}@example.com", intent_id=f"pi_{brand.slug}_{index}"
            )
            for index in range(number)
        ]


def insert_unpaid(tenant: Tenant, product: Product, *, email: str, intent_id: str) -> Order:
    """Open an order and attach its PaymentIntent, inside the caller's transaction."""
    order = open_order(
        tenant,
        CheckoutCommand((CheckoutItem(product.id),), email, source="products"),
        items=[(product, 1)],
        price=price_of([(product, 1)]),
        customer=customers.find_or_create(tenant.id, email=email, name=None),
        livemode=False,
        call=Call(fingerprint="", actor="test"),
    )
    locked = orders.lock_order(tenant.id, order.id)
    freeze_intent_request(locked, seller=Seller(tenant.slug, tenant.name, None), stripe_customer_id=None)
    # In production a commit separates the request to Stripe from its response.
    db.session.flush()
    payments.attach_intent(
        locked,
        IntentFacts(intent_id, "requires_payment_method", order.amount, order.currency),
        now=utc_now(),
    )
    order_polls.schedule(locked, utc_now())
    return locked
