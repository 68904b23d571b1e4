"""Stripe is polled about an order often while it is open, and seldom afterwards; no order waits without a next poll."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lumira.domain.order_status import may_be_orphaned
from lumira.domain.poll_schedule import is_abandoned, is_untouched, next_poll
from lumira.models import (
    CheckoutSession,
    Decline,
    Order,
    OrderStatus,
    Payment,
    PaymentRequest,
    PaymentState,
    Refund,
    RefundStatus,
    RequestState,
    ReviewReason,
    SessionState,
)
from lumira.repositories.orders import order_polls

OPENED = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make_order(
    status: OrderStatus = OrderStatus.PENDING, *, requests: tuple[PaymentRequest, ...] = (), **columns: Any
) -> Order:
    order = Order(status=status, amount=4700, created_at=OPENED, updated_at=OPENED)
    state = PaymentState.CANCELED if status is OrderStatus.CANCELLED else PaymentState.OPEN
    order.payments.append(Payment(stripe_payment_intent_id="pi_1", state=state))
    order.requests.extend(requests)
    for name, value in columns.items():
        setattr(order, name, value)
    return order


def request(at: datetime | None, state: RequestState = RequestState.ACCEPTED) -> PaymentRequest:
    return PaymentRequest(attempt=1, state=state, created_at=at)


def next_after(order: Order, age: timedelta) -> timedelta | None:
    poll_at = next_poll(order, OPENED + age)
    return None if poll_at is None else poll_at - OPENED


INTERVALS = [
    (timedelta(), MINUTE),
    (9 * MINUTE, MINUTE),
    (10 * MINUTE, 3 * MINUTE),
    (59 * MINUTE, 3 * MINUTE),
    (HOUR, 30 * MINUTE),
    (47 * HOUR, 30 * MINUTE),
    (2 * DAY, 6 * HOUR),
    (29 * DAY, 6 * HOUR),
    (30 * DAY, DAY),
    (400 * DAY, DAY),
]


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED])
@pytest.mark.parametrize(("age", "pause"), INTERVALS)
def test_an_open_order_with_an_attempt_is_polled_at_growing_intervals_without_end(status, age, pause) -> None:
    order = make_order(status)
    order.payments[0].attempts = ["pm_1"]
    assert next_after(order, age) == age + pause


def polls_of(*, opened_after: timedelta, until: timedelta) -> list[timedelta]:
    """The ages at which an order on which nothing happens is polled, up to this age."""
    order = make_order(requests=(request(OPENED + opened_after),))
    at, polls = opened_after, []
    while (at := next_after(order, at)) <= opened_after + until:
        polls.append(at - opened_after)
    return polls


def test_an_order_on_which_nothing_happened_is_polled_16_times_in_an_hour_and_40_in_a_day() -> None:
    for minute in range(0, 60, 7):
        polls = polls_of(opened_after=minute * MINUTE, until=DAY)
        assert polls[0] == MINUTE
        assert 15 <= sum(age <= HOUR for age in polls) <= 16
        assert 38 <= len(polls) <= 40
        assert max(after - before for before, after in pairwise(polls)) <= HOUR


@pytest.mark.parametrize("age", [90 * MINUTE, 3 * HOUR])
def test_orders_that_were_opened_together_are_polled_together(age) -> None:
    opened = [OPENED + minutes * MINUTE for minutes in (0, 3, 14)]
    together = {next_poll(make_order(requests=(request(at),)), OPENED + age) for at in opened}
    later = next_poll(make_order(requests=(request(OPENED + 15 * MINUTE),)), OPENED + age)
    assert len(together) == 1
    assert later not in together


@pytest.mark.parametrize(
    "change",
    [
        lambda order: setattr(order.payments[0], "attempts", ["pm_1"]),
        lambda order: order.declines.append(Decline(subject="ch_1")),
        lambda order: setattr(order, "status", OrderStatus.PROCESSING),
        lambda order: order.sessions.append(CheckoutSession(state=SessionState.COMPLETE, is_paid=False)),
        lambda order: order.requests.append(request(OPENED, RequestState.UNKNOWN)) or order.payments.clear(),
    ],
    ids=["attempt", "decline", "processing", "form completed", "response lost"],
)
def test_an_order_on_which_something_happened_is_polled_more_often(change) -> None:
    assert is_untouched(make_order())
    order = make_order()
    change(order)
    assert not is_untouched(order)
    assert next_after(order, 11 * MINUTE) == 14 * MINUTE


def test_an_order_whose_payment_failed_for_good_is_not_polled_without_end() -> None:
    order = make_order(OrderStatus.FAILED)
    order.sessions.append(
        CheckoutSession(
            state=SessionState.COMPLETE, is_paid=False, has_failed=True, stripe_payment_intent_id="pi_1"
        )
    )
    assert next_after(order, 29 * DAY) is not None
    assert next_after(order, 30 * DAY) is None


def test_an_order_whose_payment_was_never_requested_is_closed_after_a_day() -> None:
    order = make_order(payments=[])
    assert next_after(order, MINUTE) == DAY + MINUTE
    assert next_after(order, 2 * DAY) == 2 * DAY
    assert is_abandoned(order, OPENED + DAY + MINUTE)


def test_a_closed_order_is_polled_for_four_months_if_its_payment_may_still_succeed() -> None:
    order = make_order(OrderStatus.CANCELLED, closed_at=OPENED + HOUR)
    assert next_after(order, 2 * HOUR) is None
    order.payments[0].state = PaymentState.OPEN
    assert next_after(order, 2 * HOUR) == 6 * HOUR
    assert next_after(order, 121 * DAY) is None


def test_in_the_first_hour_no_two_polls_are_more_than_four_minutes_apart() -> None:
    for minute in range(20):
        polls = [timedelta(), *polls_of(opened_after=minute * MINUTE, until=HOUR)]
        assert max(after - before for before, after in pairwise(polls)) <= 4 * MINUTE


@pytest.mark.parametrize(
    "status",
    [OrderStatus.COMPLETED, OrderStatus.REFUNDED, OrderStatus.DISPUTED, OrderStatus.PARTIALLY_REFUNDED],
)
def test_a_paid_order_is_polled_at_fixed_ages_up_to_four_months(status) -> None:
    ages, age = [], timedelta(minutes=1)
    while (age := next_after(make_order(status), age)) is not None:
        ages.append(age)
    assert ages == [HOUR, 6 * HOUR, *(days * DAY for days in (1, 3, 7, 14, 30, 60, 90, 120))]


def test_an_order_under_review_is_paid_and_not_abandoned() -> None:
    order = make_order(OrderStatus.PROCESSING, review_reason=ReviewReason.AMOUNT_MISMATCH)
    assert next_after(order, 2 * HOUR) == 6 * HOUR
    assert not is_abandoned(order, OPENED + 30 * DAY)


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION])
@pytest.mark.parametrize(
    ("refund_age", "pause"), [(timedelta(), HOUR), (3 * DAY, 12 * HOUR), (31 * DAY, None)]
)
def test_a_pending_refund_brings_the_next_poll_forward_but_not_without_end(status, refund_age, pause) -> None:
    age = 65 * DAY
    order = make_order(OrderStatus.REFUNDED)
    order.refunds.append(Refund(status=status, created_at=OPENED + age - refund_age))
    assert next_after(order, age) == (90 * DAY if pause is None else age + pause)


def test_a_refund_that_is_being_written_counts_as_new() -> None:
    order = make_order(OrderStatus.REFUNDED)
    order.refunds.append(Refund(status=RefundStatus.PENDING))
    assert next_after(order, 65 * DAY) == 65 * DAY + HOUR


@pytest.mark.parametrize(
    "order",
    [
        make_order(OrderStatus.CANCELLED),
        make_order(OrderStatus.COMPLETED, amount=0),
        make_order(OrderStatus.FAILED, payments=[], requests=(request(OPENED, RequestState.REFUSED),)),
    ],
    ids=["canceled", "free", "refused by Stripe"],
)
def test_an_order_without_anything_at_stripe_is_not_polled(order) -> None:
    assert next_after(order, MINUTE) is None


@pytest.mark.parametrize("state", [RequestState.FROZEN, RequestState.UNKNOWN, None])
def test_an_intent_whose_response_was_lost_is_polled_within_a_minute(state) -> None:
    order = make_order(payments=[], requests=(request(OPENED, state),))
    assert may_be_orphaned(order)
    assert next_after(order, timedelta()) == MINUTE


@pytest.mark.parametrize(("hours", "abandoned"), [(23, False), (24, False), (25, True)])
def test_an_order_is_abandoned_after_a_day(hours, abandoned) -> None:
    assert is_abandoned(make_order(), OPENED + hours * HOUR) is abandoned


def test_a_buyer_who_retries_on_the_next_day_has_another_day() -> None:
    order = make_order(requests=(request(OPENED), request(OPENED + 30 * HOUR)))
    assert not is_abandoned(order, OPENED + 31 * HOUR)
    assert is_abandoned(order, OPENED + 55 * HOUR)
    assert next_after(order, 30 * HOUR) == 30 * HOUR + MINUTE


def test_an_order_with_missing_facts_is_polled_within_a_minute_and_never_later_than_planned() -> None:
    order = make_order(OrderStatus.COMPLETED, next_poll_at=OPENED + DAY)
    order_polls.schedule_at_once(order, OPENED)
    assert order.next_poll_at == OPENED + MINUTE

    order.next_poll_at = OPENED + timedelta(seconds=5)
    order_polls.schedule_at_once(order, OPENED)
    assert order.next_poll_at == OPENED + timedelta(seconds=5)
