"""What the demo prints."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.installation import BRAND, CART_BRAND, Installation
from lumira.cli.demo.purchases import Purchase
from lumira.cli.demo.shelf import Shelf
from lumira.money import format_amount


def story(slug: str, purchase: Purchase) -> Iterator[str]:
    """An order's timeline, each step with its time and the seconds since the first one, and what it did to stock."""
    order = purchase.order
    yield from purchase.notes
    amount = format_amount(order["amount"], order["currency"])
    yield f"{slug}, {purchase.title}: {order['orderNumber']}, {amount}, {order['status']}"
    entries = [(datetime.fromisoformat(entry["at"]).astimezone(), entry) for entry in order["timeline"]]
    for at, entry in entries:
        since = (at - entries[0][0]).total_seconds()
        why = f"  {entry['why']}" if entry["why"] else ""
        yield f"  {at:%H:%M:%S}.{at.microsecond // 1000:03d}  {since:+7.3f} s  {entry['what']}{why}"
    if purchase.browser is not None:
        yield f"  browser: {purchase.browser}"
    if purchase.attached:
        yield f"  receipt: {', '.join(map(str, purchase.attached))}"
    if purchase.shelf is not None:
        yield from _pieces(purchase.shelf)


def _pieces(shelf: Shelf) -> Iterator[str]:
    yield f"  stock: {' → '.join(shelf.moments)}"
    width = max(map(len, shelf.noted))
    for product_id, counts in shelf.noted.items():
        figures = "   ".join(
            f"{name} {' → '.join(str(getattr(count, field)) for count in counts)}"
            for name, field in (("on hand", "on_hand"), ("reserved", "reserved"), ("sold", "sold"))
        )
        yield f"    {product_id:<{width}}  {figures}"


def how_to_go_on(installation: Installation, brands: Mapping[str, Brand]) -> Iterator[str]:
    """Addresses, keys, and a purchase to paste into another terminal."""
    yield "Addresses"
    yield f"  API       {installation.url}/api"
    yield f"  its docs  {installation.url}/api/docs"
    yield f"  sandbox   {installation.sandbox_url}"
    yield f"  messages  {installation.outbox}"
    yield f"  logs      {installation.logs}"
    yield "Keys: publishable (may sit in a web page), secret (for the shop's own system)"
    for brand in brands.values():
        yield f"  {brand.slug}"
        yield f"    {brand.publishable_key}"
        yield f"    {brand.secret_key}"
    yield ""
    yield f"Buy by hand in another terminal, a product as {BRAND}:"
    yield ""
    yield f". {shlex.quote(str(installation.directory / 'demo.env'))}"
    yield from _PRODUCT
    yield ""
    yield f"A cart as {CART_BRAND}: open the `url` in a browser, and pay there."
    yield ""
    yield from _CART


_PRODUCT = (
    'secret=$(curl -s "$LUMIRA/api/products/create-payment-intent" \\',
    '  -H "Authorization: Bearer $PUBLISHABLE_KEY" -H "Content-Type: application/json" \\',
    '  -d \'{"productId": "mystique", "customerEmail": "buyer@example.com"}\' \\',
    """  | sed -n 's/.*"clientSecret": *"\\([^"]*\\)".*/\\1/p')""",
    "payment=${secret%%_secret_*}",
    'curl -s "$SANDBOX/v1/payment_intents/$payment/confirm" -u "$STRIPE_PUBLISHABLE_KEY:" \\',
    '  -d client_secret="$secret" -d payment_method=pm_card_visa',
    "sleep 1",
    'curl -s "$LUMIRA/api/orders/$payment" -H "Authorization: Bearer $SECRET_KEY"',
)
_CART = (
    'curl -s "$LUMIRA/api/payments/checkout-sessions" \\',
    '  -H "Authorization: Bearer $BOUTIQUE_PUBLISHABLE_KEY" -H "Content-Type: application/json" -d @- <<EOF',
    '{"items": [{"productId": "tasse-gres", "quantity": 2}], "customerEmail": "buyer@example.com",',
    ' "successUrl": "$BOUTIQUE/api/products", "cancelUrl": "$BOUTIQUE/api/products"}',
    "EOF",
)
