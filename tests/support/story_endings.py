"""The ending of a story: everything that must be equal, and everything that must agree with it."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lumira.database import atomic, db
from lumira.domain.goods import parcels
from lumira.domain.order_status import ENTITLED
from lumira.domain.outcome import Outcome
from lumira.domain.refunds import refunded_amount
from lumira.models import (
    Alert,
    EventStatus,
    Order,
    PromotionUse,
    RefundOrigin,
    RefundStatus,
    RequestState,
    ReservationState,
    StockMovement,
    WebhookEvent,
)
from lumira.repositories.inventory import stock_proof
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipt_proof, receipts
from lumira.settlement.check_receipts import list_disagreements
from tests.support.factories import Brand
from tests.support.promotions import check_codes
from tests.support.story_player import StoryPlayer

Decided = list[tuple[str, int, RefundOrigin]]


def corrected_address(name: str) -> str:
    """Return the address that an operator corrects a buyer's to."""
    return f"corrected-{name}@example.com"


def expected(order: Order, player: StoryPlayer, outcome: Outcome, *, decided: Decided) -> dict[str, Any]:
    """Return the ending of an order to which every event was applied once and in order."""
    alerts = set(player.open_alerts)
    if order.customer_email is None and outcome.status in ENTITLED:
        alerts.add(("paid_without_recipient", order.order_number))
    products = {line.id: line.product_id for line in order.lines}
    return _ending(
        order,
        player,
        status=outcome.status,
        review=outcome.review,
        completed=outcome.is_paid,
        grants=sorted(
            (products[line], state.active, str(state.reason)) for line, state in outcome.grants.items()
        ),
        messages=[(str(kind), subject) for kind, subject in outcome.messages],
        alerts=alerts,
        stock=outcome.stock,
        moved={
            line.product_id: moved_to(
                outcome.stock[line.product_id],
                line.quantity,
                restocked=player.restocked_units(line.product_id),
            )
            for line in order.lines
            if line.keeps_stock
        },
        decided=decided,
        code_counts=outcome.promotion is PromotionUse.REDEEMED,
        fulfilment=outcome.goods.fulfilment,
        units=sorted(
            (each.line.product_id, each.shipped, each.delivered, each.returned)
            for each in outcome.goods.lines
        ),
    )


def actual(brand: Brand, order: Order, player: StoryPlayer) -> dict[str, Any]:
    """Return the ending that is stored."""
    assert all(request.state is RequestState.ACCEPTED for request in order.refund_requests)
    check_failed_refunds(brand, player)
    unprocessed = unprocessed_events(brand, player)
    assert not unprocessed, unprocessed
    cancelled = {str(each.id) for each in order.shipments if not each.is_sent}
    return _ending(
        order,
        player,
        status=order.status,
        review=order.review_reason,
        completed=order.completed_at is not None,
        grants=sorted((g.product_id, g.active, str(g.reason)) for g in order.grants),
        messages=[
            (str(m.kind), m.subject)
            for m in order.messages
            # The message about a parcel that was cancelled afterwards is no longer derived.
            if m.subject not in cancelled
        ],
        alerts=open_alerts(brand, player) - player.optional_alerts,
        stock={reservation.product_id: reservation.state for reservation in order.reservations},
        moved=movements_of(brand, order.id),
        decided=[(r.stripe_payment_intent_id, r.amount, r.origin) for r in order.refund_requests],
        # An unpaid order may have released its use on the way.
        code_counts=order.promotion_use is PromotionUse.REDEEMED,
        fulfilment=order.fulfilment,
        units=sorted(
            (
                line.product_id,
                line.shipped_quantity,
                parcels.delivered_units(order, line),
                line.returned_quantity,
            )
            for line in parcels.goods_of(order)
        ),
    )


def _ending(
    order: Order,
    player: StoryPlayer,
    *,
    messages: list[tuple[str, str]],
    alerts: set[tuple[str, str]],
    decided: Decided,
    **derived: Any,
) -> dict[str, Any]:
    """Return all that must be equal, without the names that differ between orders."""

    def plain(text: str | None) -> str:
        named = (text or "").replace(player.name, "…").replace(player.order_number, "the order")
        for withdrawal in order.withdrawals:
            named = named.replace(str(withdrawal.id), "the withdrawal")
        return named

    return derived | {
        "buyer": plain(order.customer_email),
        "address": order.shipping_address,
        "sessions": sorted(
            (plain(s.stripe_session_id), str(s.state), s.is_paid, s.has_failed) for s in order.sessions
        ),
        "payments": sorted(
            (plain(p.stripe_payment_intent_id), str(p.state), p.amount_received) for p in order.payments
        ),
        "declines": sorted(plain(d.subject) for d in order.declines),
        "refunded": refunded_amount(order),
        "refunds": sorted((plain(r.stripe_refund_id), r.amount, str(r.status)) for r in order.refunds),
        "disputes": sorted((plain(d.stripe_dispute_id), d.amount, str(d.status)) for d in order.disputes),
        "messages": sorted((kind, plain(subject)) for kind, subject in messages),
        "alerts": sorted((kind, plain(subject)) for kind, subject in alerts),
        "decided": sorted((plain(intent_id), amount, str(origin)) for intent_id, amount, origin in decided),
    }


def open_alerts(brand: Brand, player: StoryPlayer) -> set[tuple[str, str]]:
    """Return the kind and subject of each open alert about the story's order or its objects."""
    query = select(Alert.kind, Alert.subject).where(Alert.tenant_id == brand.id, Alert.resolved_at.is_(None))
    about = (player.order_number, *player.objects, *(event["id"] for event in player.events))
    with atomic(brand.id):
        return {
            (str(row.kind), row.subject) for row in db.session.execute(query.where(Alert.subject.in_(about)))
        }


def check_failed_refunds(brand: Brand, player: StoryPlayer) -> None:
    """Check that an alert is open as long as a failed refund was not made again."""
    alerts = open_alerts(brand, player)
    refunds = player.list_objects("refund")
    for payment_intent_id in {refund["payment_intent"] for refund in player.failed_refunds}:
        of_payment = [refund for refund in refunds if refund["payment_intent"] == payment_intent_id]
        if not any(refund["status"] == "succeeded" for refund in of_payment):
            assert any(("refund_failed", refund["id"]) in alerts for refund in of_payment), of_payment


def unprocessed_events(brand: Brand, player: StoryPlayer) -> list[tuple[str, str, str | None]]:
    """Return type, status and reason of the story's events that were received and not processed."""
    query = select(WebhookEvent.type, WebhookEvent.status, WebhookEvent.reason).where(
        WebhookEvent.tenant_id == brand.id,
        WebhookEvent.stripe_event_id.startswith(f"evt_{player.name}_", autoescape=True),
        WebhookEvent.status != EventStatus.PROCESSED,
    )
    with atomic(brand.id):
        return [(row.type, str(row.status), row.reason) for row in db.session.execute(query)]


def moved_to(state: ReservationState, quantity: int, *, restocked: int = 0) -> tuple[int, int, int]:
    """Return the changes of the counts on hand, reserved and sold since before the order.

    `restocked` are the sold units that are in stock again.
    """
    match state:
        case ReservationState.RESERVED:
            return 0, quantity, 0
        case ReservationState.SOLD:
            return restocked - quantity, 0, quantity - restocked
        case ReservationState.RELEASED:
            return 0, 0, 0


def movements_of(brand: Brand, order_id: UUID) -> dict[str, tuple[int, int, int]]:
    """Return the sums of the order's stock movements, by product."""
    moved = (func.sum(StockMovement.on_hand), func.sum(StockMovement.reserved), func.sum(StockMovement.sold))
    query = (
        select(StockMovement.product_id, *moved)
        .where(StockMovement.tenant_id == brand.id, StockMovement.order_id == order_id)
        .group_by(StockMovement.product_id)
    )
    with atomic(brand.id):
        return {row[0]: (row[1], row[2], row[3]) for row in db.session.execute(query)}


def verify_sums(brand: Brand) -> None:
    """Check that every count is the sum of its movements, and that receipts match payments and refunds."""
    with atomic(brand.id):
        sentences = [*stock_proof.verify(brand.id)]
        # No gap in the numbers of receipts and credit notes, whichever process was killed.
        sentences += receipt_proof.verify(brand.id).errors
    sentences += list_disagreements(brand.id)
    assert not sentences, sentences
    check_codes(brand)
    with atomic(brand.id):
        issued = receipts.list_receipts(brand.id)
    for order_id in {receipt.order_id for receipt in issued}:
        of_order = [receipt for receipt in issued if receipt.order_id == order_id]
        with atomic(brand.id):
            order = orders.lock_order(brand.id, order_id)
        # A duplicate payment, which is refunded, has none.
        remaining = _remaining_amount(order, {receipt.subject for receipt in of_order})
        assert sum(receipt.signed_amount for receipt in of_order) == remaining, order.order_number


def _remaining_amount(order: Order, payment_intent_ids: set[str]) -> int:
    """Return what remains of these payments after succeeded refunds, in minor units."""
    received = sum(
        payment.amount_received
        for payment in order.payments
        if payment.stripe_payment_intent_id in payment_intent_ids
    )
    refunded = sum(
        refund.amount
        for refund in order.refunds
        if refund.status is RefundStatus.SUCCEEDED and refund.stripe_payment_intent_id in payment_intent_ids
    )
    return received - refunded
