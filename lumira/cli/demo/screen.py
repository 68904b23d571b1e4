"""What the demo prints."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.installation import BRAND, Installation
from lumira.money import format_amount


def story(title: str, order: dict[str, Any]) -> Iterator[str]:
    """An order's timeline, each step with its time and the seconds since the first one."""
    amount = format_amount(order["amount"], order["currency"])
    yield f"{title}: {order['orderNumber']}, {amount}, {order['status']}"
    entries = [(datetime.fromisoformat(entry["at"]).astimezone(), entry) for entry in order["timeline"]]
    for at, entry in entries:
        since = (at - entries[0][0]).total_seconds()
        why = f"  {entry['why']}" if entry["why"] else ""
        yield f"  {at:%H:%M:%S}.{at.microsecond // 1000:03d}  {since:+7.3f} s  {entry['what']}{why}"


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
    yield f"Buy by hand, as {BRAND}, in another terminal:"
    yield ""
    yield from _purchase(installation.directory / "demo.env")


def _purchase(environment: Path) -> Iterator[str]:
    yield f". {shlex.quote(str(environment))}"
    yield 'secret=$(curl -s "$LUMIRA/api/products/create-payment-intent" \\'
    yield '  -H "Authorization: Bearer $PUBLISHABLE_KEY" -H "Content-Type: application/json" \\'
    yield '  -d \'{"productId": "mystique", "customerEmail": "buyer@example.com"}\' \\'
    yield '  | sed -n \'s/.*"clientSecret": *"\\([^"]*\\)".*/\\1/p\')'
    yield "payment=${secret%%_secret_*}"
    yield 'curl -s "$SANDBOX/v1/payment_intents/$payment/confirm" -u "$STRIPE_PUBLISHABLE_KEY:" \\'
    yield '  -d client_secret="$secret" -d payment_method=pm_card_visa'
    yield "sleep 1"
    yield 'curl -s "$LUMIRA/api/orders/$payment" -H "Authorization: Bearer $SECRET_KEY"'
