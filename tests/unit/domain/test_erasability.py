"""An order prevents the erasure of its buyer while a payment, refund, message or deliverable is outstanding."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lumira.domain.erasability import why_not_erasable
from lumira.models import MessageStatus, Order, OrderLine, OrderStatus, OutboxMessage, Refund, RefundStatus

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LEASE = timedelta(seconds=25)


def make_order(status: OrderStatus = OrderStatus.COMPLETED, **columns: object) -> Order:
    line = OrderLine(id=uuid4(), product_id="mystique", deliverables=[])
    return Order(status=status, created_at=NOW - timedelta(days=2), lines=[line], **columns)


def message(*, attempts: int, next_attempt_at: datetime) -> OutboxMessage:
    return OutboxMessage(status=MessageStatus.PENDING, attempts=attempts, next_attempt_at=next_attempt_at)


def reason(order: Order) -> str | None:
    return why_not_erasable(order, delivered=(), now=NOW, message_lease=LEASE)


@pytest.mark.parametrize("status", [OrderStatus.COMPLETED, OrderStatus.REFUNDED, OrderStatus.CANCELLED])
def test_a_settled_order_does_not_prevent_the_erasure(status: OrderStatus) -> None:
    assert reason(make_order(status)) is None


OUTSTANDING: list[tuple[str, Callable[[], Order], str]] = [
    (
        "review",
        lambda: make_order(OrderStatus.PROCESSING, review_reason="amount_mismatch"),
        "release or refund",
    ),
    ("payment in progress", lambda: make_order(OrderStatus.PROCESSING), "in progress"),
    ("opened meanwhile", lambda: make_order(OrderStatus.FAILED, next_poll_at=NOW), "may still be paid"),
    ("refund", lambda: make_order(refunds=[Refund(status=RefundStatus.PENDING)]), "has a refund in progress"),
    (
        "message being sent",
        lambda: make_order(messages=[message(attempts=1, next_attempt_at=NOW + LEASE)]),
        "has a message that is being sent",
    ),
]


@pytest.mark.parametrize(
    ("make", "expected"), [case[1:] for case in OUTSTANDING], ids=[c[0] for c in OUTSTANDING]
)
def test_an_outstanding_order_prevents_the_erasure(make: Callable[[], Order], expected: str) -> None:
    assert expected in (reason(make()) or "")


@pytest.mark.parametrize(
    ("attempts", "delay"), [(0, timedelta(seconds=5)), (1, timedelta(hours=1)), (1, timedelta(0))]
)
def test_a_message_that_is_not_being_sent_does_not_prevent_the_erasure(
    attempts: int, delay: timedelta
) -> None:
    waiting = message(attempts=attempts, next_attempt_at=NOW + delay)

    assert reason(make_order(messages=[waiting])) is None


def test_a_new_order_may_still_be_paid_before_it_has_a_polling_schedule() -> None:
    order = make_order(OrderStatus.PENDING)
    order.created_at = NOW - timedelta(minutes=59)

    assert "may still be paid" in (reason(order) or "")
