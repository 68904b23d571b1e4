"""Reserved stock is released once when its reservation ends, and never before Stripe was polled."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert, OrderStatus, RefundOrigin, ReservationState
from lumira.reconciliation import reconcile
from lumira.repositories.inventory import stock_proof
from lumira.services.checkout import create_checkout_session, create_payment_intent
from tests.support import stripe_sandbox
from tests.support.factories import Brand, figures, load_order, open_cart, open_payment, set_stock
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


def status_of(brand: Brand, number: str) -> OrderStatus:
    return load_order(brand, number).status


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return sorted(db.session.execute(select(Alert.kind)).scalars())


def adds_up(brand: Brand) -> bool:
    with atomic(brand.id):
        return not stock_proof.verify(brand.id)


def failed(intent_id: str, charge: str = "ch_1") -> dict[str, object]:
    intent = payment_intent(
        id=intent_id, amount=5900, last_payment_error=declined(charge), latest_charge=charge
    )
    return event("payment_intent.payment_failed", intent)


def succeeded(intent_id: str, amount: int = 5900) -> dict[str, object]:
    intent = payment_intent(id=intent_id, amount=amount, status="succeeded", latest_charge="ch_end")
    return event("payment_intent.succeeded", intent)


def test_an_unpaid_payment_is_canceled_at_stripe_and_its_stock_released(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    with later(minutes=32):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 1, 0)

    with later(minutes=34):
        reconcile.reconcile(tenant.id)

    [intent] = stripe_sandbox.intents(tenant)
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "abandoned")
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert adds_up(tenant)


def test_a_payment_that_succeeded_at_stripe_is_fulfilled_instead_of_released(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with later(minutes=34):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_a_reservation_does_not_end_while_the_payment_is_processing(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    intent = payment_intent(
        id=opened.payment_intent_id, amount=5900, status="processing", latest_charge="ch_1"
    )
    deliver(tenant, event("payment_intent.processing", intent))
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret, "pm_successDelayed_fr")
    with later(days=1):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) in (OrderStatus.PROCESSING, OrderStatus.COMPLETED)
    assert figures(tenant, "shirt")[:2] in ((100, 1), (99, 0))


def test_a_reservation_does_not_end_before_stripe_was_polled(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    stripe_sandbox.fail_next(tenant, "drop_before", path="/v1/payment_intents", times=50)
    stripe_sandbox.call(
        tenant,
        "POST",
        "/sandbox/faults",
        json={"queued": [{"fault": "drop_before", "method": "GET", "path": "/v1/", "times": 50}]},
    )
    with later(hours=1):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.PENDING
    assert figures(tenant, "shirt") == (100, 1, 0)

    stripe_sandbox.clear_faults(tenant)
    with later(hours=2):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_stock_is_released_after_a_process_is_killed_before_calling_stripe(tenant, monkeypatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(create_payment_intent, "ensure_stripe_customer", die)
    with pytest.raises(KeyboardInterrupt):
        open_payment(tenant, "shirt")
    assert figures(tenant, "shirt") == (100, 1, 0)

    with later(minutes=34):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert adds_up(tenant)


def test_a_checkout_session_that_ends_without_an_event_is_expired_and_its_stock_released(tenant) -> None:
    opened = open_cart(tenant)
    # The page can still be paid for a minute; after that, Stripe may expire it at any time.
    with later(minutes=30):
        reconcile.reconcile(tenant.id)
    assert figures(tenant, "shirt") == (100, 2, 0)
    with later(minutes=40):
        reconcile.reconcile(tenant.id)

    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["status"] == "expired"
    assert status_of(tenant, opened.order_number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert figures(tenant, "cap") == (50, 0, 0)


def test_a_cart_paid_without_an_event_is_fulfilled(tenant) -> None:
    opened = open_cart(tenant)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    with later(minutes=2):
        reconcile.reconcile(tenant.id)
    assert status_of(tenant, opened.order_number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_a_checkout_session_whose_response_was_lost_is_found_and_expired(tenant, monkeypatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(create_checkout_session, "_attach", die)
    with pytest.raises(KeyboardInterrupt):
        open_cart(tenant)
    with later(minutes=40):
        reconcile.reconcile(tenant.id)

    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["status"] == "expired"
    assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_declined_card_leaves_the_stock_reserved_until_the_deadline(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    deliver(tenant, failed(opened.payment_intent_id))
    assert status_of(tenant, opened.order_number) is OrderStatus.FAILED
    assert figures(tenant, "shirt") == (100, 1, 0)


def test_a_declined_card_releases_the_stock_at_once_if_the_tenant_is_set_so(make_brand) -> None:
    brand = make_brand(release_on_failure="at_once")
    opened = open_payment(brand, "shirt")
    deliver(brand, failed(opened.payment_intent_id))
    assert figures(brand, "shirt") == (100, 0, 0)

    deliver(brand, succeeded(opened.payment_intent_id))
    assert status_of(brand, opened.order_number) is OrderStatus.COMPLETED
    assert figures(brand, "shirt") == (99, 0, 1)
    assert adds_up(brand)


def test_units_that_the_next_attempt_reserves_again_stay_for_the_time_of_a_payment(make_brand) -> None:
    brand = make_brand(release_on_failure="at_once")
    opened = open_payment(brand, "shirt")
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret, "pm_card_chargeDeclined")
    stripe_sandbox.deliver_events(brand)
    assert figures(brand, "shirt") == (100, 0, 0)
    with later(minutes=50):
        stripe_sandbox.pay(
            brand, opened.payment_intent_id, opened.client_secret, "pm_card_authenticationRequired"
        )
        stripe_sandbox.deliver_events(brand)
        assert status_of(brand, opened.order_number) is OrderStatus.PROCESSING
        assert figures(brand, "shirt") == (100, 1, 0)
    # The buyer authenticates with the bank, and is polled about meanwhile.
    with later(minutes=60):
        reconcile.reconcile(brand.id)
        assert status_of(brand, opened.order_number) is OrderStatus.PROCESSING
        assert figures(brand, "shirt") == (100, 1, 0)
    with later(minutes=90):
        reconcile.reconcile(brand.id)
        assert status_of(brand, opened.order_number) is OrderStatus.CANCELLED
        assert figures(brand, "shirt") == (100, 0, 0)


def test_a_delayed_payment_that_fails_releases_the_stock_at_once_in_either_order(tenant) -> None:
    for step in (1, -1):
        opened = open_payment(tenant, "shirt")
        intent = payment_intent(
            id=opened.payment_intent_id, amount=5900, status="processing", latest_charge="ch_1"
        )
        deliver(
            tenant, *[event("payment_intent.processing", intent), failed(opened.payment_intent_id)][::step]
        )
        assert status_of(tenant, opened.order_number) is OrderStatus.FAILED
        assert figures(tenant, "shirt") == (100, 0, 0)


def test_a_payment_after_the_last_unit_was_sold_is_refunded_automatically(make_brand) -> None:
    brand = make_brand(release_on_failure="at_once")
    set_stock(brand, "shirt", 1)
    late = open_payment(brand, "shirt")
    stripe_sandbox.pay(brand, late.payment_intent_id, late.client_secret, "pm_card_chargeDeclined")
    stripe_sandbox.deliver_events(brand)
    quick = open_payment(brand, "shirt", customer_email="quick@example.com")
    stripe_sandbox.pay(brand, quick.payment_intent_id, quick.client_secret)
    stripe_sandbox.pay(brand, late.payment_intent_id, late.client_secret)
    stripe_sandbox.deliver_events(brand)

    order = load_order(brand, late.order_number)
    assert (order.status, order.completed_at) == (OrderStatus.PROCESSING, None)
    assert [(request.origin, request.amount) for request in order.refund_requests] == [
        (RefundOrigin.SOLD_OUT, 5900)
    ]
    assert "sold_out_after_payment" in alerts_of(brand)

    from lumira.services.refunds.send_due_refunds import send_due_refunds  # noqa: PLC0415

    send_due_refunds(brand.id)
    stripe_sandbox.deliver_events(brand)
    order = load_order(brand, late.order_number)
    assert order.status is OrderStatus.REFUNDED
    assert [str(message.kind) for message in order.messages] == ["payment_failed", "order_refunded"]
    assert {reservation.state for reservation in order.reservations} == {ReservationState.RELEASED}
    assert status_of(brand, quick.order_number) is OrderStatus.COMPLETED
    assert figures(brand, "shirt") == (0, 0, 1)
    assert adds_up(brand)


def test_a_duplicate_payment_is_refunded_automatically_and_the_order_stays_completed(tenant) -> None:
    opened = open_payment(tenant, "shirt")
    deliver(tenant, succeeded(opened.payment_intent_id))
    second = payment_intent(
        id="pi_second",
        amount=5900,
        status="succeeded",
        latest_charge="ch_second",
        order_number=opened.order_number,
    )
    deliver(tenant, event("payment_intent.succeeded", second))

    order = load_order(tenant, opened.order_number)
    assert order.status is OrderStatus.COMPLETED
    assert [(r.origin, r.stripe_payment_intent_id, r.amount) for r in order.refund_requests] == [
        (RefundOrigin.DUPLICATE_PAYMENT, "pi_second", 5900)
    ]
    assert figures(tenant, "shirt") == (99, 0, 1)


def test_a_full_refund_that_succeeded_restocks_the_units(tenant) -> None:
    opened = open_payment(tenant, "shirt", quantity=2)
    deliver(tenant, succeeded(opened.payment_intent_id, 11800))
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 11800,
        "charge": "ch_end",
        "currency": "eur",
        "payment_intent": opened.payment_intent_id,
        "metadata": {},
    }
    deliver(tenant, event("refund.created", refund | {"status": "pending"}))
    assert (status_of(tenant, opened.order_number), figures(tenant, "shirt")) == (
        OrderStatus.REFUNDED,
        (98, 0, 2),
    )
    deliver(tenant, event("refund.updated", refund | {"status": "succeeded"}))
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert adds_up(tenant)
    deliver(tenant, event("refund.failed", refund | {"status": "failed"}))
    assert (status_of(tenant, opened.order_number), figures(tenant, "shirt")) == (
        OrderStatus.COMPLETED,
        (98, 0, 2),
    )


def test_a_refund_that_fails_after_its_units_were_sold_again_raises_an_alert(tenant) -> None:
    set_stock(tenant, "shirt", 1)
    opened = open_payment(tenant, "shirt")
    deliver(tenant, succeeded(opened.payment_intent_id))
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 5900,
        "charge": "ch_end",
        "currency": "eur",
        "payment_intent": opened.payment_intent_id,
        "metadata": {},
        "status": "succeeded",
    }
    deliver(tenant, event("refund.created", refund))
    other = open_payment(tenant, "shirt", customer_email="other@example.com")
    deliver(tenant, event("refund.failed", refund | {"status": "failed"}))

    assert "stock_missing" in alerts_of(tenant)
    assert load_order(tenant, opened.order_number).refund_requests == []
    deliver(tenant, succeeded(other.payment_intent_id))
    assert status_of(tenant, other.order_number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (0, 0, 1)
