"""Orders are found by their own tenant alone."""

import pytest

from lumira.domain.commands import OrderFilter
from lumira.errors.orders import OrderNotFound
from lumira.models import OrderStatus
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.orders.view_orders import list_orders, view_order, view_payment
from tests.support.factories import open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

#: Any caller: the tests look payments up by Stripe's ids.
CALLER = Call(fingerprint="", actor="test")


def pay(brand, opened) -> None:
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1")
    deliver(brand, event("payment_intent.succeeded", intent))


def test_an_order_is_found_by_number_id_and_payment(tenant):
    opened = open_payment(tenant)
    order = view_order(tenant.id, opened.order_number).order

    assert view_order(tenant.id, str(order.id)).order.id == order.id
    assert view_order(tenant.id, opened.payment_intent_id).order.id == order.id
    assert view_payment(tenant.id, opened.payment_intent_id, CALLER).order.id == order.id


def test_another_tenants_order_is_not_found(tenant, other_tenant):
    opened = open_payment(other_tenant)
    order = view_order(other_tenant.id, opened.order_number).order

    for reference in (opened.order_number, str(order.id), opened.payment_intent_id):
        with pytest.raises(OrderNotFound):
            view_order(tenant.id, reference)
    with pytest.raises(OrderNotFound):
        view_payment(tenant.id, opened.payment_intent_id, CALLER)
    assert list_orders(tenant.id, OrderFilter()) == ([], None)


def test_the_timeline_of_a_paid_order_is_complete_and_in_order(tenant):
    opened = open_payment(tenant)
    pay(tenant, opened)

    entries = view_order(tenant.id, opened.order_number).timeline

    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    steps = [entry.what for entry in entries]
    assert set(steps) == {
        "opened",
        "payment_created",
        "paid",
        "webhook",
        "completed",
        "granted",
        "message_enqueued",
    }
    assert steps[:2] == ["opened", "payment_created"]
    assert [entry.why for entry in entries if entry.what == "webhook"] == ["payment_intent.succeeded"]


def test_the_timeline_of_a_free_order_has_no_payment(tenant):
    opened = open_payment(tenant, "simple")

    steps = [entry.what for entry in view_order(tenant.id, opened.order_number).timeline]

    assert steps == ["opened", "completed", "granted", "message_enqueued"]


def test_orders_are_listed_newest_first_page_by_page(tenant):
    numbers = [open_payment(tenant).order_number for _ in range(3)]

    first, after = list_orders(tenant.id, OrderFilter(limit=2))
    second, end = list_orders(tenant.id, OrderFilter(limit=2, after=after))

    assert [summary.order.order_number for summary in (*first, *second)] == numbers[::-1]
    assert end is None


def test_orders_are_filtered_by_status(tenant):
    opened = open_payment(tenant)
    open_payment(tenant)
    pay(tenant, opened)

    page, _ = list_orders(tenant.id, OrderFilter(status=OrderStatus.COMPLETED))

    assert [summary.order.order_number for summary in page] == [opened.order_number]
