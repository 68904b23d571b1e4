"""Plants markers through the doors of running processes: the API, webhooks, pages, the command line."""

import json
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from sqlalchemy import create_engine, text

from tests.support import stripe_sandbox
from tests.support.factories import Brand
from tests.support.http_browser import HOST
from tests.support.planted_markers import Markers
from tests.support.stripe_events import encode, event, payment_intent, signature


class Planting:
    """Plants markers through the doors of one installation."""

    def __init__(self, app: Flask, brand: Brand, markers: Markers, url: str, folder: Path) -> None:
        self.app, self.brand, self.markers, self.url, self.folder = app, brand, markers, url, folder
        self.command_logs: list[str] = []
        self.statuses: list[tuple[str, int]] = []
        self.paid: list[tuple[str, str]] = []
        self.buyer = ""

    def sell(self) -> None:
        """Open payments with names and metadata over the API, and pay one of them."""
        self.buyer = self.markers.email("a sale")
        for product in ("mystique", "shirt"):
            body = {
                "productId": product,
                "customerEmail": self.buyer,
                "customerName": self.markers.name("a sale"),
                "metadata": {"note": self.markers.name("the metadata of a sale")},
            }
            reply = self._api("POST", "/api/products/create-payment-intent", json=body)
            opened = reply.json()
            stripe_sandbox.pay(self.brand, opened["paymentIntentId"], opened["clientSecret"])
            self.paid.append((opened["orderNumber"], opened["paymentIntentId"]))

    def _api(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Host": HOST, **self.brand.secret, **options.pop("headers", {})}
        reply = requests.request(
            method, f"{self.url}{path}", headers=headers, timeout=60, allow_redirects=False, **options
        )
        self.statuses.append((f"{method} {path}", reply.status_code))
        return reply

    def through_webhooks(self) -> None:
        """Deliver the payments' events, and events with all that a buyer or a shop can have entered at Stripe."""
        for sent in stripe_sandbox.events(self.brand):
            self._deliver(sent)
        card, name = self.markers.card, self.markers.name
        number, intent_id = self.paid[0]
        charge = {
            "id": "ch_planted",
            "object": "charge",
            "payment_intent": intent_id,
            "amount": 4700,
            "amount_refunded": 0,
            "currency": "eur",
            "description": f"paid with {card('the description of a charge')}",
            "billing_details": {
                "name": f"{name('billing details')} {card('the name in billing details')}",
                "email": self.markers.email("billing details"),
                "address": {"line1": name("the address in billing details"), "line2": card("an address")},
                "phone": card("a telephone number"),
            },
            "metadata": {
                "orderNumber": number,
                "card": card("the metadata of a charge"),
                card("a metadata key"): "x",
            },
        }
        self._deliver(event("charge.updated", charge))
        self._deliver(event("charge.refunded", charge))
        grouped = f"{(n := card('a number in groups'))[:4]} {n[4:8]} {n[8:12]} {n[12:]}"
        error = {
            "type": "card_error",
            "code": "card_declined",
            "message": f"{grouped} was declined for {name('an error')}",
        }
        failed = payment_intent(
            id=intent_id,
            order_number=number,
            last_payment_error=error,
            description=int(card("a bare number")),
        )
        self._deliver(event("payment_intent.payment_failed", failed))
        self._deliver(
            event("customer.updated", {"id": "cus_1", "object": "customer", "name": name("an ignored event")})
        )
        # Refused ones: not signed, no event.
        body = encode(event("charge.updated", charge))
        self._post_event(body, f"t=1,v1={self.markers.secret('a signature')}")
        self._post_event(json.dumps({"name": name("nonsense"), "card": card("nonsense")}).encode(), None)

    def _deliver(self, stripe_event: dict[str, Any]) -> None:
        body = encode(stripe_event)
        assert self._post_event(body, signature(body, self.brand.webhook_secret)) == 200

    def _post_event(self, body: bytes, signed: str | None) -> int:
        sent = signed or signature(body, self.brand.webhook_secret)
        path = f"/api/webhooks/stripe/{self.brand.slug}"
        headers = {"Stripe-Signature": sent, "Content-Type": "application/json", "Host": HOST}
        return requests.post(f"{self.url}{path}", data=body, headers=headers, timeout=60).status_code

    def through_the_api(self) -> None:
        """Call every route with markers in its path, its query, every header and its body; with and without a key."""
        rules = [rule for rule in self.app.url_map.iter_rules() if not rule.rule.startswith("/dashboard")]
        for rule in rules:
            for method in sorted((rule.methods or set()) & {"GET", "POST", "DELETE"}):
                for kind in ("name", "card", "secret"):
                    self._call(rule.rule, method, kind)
        valid = {"productId": "mystique", "customerEmail": self.buyer}
        for name, value in valid.items() | {("customerName", ""), ("quantity", ""), ("unknown", "")}:
            door = f"the field {name}"
            for marker in (self.markers.card(door), self.markers.name(door)):
                self._api(
                    "POST", "/api/products/create-payment-intent", json={**valid, name: f"{value}{marker}"}
                )
        for metadata in ({"card": self.markers.card("metadata")}, {self.markers.card("a metadata key"): "x"}):
            self._api("POST", "/api/products/create-payment-intent", json={**valid, "metadata": metadata})
        self._while_stripe_repeats_what_it_got(valid)

    def _while_stripe_repeats_what_it_got(self, valid: dict[str, str]) -> None:
        for fault in ("429", "500_before", "drop_after", "lock_timeout"):
            stripe_sandbox.fail_next(self.brand, fault, times=2)
            named = {**valid, "customerName": self.markers.name(f"a sale during {fault}")}
            self._api("POST", "/api/products/create-payment-intent", json=named)
        stripe_sandbox.clear_faults(self.brand)
        # Stripe repeats an address that it refuses in its error.
        email = self.markers.email("an address that Stripe refuses")
        stripe_sandbox.call(self.brand, "POST", "/sandbox/settings", json={"refused_emails": [email]})
        refused = {**valid, "customerEmail": email}
        self._api("POST", "/api/products/create-payment-intent", json=refused)
        self._api(
            "POST",
            "/api/payments/checkout-sessions",
            json={
                "items": [{"productId": "mystique", "quantity": 1}],
                "customerEmail": email,
                "successUrl": f"https://{self.brand.domain}/",
                "cancelUrl": f"https://{self.brand.domain}/",
            },
        )
        self._api("POST", f"/api/payments/{self.markers.name('an unknown payment')}/refunds", json={})

    def _call(self, rule: str, method: str, kind: str) -> None:
        door = f"{method} {rule}"

        def plant(where: str) -> str:
            marker: str = getattr(self.markers, kind)(f"{where} of {door}")
            return marker

        path = "/".join(plant("the path") if "<" in part else part for part in rule.split("/"))
        path = path.replace("//", "/")
        headers = {
            "User-Agent": plant("User-Agent"),
            "Referer": f"https://shop.example/{plant('Referer')}",
            "Origin": f"https://{plant('Origin')}.example",
            "Accept-Language": plant("Accept-Language"),
            "Cookie": f"session={plant('Cookie')}",
            "X-Forwarded-For": plant("X-Forwarded-For"),
            "Idempotency-Key": plant("Idempotency-Key") if kind != "secret" else "a-key",
            "If-None-Match": plant("If-None-Match"),
            "X-Request-Id": plant("X-Request-Id") if kind == "card" else "a-request",
        }
        if kind == "secret":
            headers["Authorization"] = f"Bearer {self.markers.secret(f'Authorization of {door}', 'lum_sk_')}"
        else:
            headers |= self.brand.secret
        options: dict[str, Any] = {
            "params": {"q": plant("the query"), "email": plant("the query")},
            "headers": headers,
        }
        if method == "POST":
            fields = {
                name: plant(f"the field {name}")
                for name in ("customerEmail", "name", "reason", "email", "number")
            }
            options["json" if rule.startswith("/api/") else "data"] = fields
        self._api(method, path, **options)

    def through_the_command_line(self) -> None:
        """Pass markers as arguments, on standard input, and in a catalog file."""
        slug, number = self.brand.slug, self.paid[0][0]
        catalog = self.folder / "catalog.toml"
        lines = (
            "[tenant]",
            f'slug = "{slug}"',
            f'name = "{self.markers.card("the name in a catalog")}"',
            'currency = "eur"',
            f'secret = "{self.markers.secret("an unknown key of a catalog")}"',
        )
        catalog.write_text("\n".join(lines))
        key = self.markers.secret("a key on stdin", "rk_test_")
        note = f"card {self.markers.card('the note of a grant')}"
        for arguments, entered in (
            (["tenants", "stripe", slug, "--secret-key", "-"], key),
            (
                [
                    "tenants",
                    "stripe",
                    slug,
                    "--add-webhook-secret",
                    self.markers.secret("an option", "whsec_"),
                ],
                None,
            ),
            (["access", "give", self.buyer, "mystique", "--tenant", slug, "--note", note], None),
            (
                ["withdrawals", "record", number, "--reason", f"{self.markers.card('a reason')} was charged"],
                None,
            ),
            (["catalog", "apply", str(catalog), "--yes"], None),
            (["orders", "show", self.markers.card("an order number")], None),
        ):
            result = self.app.test_cli_runner().invoke(args=arguments, input=entered and f"{entered}\n")
            # An error repeats what was typed, on the terminal of who typed it; lines of the log do not.
            self.command_logs += [line for line in result.stderr.splitlines() if line.startswith("{")]
            self.statuses.append((" ".join(arguments[:2]), result.exit_code))

    def where_the_database_fails(self, url: str) -> None:
        """Let statements fail for reasons that PostgreSQL describes with the row."""
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        changes = [
            (
                "ALTER TABLE customers ADD CONSTRAINT broken CHECK (name NOT LIKE 'zanq%') NOT VALID",
                "ALTER TABLE customers DROP CONSTRAINT broken",
            ),
            (
                "ALTER TABLE orders RENAME COLUMN customer_name TO renamed",
                "ALTER TABLE orders RENAME COLUMN renamed TO customer_name",
            ),
        ]
        for change, undo in changes:
            with engine.connect() as connection:
                connection.execute(text(change))
            body = {
                "productId": "mystique",
                "customerEmail": self.markers.email(change),
                "customerName": self.markers.name(change),
            }
            self._api("POST", "/api/products/create-payment-intent", json=body)
            with engine.connect() as connection:
                connection.execute(text(undo))
        engine.dispose()
