"""HTTP calls to the running installation, as a brand's page, its own systems and a buyer make them."""

from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import requests

from lumira.cli.demo.brands import Brand
from lumira.cli.demo.failure import DemoFailed
from lumira.cli.demo.installation import Installation
from lumira.cli.demo.processes import Processes

_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class BrandClient:
    """One brand's HTTP client for the running installation."""

    installation: Installation
    brand: Brand
    http: requests.Session
    processes: Processes

    def create_payment(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a PaymentIntent or a Checkout Session, as the brand's page does; return the response."""
        return self._call_lumira("POST", route, self.brand.publishable_key, json=body)

    def confirm(self, payment: Mapping[str, Any]) -> None:
        """Pay by card, as Stripe.js does on the brand's page."""
        url = f"{self.installation.sandbox_url}/v1/payment_intents/{payment['paymentIntentId']}/confirm"
        form = {"client_secret": payment["clientSecret"], "payment_method": "pm_card_visa"}
        key = self.brand.stripe_publishable_key
        reply = self.http.post(url, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT)
        if not reply.ok:
            raise DemoFailed(f"The sandbox rejected the payment: {reply.status_code} {reply.text}")

    def refund(self, payment_intent_id: str, *, key: str) -> None:
        """Refund a payment in full, as the brand's own system does."""
        route = f"/api/payments/{payment_intent_id}/refunds"
        self._call_lumira(
            "POST",
            route,
            self.brand.secret_key,
            json={"reason": "requested_by_customer"},
            headers={"Idempotency-Key": key},
        )

    def wait_for(self, number: str, status: str, *messages: str) -> dict[str, Any]:
        """Return the whole order, as a secret key reads it, once it has this status and these messages are sent."""
        return self.processes.wait_until(
            lambda: self._reached(number, status, messages),
            what=f"{number} to be {status} and its messages to be sent",
        )

    def _reached(self, number: str, status: str, messages: tuple[str, ...]) -> dict[str, Any] | None:
        order = self._call_lumira("GET", f"/api/orders/{number}", self.brand.secret_key)
        sent = {message["kind"] for message in order["messages"] if message["status"] == "sent"}
        is_reached = (
            order["status"] == status
            and sent.issuperset(messages)
            and len(self.emails_about(number)) >= len(messages)
        )
        return order if is_reached else None

    def emails_about(self, number: str) -> list[EmailMessage]:
        """Return the e-mails to the buyer and the team about an order, in no particular order."""
        return list_emails(self.installation, number)

    def _call_lumira(
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
            raise DemoFailed(f"Lumira responded to {method} {path} with {reply.status_code}: {reply.text}")
        response: dict[str, Any] = reply.json()
        return response


def list_emails(installation: Installation, subject: str) -> list[EmailMessage]:
    """Return the e-mails that were sent and whose subject contains this text, in no particular order."""
    emails = (
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in installation.outbox.glob("*.eml")
    )
    return [email for email in emails if subject in str(email["Subject"])]
