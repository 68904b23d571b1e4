"""Settling: writes everything that follows from the facts on an order; settling twice changes nothing."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from lumira import metrics
from lumira.clock import utc_now
from lumira.database import at_the_end
from lumira.domain import order_status, refund_requests, refunds
from lumira.domain.goods.fulfilment import Goods
from lumira.domain.order_money import money_of
from lumira.domain.outcome import Outcome, derive
from lumira.models import AccessGrant, AlertKind, MessageKind, Order, PromotionUse, ReservationState
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.catalog import promotions
from lumira.repositories.inventory import stock
from lumira.repositories.messages import outbox
from lumira.repositories.orders import order_polls
from lumira.repositories.tenants import tenants
from lumira.settlement import public_bounds
from lumira.settlement.enqueue_crm import enqueue_crm
from lumira.settlement.issue_receipts import issue_at_the_end
from lumira.settlement.link_customer import link_customer
from lumira.settlement.raise_alerts import raise_alerts
from lumira.settlement.write_grants import list_restored, write_grants

log = structlog.get_logger()


def settle_order(order: Order, *, actor: str) -> None:
    """Write everything that follows from the facts on a locked order.

    Links the customer; writes status, amounts, grants, stock, automatic refunds, receipts, messages, what the CRM
    gets, and alerts; schedules the job that sends the messages, and the next poll. The only writer of these. Safe to
    repeat. The caller locks the order, records its facts, and calls this in the same transaction.
    """
    now = utc_now()
    link_customer(order)
    _adopt_warning_policy(order)
    was_fulfilled = order_status.is_fulfilled(order)
    outcome = _move_stock(order, derive(order), actor=actor, now=now)
    _move_promotion(order, outcome, actor=actor)
    _write_status(order, outcome, actor=actor, now=now)
    _write_amounts(order, now)
    order.charge_due_at = order_status.charge_due_at(order)
    _write_fulfilment(order, outcome.goods)
    restored = list_restored(order, outcome.grants)
    write_grants(order, outcome.grants, actor=actor, now=now)
    _decide_refunds(order, outcome, actor=actor, now=now)
    _refund_withdrawals(order, outcome, actor=actor, now=now)
    _refund_returns(order, outcome, actor=actor, now=now)
    _enqueue_messages(order, outcome, restored, now=now)
    if outcome.is_paid and not order.is_free:
        issue_at_the_end(order, is_new=not was_fulfilled)
    if outcome.is_paid:
        enqueue_crm(order)
    raise_alerts(order, outcome)
    _schedule_poll(order, now)


def _adopt_warning_policy(order: Order) -> None:
    """Give a new fraud warning the tenant's policy of now: a later change of the policy does not refund by itself."""
    for warning in order.fraud_warnings:
        if warning.policy is None:
            warning.policy = tenants.get(order.tenant_id).on_fraud_warning


def _move_stock(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> Outcome:
    """Move the order's stock; returns another outcome if no unit is left for an order that was paid too late."""
    if not outcome.stock or (_reserves_again(order, outcome) and not public_bounds.may_reserve_again(order)):
        return outcome
    is_moved = stock.move(order, outcome.stock, restocked=outcome.restocked, actor=actor)
    if is_moved or not outcome.is_paid:
        return outcome
    if order_status.is_fulfilled(order):
        # Its refund restocked the units and then failed, and they are sold to another buyer: an operator decides.
        alerts.raise_alert(order.tenant_id, kind=AlertKind.STOCK_MISSING, subject=order.order_number)
        return outcome
    order.sold_out_at = now
    alerts.raise_alert(order.tenant_id, kind=AlertKind.SOLD_OUT_AFTER_PAYMENT, subject=order.order_number)
    return derive(order)


def _move_promotion(order: Order, outcome: Outcome, *, actor: str) -> None:
    """Move the use of the order's code, after the stock. Nothing is reserved here: only a checkout does that."""
    if outcome.promotion is None or outcome.promotion is PromotionUse.RESERVED:
        return
    if not promotions.move(order, outcome.promotion):
        # Others have taken the last use since it was released: the buyer keeps the price that they have paid.
        order.promotion_use = PromotionUse.BEYOND_LIMIT
        audit.record(
            order.tenant_id, actor=actor, action="promotion_beyond_limit", subject=f"order:{order.id}"
        )


def _reserves_again(order: Order, outcome: Outcome) -> bool:
    """Whether units that were released unpaid are to be reserved for another attempt to pay."""
    return any(
        reservation.state is ReservationState.RELEASED
        and outcome.stock.get(reservation.product_id) is ReservationState.RESERVED
        for reservation in order.reservations
    )


def _write_status(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    if outcome.is_paid and not order_status.is_fulfilled(order):
        order.completed_at = now
    if (order.status, order.review_reason) == (outcome.status, outcome.review):
        return
    if order.review_reason is not None and outcome.review is None:
        alerts.resolve(order.tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=order.order_number)
    if order_status.is_overdue(order, now) and outcome.status not in order_status.OPEN:
        alerts.resolve(order.tenant_id, kind=AlertKind.ORDER_OVERDUE, subject=order.order_number)
    if order.status is not outcome.status:
        audit.record(
            order.tenant_id,
            actor=actor,
            action=f"order_{outcome.status}",
            subject=f"order:{order.id}",
            before=str(order.status),
        )
        # Not at once: a transaction that is retried would count the order each time.
        at_the_end(_count_settled, str(outcome.status))
    order.status = outcome.status
    order.review_reason = outcome.review
    order.updated_at = now
    log.info(
        "order_settled", order_id=str(order.id), order_number=order.order_number, status=str(order.status)
    )


def _count_settled(statuses: list[str]) -> None:
    for status in statuses:
        metrics.ORDERS_SETTLED.count(status)


def _write_amounts(order: Order, now: datetime) -> None:
    money = money_of(order)
    if (order.refunded_amount, order.net_paid) != (money.refunded, money.net_paid):
        order.refunded_amount, order.net_paid = money.refunded, money.net_paid
        order.updated_at = now


def _decide_refunds(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    for payment, origin in outcome.refunds:
        if refund_requests.freeze_automatic_request(order, payment, origin=origin, now=now):
            audit.record(
                order.tenant_id,
                actor=actor,
                action="refund_decided",
                subject=f"order:{order.id}",
                reason=str(origin),
                payment_intent_id=payment.stripe_payment_intent_id,
            )


def _refund_withdrawals(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    for due in outcome.withdrawal_refunds:
        request = refund_requests.freeze_withdrawal_request(order, due, now)
        audit.record(
            order.tenant_id,
            actor=actor,
            action="refund_decided",
            subject=f"order:{order.id}",
            reason=str(request.origin),
            payment_intent_id=request.stripe_payment_intent_id,
            amount=request.amount,
        )


def _refund_returns(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    for due in outcome.return_refunds:
        request = refund_requests.freeze_return_request(order, due, now)
        audit.record(
            order.tenant_id,
            actor=actor,
            action="refund_decided",
            subject=f"order:{order.id}",
            reason="return",
            payment_intent_id=request.stripe_payment_intent_id,
            amount=request.amount,
        )


def _write_fulfilment(order: Order, goods: Goods) -> None:
    order.fulfilment = goods.fulfilment
    for each in goods.lines:
        each.line.shipped_quantity, each.line.returned_quantity = each.shipped, each.returned


def _enqueue_messages(
    order: Order, outcome: Outcome, restored: Sequence[AccessGrant], *, now: datetime
) -> None:
    enqueued = {kind for kind, subject in sorted(outcome.messages) if outbox.enqueue(order, kind, subject)}
    if MessageKind.ACCESS_READY in enqueued:
        # A won dispute restores access too, and one message about it is enough.
        return
    for grant in restored:
        outbox.enqueue(order, MessageKind.ACCESS_READY, f"{grant.id}:{now.isoformat()}")


def _schedule_poll(order: Order, now: datetime) -> None:
    """Schedule the first poll of an open order, or bring the next one forward; only the poller postpones one."""
    if refunds.has_unknown_refunds(order) or order_status.lacks_recipient(order, order.status):
        order_polls.schedule_at_once(order, now)
    if order.next_poll_at is None and order_status.is_open(order):
        order_polls.schedule(order, now)
    else:
        order_polls.schedule_sooner(order, now)
