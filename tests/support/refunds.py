"""What tests of refunds start from: a payment that Stripe's stand-in took, and what it says of its refunds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.commands import RefundCommand
from lumira.models import Alert, AuditEntry
from lumira.repositories.idempotency import Call, KeyKind
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
    """A payment that was opened, paid and told of."""
    opened = open_payment(brand, product, **sale)
    stripe_sandbox.pay(brand, opened.payment_intent_id or "", opened.client_secret or "", method)
    hear(brand)
    return opened


def hear(brand: Brand) -> None:
    """Let all that Stripe has to say arrive and be handled; what was heard before changes nothing."""
    deliver(brand, *stripe_sandbox.events(brand))


def keyed(key: str = "a-key", fingerprint: str = "f") -> Call:
    return Call(fingerprint=fingerprint, actor="test", kind=KeyKind.IDEMPOTENCY_KEY, key=key)


def refund(
    brand: Brand,
    opened: PaymentOpened,
    amount: int | None = None,
    reason: str | None = None,
    *,
    call: Call | None = None,
) -> Reply[RefundResult]:
    """Ask for a refund as the tenant's own system does."""
    return request_refund(
        brand.id,
        opened.payment_intent_id or "",
        call=call or Call(fingerprint="", actor="test"),
        command=RefundCommand(amount, reason),
    )


def at_stripe(brand: Brand) -> list[dict[str, Any]]:
    """Every refund in the brand's account, oldest first."""
    reply = _ask(brand, "GET", f"{REFUNDS}?limit=100")
    return list(reversed(reply["data"]))


def in_dashboard(brand: Brand, opened: PaymentOpened, **refund: Any) -> dict[str, Any]:
    """Somebody refunds the payment in Stripe's dashboard."""
    return _ask(
        brand, "POST", "/sandbox/refunds", json={"payment_intent": opened.payment_intent_id, **refund}
    )


def disputed(brand: Brand, opened: PaymentOpened, **dispute: Any) -> dict[str, Any]:
    """The buyer complains to the bank."""
    sent = {"payment_intent": opened.payment_intent_id, **dispute}
    return _ask(brand, "POST", "/sandbox/disputes", json=sent)


def close_dispute(brand: Brand, dispute_id: str, outcome: str) -> dict[str, Any]:
    """The bank decides."""
    return _ask(brand, "POST", "/sandbox/disputes/close", json={"dispute": dispute_id, "outcome": outcome})


def _ask(brand: Brand, method: str, path: str, **options: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {brand.stripe_secret_key}"}
    reply = requests.request(method, f"{brand.sandbox_url}{path}", headers=headers, timeout=20, **options)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def let_workers_send(brand: Brand, *, after: timedelta = timedelta(minutes=5)) -> int:
    """What a sweep does so much later; how many refunds were tried."""
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
    }
    intent = _ask(brand, "POST", "/v1/payment_intents", data=sent)
    hear(brand)
    return str(intent["id"])
