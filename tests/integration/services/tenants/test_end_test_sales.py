"""Going live ends what was sold with test money: its units come back once, and nothing of it waits for ever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.errors.orders import NotCancelable
from lumira.models import Order, OrderStatus, RefundRequest, RequestState
from lumira.reconciliation import reconcile
from lumira.reconciliation.cancel_order import cancel_order
from lumira.repositories.inventory import stock_proof
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.inventory.correct_stock import adjust_stock
from lumira.services.inventory.correct_stock import set_stock as count_stock
from lumira.services.tenants.end_test_sales import end_test_sales
from tests.support.factories import Brand, figures, load_order, open_payment, set_stock
from tests.support.refunds import audited, deliver_events, list_stripe_refunds, pay, pay_again, run_sweep
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def switch(brand: Brand, mode: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(
            tenants.get(brand.id), secret_key=f"sk_{mode}_{brand.id}", publishable_key=f"pk_{mode}_{brand.id}"
        )


def run_later(brand: Brand) -> None:
    """Let a worker run a minute after the command that set the key was killed."""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        reconcile.reconcile(brand.id)


def agrees(brand: Brand) -> bool:
    with atomic(brand.id):
        return not stock_proof.verify(brand.id)


def paid_event(intent_id: str | None, amount: int) -> dict[str, object]:
    return event(
        "payment_intent.succeeded",
        payment_intent(id=str(intent_id), amount=amount, status="succeeded", latest_charge="ch_1"),
    )


def sell_out_after_payment(brand: Brand) -> str:
    """Let an order be paid after its last unit was sold to another one; return its number."""
    set_stock(brand, "shirt", 1)
    late = open_payment(brand, "shirt")
    cancel_order(brand.id, load_order(brand, late.order_number).id, actor="operator")
    other = open_payment(brand, "shirt")
    deliver(brand, paid_event(other.payment_intent_id, 5900))
    deliver(brand, paid_event(late.payment_intent_id, 5900))
    assert load_order(brand, late.order_number).status is OrderStatus.PROCESSING
    return late.order_number


def pay_another_amount(brand: Brand) -> str:
    opened = open_payment(brand, "shirt")
    deliver(brand, paid_event(opened.payment_intent_id, 5800))
    assert load_order(brand, opened.order_number).review_reason is not None
    return opened.order_number


def test_units_of_test_sales_come_back_exactly_once(tenant: Brand) -> None:
    first, second = pay(tenant, "shirt", quantity=2), pay(tenant, "shirt")
    assert figures(tenant, "shirt") == (97, 0, 3)
    assert end_test_sales(tenant.id, actor="operator").returned == {}

    switch(tenant, "live")
    assert end_test_sales(tenant.id, actor="operator").returned == {"shirt": 3}
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert len(audited(tenant, "test_sale_ended")) == 2

    # Neither another run, nor a late event, nor another change of keys takes or returns a unit.
    assert end_test_sales(tenant.id, actor="operator").returned == {}
    switch(tenant, "test")
    deliver(tenant, paid_event(first.payment_intent_id, first.amount))
    switch(tenant, "live")
    run_later(tenant)
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert load_order(tenant, second.order_number).status is OrderStatus.COMPLETED
    assert agrees(tenant)


def test_a_worker_returns_what_a_killed_command_left(tenant: Brand) -> None:
    pay(tenant, "shirt")
    pay(tenant, "cap")
    switch(tenant, "live")
    stops = iter([False, True])
    end_test_sales(tenant.id, actor="operator", is_stopping=lambda: next(stops))

    run_later(tenant)

    assert (figures(tenant, "shirt"), figures(tenant, "cap")) == ((100, 0, 0), (50, 0, 0))
    assert len(audited(tenant, "test_sale_ended")) == 2
    assert agrees(tenant)


def test_units_that_an_operator_counted_after_the_test_sale_are_not_on_hand_twice(tenant: Brand) -> None:
    pay(tenant, "shirt", quantity=2)
    count_stock(tenant.id, "shirt", 100, actor="operator")
    pay(tenant, "shirt")
    adjust_stock(tenant.id, "shirt", 10, actor="operator")

    switch(tenant, "live")
    units = end_test_sales(tenant.id, actor="operator")

    # The unit sold after the count comes back; a delivery is no count.
    assert (units.returned, units.counted) == ({"shirt": 1}, {"shirt": 2})
    assert figures(tenant, "shirt") == (110, 0, 0)
    assert agrees(tenant)


@pytest.mark.parametrize("get_stuck", [sell_out_after_payment, pay_another_amount])
def test_a_test_sale_that_waits_for_a_refund_or_a_decision_is_closed(
    tenant: Brand, get_stuck: Callable[[Brand], str]
) -> None:
    number = get_stuck(tenant)
    switch(tenant, "live")

    run_later(tenant)

    order = load_order(tenant, number)
    assert (order.status, order.review_reason) == (OrderStatus.CANCELLED, None)
    assert [request.state for request in order.refund_requests if request.is_under_way] == []
    assert run_sweep(tenant) == 0
    assert figures(tenant, "shirt")[1:] == (0, 0)
    assert agrees(tenant)


def test_an_operator_closes_a_sold_out_test_sale_at_once(tenant: Brand) -> None:
    number = sell_out_after_payment(tenant)
    order_id = load_order(tenant, number).id
    with pytest.raises(NotCancelable):
        cancel_order(tenant.id, order_id, actor="operator")

    switch(tenant, "live")

    assert cancel_order(tenant.id, order_id, actor="operator").status is OrderStatus.CANCELLED
    [request] = load_order(tenant, number).refund_requests
    assert (request.state, request.refusal and request.refusal["code"]) == (
        RequestState.REFUSED,
        "other_mode",
    )


def test_a_due_refund_of_the_other_mode_stays_due_and_stops_no_other(tenant: Brand) -> None:
    live = pay(tenant)
    pay_again(tenant, live)
    ordinary = pay(tenant, "shirt")
    second = pay_again(tenant, ordinary)
    with atomic(tenant.id):
        db.session.execute(update(Order).where(Order.order_number == live.order_number).values(livemode=True))

    assert run_sweep(tenant) == 2

    assert [refund["payment_intent"] for refund in list_stripe_refunds(tenant)] == [second]
    deliver_events(tenant)
    [waiting] = load_order(tenant, live.order_number).refund_requests
    assert waiting.state is RequestState.FROZEN
    with atomic(tenant.id):
        db.session.execute(update(Order).values(livemode=False))
        db.session.execute(update(RefundRequest).values(next_attempt_at=datetime.now(UTC)))
    assert run_sweep(tenant) == 1
    assert len(list_stripe_refunds(tenant)) == 2
