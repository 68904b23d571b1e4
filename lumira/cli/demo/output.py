"""The lines that the demo prints."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.crm import dolibarr_url
from lumira.cli.demo.installation import BRAND, CART_BRAND, Installation
from lumira.cli.demo.purchases import Purchase
from lumira.cli.demo.stock import StockTracker
from lumira.money import format_amount


def describe_purchase(slug: str, purchase: Purchase) -> Iterator[str]:
    """Yield an order's timeline, each entry with its time and the seconds since the first, and its stock figures."""
    order = purchase.order
    yield from purchase.preparations
    amount = format_amount(order["amount"], order["currency"])
    yield f"{slug}, {purchase.title}: {order['orderNumber']}, {amount}, {order['status']}"
    entries = [(datetime.fromisoformat(entry["at"]).astimezone(), entry) for entry in order["timeline"]]
    for at, entry in entries:
        since = (at - entries[0][0]).total_seconds()
        why = f"  {entry['why']}" if entry["why"] else ""
        yield f"  {at:%H:%M:%S}.{at.microsecond // 1000:03d}  {since:+7.3f} s  {entry['what']}{why}"
    if purchase.browser is not None:
        yield f"  browser: {purchase.browser}"
    if purchase.receipts:
        yield f"  receipt: {', '.join(map(str, purchase.receipts))}"
    if purchase.stock is not None:
        yield from _describe_stock(purchase.stock)


def _describe_stock(stock: StockTracker) -> Iterator[str]:
    yield f"  stock: {' → '.join(stock.steps)}"
    width = max(map(len, stock.counts))
    for product_id, counts in stock.counts.items():
        figures = "   ".join(
            f"{name} {' → '.join(str(getattr(count, field)) for count in counts)}"
            for name, field in (("on hand", "on_hand"), ("reserved", "reserved"), ("sold", "sold"))
        )
        yield f"    {product_id:<{width}}  {figures}"


def describe_installation(installation: Installation, brands: Mapping[str, Brand]) -> Iterator[str]:
    """Yield addresses, keys, and commands for a purchase to paste into another terminal."""
    yield "Checkout pages: open one in a browser, and buy"
    for brand in brands.values():
        yield f"  {installation.url}/checkout/{brand.slug}"
    yield "Addresses"
    yield f"  index     {installation.url}"
    yield f"  API       {installation.url}/api"
    yield f"  API docs  {installation.url}/api/docs"
    yield f"  sandbox   {installation.sandbox_url}"
    yield f"  Dolibarr  {dolibarr_url(installation, BRAND)}"
    yield f"  messages  {installation.outbox}"
    yield f"  logs      {installation.logs}"
    yield "Keys of each brand: publishable (for web pages), secret (for the brand's own systems)"
    for brand in brands.values():
        yield f"  {brand.slug}"
        yield f"    {brand.publishable_key}"
        yield f"    {brand.secret_key}"
    yield ""
    yield f"To buy a product of {BRAND}, paste this into another terminal:"
    yield ""
    yield f". {shlex.quote(str(installation.directory / 'demo.env'))}"
    yield from _PRODUCT
    yield ""
    yield f"To buy a cart of {CART_BRAND}, paste this too, then open the returned `url` in a browser and pay:"
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
    ' "shipping": {"address": {"country": "FR"}},',
    ' "successUrl": "$BOUTIQUE/api/products", "cancelUrl": "$BOUTIQUE/api/products"}',
    "EOF",
)
