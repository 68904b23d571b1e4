"""The three purchases: a level, a cart on the hosted page, and a piece that is sent back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lumira.cli.demo import buyers_page, hosted_page
from lumira.cli.demo.brands import Brand
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import BRAND, CART_BRAND
from lumira.cli.demo.shelf import Shelf
from lumira.cli.demo.shop import Shop
from lumira.models import ReservationState

_BUYER = "buyer@example.com"
#: Of these the most pieces lie on the shelf.
_CART = {"bougie-figuier": 1, "savon-lavande": 2}
_PIECE = "bonnet-laine"
#: What level 2 contains.
_CONTENT = ("intuitive", "guide")


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase from the first click to its end; the order is whole, as a secret key reads it."""

    title: str
    order: dict[str, Any]
    #: What the buyer's browser met on its way, in words.
    browser: str | None = None
    shelf: Shelf | None = None
    #: Names of the files that came with the letter.
    attached: Sequence[str | None] = ()
    #: What had to be done before.
    notes: Sequence[str] = ()


def buy_level(shop: Shop) -> Purchase:
    """A level, paid in the brand's own page: access is granted, and the link in the letter gives what it contains."""
    file = buyers_page.give_file(shop, *_CONTENT)
    opened = shop.open("/api/stripe/create-payment-intent", {"level": 2, "customerEmail": _BUYER})
    shop.confirm(opened)
    order = shop.wait_for(opened["orderNumber"], "completed", "order_confirmation")
    if not any(grant["active"] for grant in order["grants"]):
        raise DemoFailed(f"{order['orderNumber']} is completed and gives no access.")
    [letter] = shop.letters_about(order["orderNumber"])
    receipts = [part.get_filename() for part in letter.iter_attachments()]
    address, page = buyers_page.open_page(shop, letter, order["orderNumber"])
    name = buyers_page.download(shop, page, file)
    browser = f"the link in the letter opened, {name} downloaded: {address}"
    return Purchase("level 2", order, browser=browser, attached=receipts)


def buy_cart(shop: Shop) -> Purchase:
    """A cart, paid on Stripe's page: its pieces are reserved while the page is open, and sold then."""
    shelf = Shelf(shop.brand.slug, _CART)
    notes = shelf.restock()
    shelf.note("before")
    opened = shop.open("/api/payments/checkout-sessions", _cart_of(shop.brand, shop.installation.port))
    number = opened["orderNumber"]
    shelf.prove(number, ReservationState.RESERVED, "page open")
    location = hosted_page.pay(shop.http, opened["url"], method="pm_card_visa")
    if opened["sessionId"] not in location:
        raise DemoFailed(f"The hosted page leads to {location}, which does not name {opened['sessionId']}.")
    shop.come_back(location)
    order = shop.wait_for(number, "completed", "order_confirmation")
    shelf.prove(number, ReservationState.SOLD, "paid")
    browser = f"hosted page, form sent, back at {location.partition('?')[0]}"
    return Purchase("a cart on the hosted page", order, browser=browser, shelf=shelf, notes=notes)


def _cart_of(brand: Brand, port: int) -> dict[str, Any]:
    # The brand's pages are not part of the demo: the buyer comes back to what answers under its name.
    page = f"{brand.page_url(port)}/api/products"
    return {
        "items": [{"productId": product_id, "quantity": quantity} for product_id, quantity in _CART.items()],
        "customerEmail": _BUYER,
        "successUrl": f"{page}?session={{CHECKOUT_SESSION_ID}}",
        "cancelUrl": page,
    }


def buy_and_send_back(shop: Shop) -> Purchase:
    """One piece, paid and served, then refunded: it is back on the shelf."""
    shelf = Shelf(shop.brand.slug, {_PIECE: 1})
    notes = shelf.restock()
    shelf.note("before")
    opened = shop.open("/api/products/create-payment-intent", {"productId": _PIECE, "customerEmail": _BUYER})
    number = opened["orderNumber"]
    shelf.prove(number, ReservationState.RESERVED, "opened")
    shop.confirm(opened)
    shop.wait_for(number, "completed", "order_confirmation")
    shelf.prove(number, ReservationState.SOLD, "paid")
    shop.refund(opened["paymentIntentId"], key=f"demo-{number}")
    order = shop.wait_for(number, "refunded", "order_confirmation", "order_refunded")
    shelf.prove(number, ReservationState.RELEASED, "refunded")
    return Purchase(f"{_PIECE}, then refunded", order, shelf=shelf, notes=notes)


#: By the slug of the brand that sells it.
PURCHASES: dict[str, Callable[[Shop], Purchase]] = {
    BRAND: buy_level,
    CART_BRAND: buy_cart,
    "reboul": buy_and_send_back,
}
