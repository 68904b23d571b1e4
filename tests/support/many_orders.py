"""Many unpaid orders at once: copies of one that was opened as a buyer does, each with a PaymentIntent of its own."""

import secrets
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import insert, update

from lumira.clock import utc_now
from lumira.database import Base, atomic, db
from lumira.models import Order, OrderLine, Payment, PaymentRequest, StockItem, StockReservation
from lumira.models.columns import uuid7
from lumira.services.checkout.create_payment_intent import PaymentOpened
from tests.support.factories import Brand, load_order, open_payment


def open_many(brand: Brand, number: int, product: str = "mystique") -> list[PaymentOpened]:
    """Open so many payments; only the first one goes through the services. Movements of stock are not copied."""
    first = open_payment(brand, product)
    order = load_order(brand, first.order_number)
    copies = [
        _copy_intent(brand, order, session) for session in [requests.Session()] for _ in range(number - 1)
    ]
    _insert(brand, order, copies)
    return [first, *copies]


def _copy_intent(brand: Brand, order: Order, session: requests.Session) -> PaymentOpened:
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
    intent = reply.json()
    return PaymentOpened(
        client_secret=intent["client_secret"],
        order_id=intent["id"],
        payment_intent_id=intent["id"],
        order_number=number,
        amount=order.amount,
        currency=order.currency,
        product_name=order.product_name,
    )


def _insert(brand: Brand, order: Order, copies: list[PaymentOpened]) -> None:
    ids = [uuid7() for _ in copies]
    rows: dict[type[Base], list[dict[str, Any]]] = {}
    for order_id, opened in zip(ids, copies, strict=True):
        rows.setdefault(Order, []).append(_row(order) | {"id": order_id, "order_number": opened.order_number})
        for line in order.lines:
            rows.setdefault(OrderLine, []).append(_of(line, order_id))
        for request in order.requests:
            rows.setdefault(PaymentRequest, []).append(
                _of(request, order_id) | {"stripe_key": f"copy-{order_id}"}
            )
        for payment in order.payments:
            rows.setdefault(Payment, []).append(
                _of(payment, order_id) | {"stripe_payment_intent_id": opened.payment_intent_id}
            )
        for reservation in order.reservations:
            rows.setdefault(StockReservation, []).append(_of(reservation, order_id))
    with atomic(brand.id):
        for model, values in rows.items():
            db.session.execute(insert(model), values)
        for reservation in order.reservations:
            units = reservation.quantity * len(copies)
            db.session.execute(
                update(StockItem)
                .where(StockItem.tenant_id == brand.id, StockItem.product_id == reservation.product_id)
                .values(on_hand=StockItem.on_hand + units, reserved=StockItem.reserved + units)
            )


def _of(row: Base, order_id: UUID) -> dict[str, Any]:
    return _row(row) | {"id": uuid7(), "order_id": order_id}


def _row(row: Base) -> dict[str, Any]:
    """Return the values of a row by attribute, as of now."""
    values = {attribute.key: getattr(row, attribute.key) for attribute in row.__mapper__.column_attrs}
    now = utc_now()
    return values | {name: now for name in ("created_at", "updated_at") if name in values}
