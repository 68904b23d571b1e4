"""One brand's side of the running installation: what its page, its own system and a buyer ask for over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import requests

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation
from lumira.cli.demo.processes import Processes

_TIMEOUT = 15


@dataclass(frozen=True, slots=True)
class Shop:
    """A brand that sells, over HTTP like anybody else's."""

    installation: Installation
    brand: Brand
    http: requests.Session
    processes: Processes

    def open(self, route: str, sale: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for a payment or a Checkout Session, as the brand's page does."""
        return self._lumira("POST", route, self.brand.publishable_key, json=sale)

    def confirm(self, opened: Mapping[str, Any]) -> None:
        """Pay by card, as Stripe.js does it in the buyer's page."""
        url = f"{self.installation.sandbox_url}/v1/payment_intents/{opened['paymentIntentId']}/confirm"
        form = {"client_secret": opened["clientSecret"], "payment_method": "pm_card_visa"}
        key = self.brand.stripe_publishable_key
        reply = self.http.post(url, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT)
        if not reply.ok:
            raise DemoFailed(f"The sandbox refused the payment: {reply.status_code} {reply.text}")

    def come_back(self, address: str) -> None:
        """Go where the hosted page leads: to the brand's own name, which is this machine."""
        parts = urlsplit(address)
        reply = self.http.get(
            f"{self.installation.url}{parts.path}?{parts.query}",
            headers={"Host": parts.netloc},
            timeout=_TIMEOUT,
        )
        if not reply.ok:
            raise DemoFailed(f"Lumira answered GET {address} with {reply.status_code}: {reply.text}")

    def refund(self, payment_intent_id: str, *, key: str) -> None:
        """Send all of a payment back, as the brand's own system does."""
        route = f"/api/payments/{payment_intent_id}/refunds"
        self._lumira(
            "POST",
            route,
            self.brand.secret_key,
            json={"reason": "requested_by_customer"},
            headers={"Idempotency-Key": key},
        )

    def wait_for(self, number: str, status: str, *messages: str) -> dict[str, Any]:
        """The whole order as a secret key reads it, once it has this status and these messages have left."""
        return self.processes.wait_until(
            lambda: self._reached(number, status, messages),
            what=f"{number} to be {status} and its messages to be sent",
        )

    def _reached(self, number: str, status: str, messages: tuple[str, ...]) -> dict[str, Any] | None:
        order = self._lumira("GET", f"/api/orders/{number}", self.brand.secret_key)
        sent = {message["kind"] for message in order["messages"] if message["status"] == "sent"}
        is_reached = (
            order["status"] == status
            and sent.issuperset(messages)
            and len(self.letters_about(number)) >= len(messages)
        )
        return order if is_reached else None

    def letters_about(self, number: str) -> list[EmailMessage]:
        """What was written to the buyer and the team about an order, in no order of time."""
        letters = (
            message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in self.installation.outbox.glob("*.eml")
        )
        return [letter for letter in letters if number in str(letter["Subject"])]

    def _lumira(
        self, method: str, path: str, key: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> dict[str, Any]:
        reply = self.http.request(
            method,
            f"{self.installation.url}{path}",
            headers={"Authorization": f"Bearer {key}"} | dict(headers or {}),
            timeout=_TIMEOUT,
            **options,
        )
        if not reply.ok:
            raise DemoFailed(f"Lumira answered {method} {path} with {reply.status_code}: {reply.text}")
        answer: dict[str, Any] = reply.json()
        return answer
