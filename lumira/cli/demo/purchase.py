"""What a buyer does, and what a shop's own system then reads of it."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

import requests

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation
from lumira.cli.demo.processes import Processes

_TIMEOUT = 15
_BUYER = "buyer@example.com"


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to buy: where to ask for it, and how."""

    title: str
    route: str
    body: dict[str, Any]


WISHES = (
    Wish("level 2", "/api/stripe/create-payment-intent", {"level": 2, "customerEmail": _BUYER}),
    Wish(
        "product mystique",
        "/api/products/create-payment-intent",
        {"productId": "mystique", "customerEmail": _BUYER},
    ),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """One brand's side of the running installation, over HTTP like anybody else's."""

    installation: Installation
    brand: Brand
    http: requests.Session
    processes: Processes

    def buy(self, wish: Wish) -> dict[str, Any]:
        """Open, pay, wait until all is done; the whole order as a secret key reads it."""
        opened = self._lumira("POST", wish.route, self.brand.publishable_key, json=wish.body)
        self._confirm(opened)
        payment = f"/api/payments/{opened['paymentIntentId']}"
        self.processes.wait_until(
            lambda: self._lumira("GET", payment, self.brand.publishable_key)["status"] == "completed",
            what=f"{opened['orderNumber']} to be completed",
        )
        return self.processes.wait_until(
            lambda: self._served(opened["orderNumber"]), what=f"{opened['orderNumber']} to be served"
        )

    def _confirm(self, opened: dict[str, Any]) -> None:
        """Pay by card, as Stripe.js does it in the buyer's page."""
        url = f"{self.installation.sandbox_url}/v1/payment_intents/{opened['paymentIntentId']}/confirm"
        form = {"client_secret": opened["clientSecret"], "payment_method": "pm_card_visa"}
        key = self.brand.stripe_publishable_key
        reply = self.http.post(url, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT)
        if not reply.ok:
            raise DemoFailed(f"The sandbox refused the payment: {reply.status_code} {reply.text}")

    def _served(self, number: str) -> dict[str, Any] | None:
        """The order, once access is granted and the message has left; else `None`."""
        order = self._lumira("GET", f"/api/orders/{number}", self.brand.secret_key)
        is_served = (
            order["status"] == "completed"
            and any(grant["active"] for grant in order["grants"])
            and any(message["status"] == "sent" for message in order["messages"])
            and self._is_in_outbox(number)
        )
        return order if is_served else None

    def _is_in_outbox(self, number: str) -> bool:
        letters = (
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in self.installation.outbox.glob("*.eml")
        )
        return any(number in str(letter["Subject"]) for letter in letters)

    def _lumira(self, method: str, path: str, key: str, **options: Any) -> dict[str, Any]:
        reply = self.http.request(
            method,
            f"{self.installation.url}{path}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            **options,
        )
        if not reply.ok:
            raise DemoFailed(f"Lumira answered {method} {path} with {reply.status_code}: {reply.text}")
        answer: dict[str, Any] = reply.json()
        return answer
