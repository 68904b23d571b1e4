"""The three purchases: a level, a cart on the checkout page, and a product that is refunded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lumira.cli.demo import checkout_page, portal
from lumira.cli.demo.brand_client import BrandClient
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import BRAND, CART_BRAND
from lumira.cli.demo.stock import StockTracker
from lumira.models import ReservationState

_BUYER = "buyer@example.com"
#: The products with the most stock.
_CART = {"bougie-figuier": 1, "savon-lavande": 2}
_REFUNDED_PRODUCT = "bonnet-laine"
_SHIPPING = {
    "name": "Camille Durand",
    "address": {"line1": "8 rue de la Paix", "postalCode": "75002", "city": "Paris", "country": "FR"},
}
#: The product of level 2, and the key of its content.
_LEVEL_CONTENT = ("intuitive", "guide")


@dataclass(frozen=True, slots=True)
class Purchase:
    """A completed purchase; `order` is the whole order, as a secret key reads it."""

    title: str
    order: dict[str, Any]
    #: A line about the pages that the buyer used.
    browser: str | None = None
    stock: StockTracker | None = None
    #: File names of the receipts attached to the confirmation e-mail.
    receipts: Sequence[str | None] = ()
    #: Lines about preparations, such as added stock.
    preparations: Sequence[str] = ()


def buy_level(client: BrandClient) -> Purchase:
    """Buy a level on the brand's own page: access is granted, and the portal offers the level's content."""
    file = portal.upload_sample_content(client, *_LEVEL_CONTENT)
    payment = client.create_payment(
        "/api/stripe/create-payment-intent", {"level": 2, "customerEmail": _BUYER}
    )
    client.confirm(payment)
    order = client.wait_for(payment["orderNumber"], "completed", "order_confirmation")
    if not any(grant["active"] for grant in order["grants"]):
        raise DemoFailed(f"{order['orderNumber']} is completed but grants no access.")
    [email] = client.emails_about(order["orderNumber"])
    receipts = [part.get_filename() for part in email.iter_attachments()]
    address, page = portal.open_portal(client, email, order["orderNumber"])
    name = portal.download(client, page, file)
    browser = f"portal opened from the e-mail, {name} downloaded: {address}"
    return Purchase("level 2", order, browser=browser, receipts=receipts)


def buy_cart(client: BrandClient) -> Purchase:
    """Buy a cart on Lumira's checkout page and Stripe's page: stock is reserved meanwhile, and sold once paid."""
    stock = StockTracker(client.brand.slug, _CART)
    preparations = stock.restock()
    stock.record("before")
    shop = f"{client.installation.url}/checkout/{client.brand.slug}"
    items = ",".join(f"{product_id}:{quantity}" for product_id, quantity in _CART.items())
    stripes_page = checkout_page.order(client.http, f"{shop}?items={items}", email=_BUYER)
    session_id = stripes_page.rpartition("/")[2]
    number = checkout_page.order_number(client.http, f"{shop}/orders/{session_id}")
    stock.verify(number, ReservationState.RESERVED, "page open")
    location = checkout_page.pay(client.http, stripes_page, method="pm_card_visa")
    if location != f"{shop}/orders/{session_id}":
        raise DemoFailed(f"Stripe's page leads to {location}, and not to the order's page.")
    order = client.wait_for(number, "completed", "order_confirmation")
    checkout_page.order_number(client.http, location)
    stock.verify(number, ReservationState.SOLD, "paid")
    browser = f"form sent, Stripe's page paid, returned to {location}"
    return Purchase(
        "cart on the checkout page", order, browser=browser, stock=stock, preparations=preparations
    )


def buy_and_refund(client: BrandClient) -> Purchase:
    """Buy one unit and refund it: the unit is in stock again."""
    stock = StockTracker(client.brand.slug, {_REFUNDED_PRODUCT: 1})
    preparations = stock.restock()
    stock.record("before")
    payment = client.create_payment(
        "/api/products/create-payment-intent",
        {"productId": _REFUNDED_PRODUCT, "customerEmail": _BUYER, "shipping": _SHIPPING},
    )
    number = payment["orderNumber"]
    stock.verify(number, ReservationState.RESERVED, "opened")
    client.confirm(payment)
    client.wait_for(number, "completed", "order_confirmation")
    stock.verify(number, ReservationState.SOLD, "paid")
    client.refund(payment["paymentIntentId"], key=f"demo-{number}")
    order = client.wait_for(number, "refunded", "order_confirmation", "order_refunded")
    stock.verify(number, ReservationState.RELEASED, "refunded")
    return Purchase(f"{_REFUNDED_PRODUCT}, then refunded", order, stock=stock, preparations=preparations)


#: By the slug of the brand that sells.
PURCHASES: dict[str, Callable[[BrandClient], Purchase]] = {
    BRAND: buy_level,
    CART_BRAND: buy_cart,
    "reboul": buy_and_refund,
}
