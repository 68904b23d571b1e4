"""Many unpaid orders at once: copies of one that was opened as a buyer does, each with a PaymentIntent of its own."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from sqlalchemy import insert, update

from lumira.clock import utc_now
from lumira.database import Base, atomic, db
from lumira.domain.poll_schedule import next_poll
from lumira.models import Order, Payment, PaymentRequest, PaymentState, StockItem, StockReservation
from lumira.models.columns import uuid7
from lumira.services.checkout.create_payment_intent import PaymentOpened
from tests.support.factories import Brand, load_order, open_payment


@dataclass(frozen=True, slots=True)
class Copy:
    """What differs between the copies of an order."""

    payment_intent_id: str
    order_number: str
    opened_at: datetime


def open_many(brand: Brand, number: int, product: str = "mystique") -> list[PaymentOpened]:
    """Open so many payments; only the first one goes through the services. Movements of stock are not copied."""
    first = open_payment(brand, product)
    order = load_order(brand, first.order_number)
    with requests.Session() as session:
        intents = [_create_intent(brand, order, session) for _ in range(number - 1)]
    opened = [_opened(order, intent) for intent in intents]
    copies = [
        Copy(intent["id"], intent["metadata"]["orderNumber"], datetime.fromtimestamp(intent["created"], UTC))
        for intent in intents
    ]
    insert_copies(brand, order, copies)
    return [first, *opened]


def _create_intent(brand: Brand, order: Order, session: requests.Session) -> dict[str, Any]:
    number = f"{order.order_number.split('-')[0]}-{secrets.token_hex(5).upper()}"
    reply = session.post(
        f"{brand.sandbox_url}/v1/payment_intents",
        headers={"Authorization": f"Bearer {brand.stripe_secret_key}"},
        data={
            "amount": order.amount,
            "currency": order.currency,
            "automatic_payment_methods[enabled]": "true",
            "metadata[orderNumber]": number,
            "metadata[tenant]": brand.slug,
        },
        timeout=20,
    )
    reply.raise_for_status()
    intent: dict[str, Any] = reply.json()
    return intent


def _opened(order: Order, intent: dict[str, Any]) -> PaymentOpened:
    return PaymentOpened(
        client_secret=intent["client_secret"],
        order_id=intent["id"],
        payment_intent_id=intent["id"],
        order_number=intent["metadata"]["orderNumber"],
        amount=order.amount,
        currency=order.currency,
        product_name=order.product_name,
    )


def insert_copies(brand: Brand, order: Order, copies: Sequence[Copy]) -> None:
    """Insert copies of an unpaid order, as if each had been opened at its time, and schedule their polls."""
    now = utc_now()
    rows: dict[type[Base], list[dict[str, Any]]] = {}
    for copied in copies:
        order_id, since = uuid7(), copied.opened_at - order.created_at
        own = {
            "id": order_id,
            "order_number": copied.order_number,
            "next_poll_at": _next_poll(order, since, now),
        }
        rows.setdefault(Order, []).append(_row(order, since) | own)
        for row in (*order.lines, *order.requests, *order.payments, *order.reservations):
            values = _row(row, since) | {"id": uuid7(), "order_id": order_id}
            if isinstance(row, PaymentRequest):
                values["stripe_key"] = f"copy-{order_id}"
            elif isinstance(row, Payment):
                values["stripe_payment_intent_id"] = copied.payment_intent_id
            rows.setdefault(type(row), []).append(values)
    with atomic(brand.id):
        for model, inserted in rows.items():
            db.session.execute(insert(model), inserted)
        for reservation in order.reservations:
            units = reservation.quantity * len(copies)
            db.session.execute(
                update(StockItem)
                .where(StockItem.tenant_id == brand.id, StockItem.product_id == reservation.product_id)
                .values(on_hand=StockItem.on_hand + units, reserved=StockItem.reserved + units)
            )


def _next_poll(order: Order, since: timedelta, now: datetime) -> datetime | None:
    like = Order(status=order.status, amount=order.amount, created_at=order.created_at + since)
    like.payments = [Payment(stripe_payment_intent_id="pi_", state=PaymentState.OPEN, attempts=[])]
    like.requests = [
        PaymentRequest(attempt=1, state=request.state, created_at=request.created_at + since)
        for request in order.requests
    ]
    like.reservations = [
        StockReservation(state=reservation.state, expires_at=reservation.expires_at + since)
        for reservation in order.reservations
    ]
    return next_poll(like, now)


def _row(row: Base, since: timedelta) -> dict[str, Any]:
    """Return the values of a row by attribute, with all of its times so much later."""
    values = {attribute.key: getattr(row, attribute.key) for attribute in row.__mapper__.column_attrs}
    return {name: value + since if isinstance(value, datetime) else value for name, value in values.items()}
