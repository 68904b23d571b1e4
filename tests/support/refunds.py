"""Payments and refunds in Stripe's sandbox, for tests of refunds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.commands import RefundCommand
from lumira.models import Alert, AuditEntry
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.services.idempotency.reply import Reply
from lumira.services.refunds.request_refund import request_refund
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.services.refunds.send_refund import RefundResult
from tests.support import stripe_sandbox
from tests.support.factories import Brand, open_payment
from tests.support.stripe_events import deliver

REFUNDS = "/v1/refunds"


def pay(brand: Brand, product: str = "mystique", method: str = "pm_card_visa", **sale: Any) -> PaymentOpened:
    """Create a payment, pay it in the sandbox, and process its events."""
    opened = open_payment(brand, product, **sale)
    stripe_sandbox.pay(brand, opened.payment_intent_id or "", opened.client_secret or "", method)
    deliver_events(brand)
    return opened


def deliver_events(brand: Brand) -> None:
    """Deliver and process every event of the sandbox; those delivered before change nothing."""
    deliver(brand, *stripe_sandbox.events(brand))


def keyed(key: str = "a-key", fingerprint: str = "f") -> Call:
    return Call(fingerprint=fingerprint, actor="test", source=KeySource.IDEMPOTENCY_KEY, key=key)


def refund(
    brand: Brand,
    opened: PaymentOpened,
    amount: int | None = None,
    reason: str | None = None,
    *,
    call: Call | None = None,
) -> Reply[RefundResult]:
    """Request a refund as the tenant's own system does."""
    return request_refund(
        brand.id,
        opened.payment_intent_id or "",
        call=call or Call(fingerprint="", actor="test"),
        command=RefundCommand(amount, reason),
    )


def list_stripe_refunds(brand: Brand) -> list[dict[str, Any]]:
    """Every refund in the brand's account, oldest first."""
    reply = _ask(brand, "GET", f"{REFUNDS}?limit=100")
    return list(reversed(reply["data"]))


def refund_in_dashboard(brand: Brand, opened: PaymentOpened | None = None, **refund: Any) -> dict[str, Any]:
    """Refund the payment in Stripe's dashboard."""
    named = {"payment_intent": opened.payment_intent_id} if opened else {}
    return _ask(brand, "POST", "/sandbox/refunds", json=named | refund)


def disputed(brand: Brand, opened: PaymentOpened, **dispute: Any) -> dict[str, Any]:
    """Open a dispute of the payment."""
    return dispute_payment(brand, opened.payment_intent_id or "", **dispute)


def dispute_payment(brand: Brand, payment_intent_id: str, **dispute: Any) -> dict[str, Any]:
    """Open a dispute of the payment with this PaymentIntent."""
    sent = {"payment_intent": payment_intent_id, **dispute}
    return _ask(brand, "POST", "/sandbox/disputes", json=sent)


def close_dispute(brand: Brand, dispute_id: str, outcome: str) -> dict[str, Any]:
    """Close a dispute with this outcome."""
    return _ask(brand, "POST", "/sandbox/disputes/close", json={"dispute": dispute_id, "outcome": outcome})


def _ask(brand: Brand, method: str, path: str, **options: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {brand.stripe_secret_key}"}
    reply = requests.request(method, f"{brand.sandbox_url}{path}", headers=headers, timeout=20, **options)
    assert reply.status_code == 200, reply.text
    content: dict[str, Any] = reply.json()
    return content


def run_sweep(brand: Brand, *, after: timedelta = timedelta(minutes=5)) -> int:
    """Run the sweep of due refunds this much later; returns how many were attempted."""
    with time_machine.travel(datetime.now(UTC) + after):
        return send_due_refunds(brand.id)


def alerts_of(brand: Brand, *, open_only: bool = True) -> list[tuple[str, str]]:
    query = select(Alert.kind, Alert.subject).order_by(Alert.kind)
    if open_only:
        query = query.where(Alert.resolved_at.is_(None))
    with atomic(brand.id):
        return [(row.kind, row.subject) for row in db.session.execute(query)]


def audited(brand: Brand, action: str) -> list[AuditEntry]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry).where(AuditEntry.action == action)).scalars())


def pay_again(brand: Brand, opened: PaymentOpened) -> str:
    """The order is paid a second time, by another PaymentIntent that names it; the id of that one."""
    sent = {
        "amount": opened.amount,
        "currency": opened.currency,
        "payment_method": "pm_card_visa",
        "confirm": "true",
        "return_url": "https://shop.example/done",
        "metadata[orderNumber]": opened.order_number,
        "metadata[tenant]": brand.slug,
    }
    intent = _ask(brand, "POST", "/v1/payment_intents", data=sent)
    deliver_events(brand)
    return str(intent["id"])
