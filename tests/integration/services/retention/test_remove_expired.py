"""What is kept for a time only is removed after it, and nothing that counts: no money, no stock, no access."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from config.retention import Retention
from lumira.database import Base, atomic, db
from lumira.errors.stripe import StripeUnavailable
from lumira.models import (
    Alert,
    AlertKind,
    Customer,
    EventStatus,
    IdempotencyKey,
    MovementReason,
    Order,
    OrderStatus,
    StockMovement,
    WebhookEvent,
)
from lumira.reconciliation import reconcile
from lumira.repositories.alerts import alerts
from lumira.repositories.events import webhook_events
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.repositories.installation import retention
from lumira.repositories.inventory import stock_proof
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.services.retention import remove_expired as removing
from lumira.services.retention.remove_expired import remove_expired
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order, make_command, open_cart, open_payment
from tests.support.log_lines import logged
from tests.support.stripe_events import declined, deliver, event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")

#: Tables that an unpaid order never has a row in once it is removed.
OF_ORDERS = sorted(
    table.name
    for table in Base.metadata.tables.values()
    if "order_id" in table.columns and table.name != "webhook_events"
)


@contextmanager
def ago(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) - timedelta(**passed)):
        yield


def paid(intent_id: str, amount: int = 4700) -> dict[str, Any]:
    intent = payment_intent(id=intent_id, amount=amount, status="succeeded", latest_charge=f"ch_{intent_id}")
    return event("payment_intent.succeeded", intent)


def abandon(brand: Brand, product: str = "shirt", **days: float) -> str:
    """Open an order and let it be canceled; returns its number."""
    with ago(**days):
        opened = open_payment(brand, product)
    with ago(days=days["days"] - 2):
        reconcile.reconcile(brand.id)
    assert load_order(brand, opened.order_number).status is OrderStatus.CANCELLED
    forget_keys(brand)
    return opened.order_number


def forget_keys(brand: Brand) -> None:
    """As an hourly job does three days after a call."""
    with atomic(brand.id):
        idempotency.remove_expired(brand.id, datetime.now(UTC) + timedelta(days=4))


def numbers(brand: Brand) -> set[str]:
    with atomic(brand.id):
        return set(db.session.execute(select(Order.order_number)).scalars())


def test_an_order_that_was_never_paid_is_removed_a_month_after_it_ended(tenant: Brand) -> None:
    old, recent = abandon(tenant, days=40), abandon(tenant, days=20)

    remove_expired(tenant.id)
    remove_expired(tenant.id)

    assert numbers(tenant) == {recent}
    with atomic(tenant.id):
        for table in OF_ORDERS:
            orphans = f"SELECT count(*) FROM {table} WHERE order_id NOT IN (SELECT id FROM orders)"  # noqa: S608
            assert db.session.execute(text(orphans)).scalar_one() == 0, table
    assert old not in numbers(tenant)


def test_stock_agrees_after_the_movements_of_a_removed_order_are_gone(tenant: Brand) -> None:
    before = figures(tenant, "shirt")
    abandon(tenant, days=40)
    assert count(tenant, StockMovement, product_id="shirt") == 3

    remove_expired(tenant.id)

    assert count(tenant, StockMovement, product_id="shirt") == 1
    assert figures(tenant, "shirt") == before
    with atomic(tenant.id):
        assert stock_proof.verify(tenant.id) == []


def test_a_visitor_who_never_bought_leaves_no_customer_and_a_buyer_stays(tenant: Brand) -> None:
    with ago(days=50):
        bought = open_payment(tenant, customer_email="ana@example.com")
        deliver(tenant, paid(str(bought.payment_intent_id)))
        for email in ("ana@example.com", "visitor@example.com"):
            open_payment(tenant, "shirt", customer_email=email)
    with ago(days=48):
        reconcile.reconcile(tenant.id)
    forget_keys(tenant)

    remove_expired(tenant.id)

    assert numbers(tenant) == {bought.order_number}
    with atomic(tenant.id):
        assert db.session.execute(select(Customer.email)).scalars().all() == ["ana@example.com"]


def test_an_order_with_a_declined_card_is_removed_like_any_unpaid_one(tenant: Brand) -> None:
    with ago(days=40):
        opened = open_payment(tenant)
        intent = payment_intent(id=str(opened.payment_intent_id), last_payment_error=declined("ch_1"))
        deliver(tenant, event("payment_intent.payment_failed", intent))
    with ago(days=38):
        reconcile.reconcile(tenant.id)
        with atomic(tenant.id):
            db.session.execute(text("UPDATE outbox_messages SET status = 'sent'"))
    forget_keys(tenant)
    remove_expired(tenant.id)
    assert numbers(tenant) == set()


def test_a_cart_whose_page_expired_is_removed(tenant: Brand) -> None:
    with ago(days=40):
        open_cart(tenant)
    with ago(days=39):
        reconcile.reconcile(tenant.id)
    forget_keys(tenant)
    remove_expired(tenant.id)
    assert numbers(tenant) == set()


def test_an_order_whose_first_request_stayed_unknown_is_removed_like_any_unpaid_one(tenant: Brand) -> None:
    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key="a-key")
    with ago(days=40):
        stripe_sandbox.fail_next(tenant, "500_before", times=10)
        with pytest.raises(StripeUnavailable):
            create_payment_intent(tenant.id, call=call, command=make_command())
        stripe_sandbox.clear_faults(tenant)
        opened = create_payment_intent(tenant.id, call=call, command=make_command()).value
    requests = load_order(tenant, opened.order_number).requests
    assert [request.state for request in requests] == ["unknown", "accepted"]
    with ago(days=38):
        reconcile.reconcile(tenant.id)
    forget_keys(tenant)

    remove_expired(tenant.id)

    assert numbers(tenant) == set()


def test_one_order_that_the_database_keeps_does_not_stop_the_removal_of_the_others(
    tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    before, kept, after = (abandon(tenant, "shirt", days=40) for _ in range(3))
    order = load_order(tenant, kept)
    with atomic(tenant.id):
        # A fault: the movements of this order do not add up.
        db.session.add(
            StockMovement(
                tenant_id=tenant.id,
                order_id=order.id,
                product_id="shirt",
                reason=MovementReason.RESERVE,
                actor="test",
                on_hand=0,
                reserved=1,
                sold=0,
            )
        )

    remove_expired(tenant.id)

    assert {before, after}.isdisjoint(numbers(tenant))
    assert numbers(tenant) == {kept}
    [refused] = logged(capsys, "order_not_removed")
    assert (refused["level"], refused["order_id"]) == ("error", str(order.id))


def test_orders_that_count_are_kept_for_ever(tenant: Brand) -> None:
    with ago(days=400):
        kept = {open_payment(tenant, "simple").order_number}
        completed = open_payment(tenant)
        deliver(tenant, paid(str(completed.payment_intent_id)))
        reviewed = open_payment(tenant)
        deliver(tenant, paid(str(reviewed.payment_intent_id), amount=1))
        closed = open_payment(tenant)
    kept |= {completed.order_number, reviewed.order_number, closed.order_number}
    with ago(days=300), atomic(tenant.id):
        # Closed here only: Stripe may still report its payment.
        db.session.execute(
            text(
                "UPDATE orders SET status = 'cancelled', closed_at = :now, next_poll_at = NULL, updated_at = :now "
                "WHERE order_number = :number"
            ),
            {"now": datetime.now(UTC), "number": closed.order_number},
        )
    forget_keys(tenant)

    remove_expired(tenant.id)

    assert numbers(tenant) == kept


def test_an_order_that_an_open_alert_names_is_kept_until_it_is_resolved(tenant: Brand) -> None:
    number = abandon(tenant, days=40)
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.PAYMENT_MISSING_AT_STRIPE, subject=number)
    remove_expired(tenant.id)
    assert numbers(tenant) == {number}

    with atomic(tenant.id):
        alerts.resolve(tenant.id, kind=AlertKind.PAYMENT_MISSING_AT_STRIPE, subject=number)
    remove_expired(tenant.id)
    assert numbers(tenant) == set()


def test_the_database_refuses_to_remove_an_order_with_money_whatever_the_code_says(tenant: Brand) -> None:
    opened = open_payment(tenant)
    deliver(tenant, paid(str(opened.payment_intent_id)))
    order = load_order(tenant, opened.order_number)
    forget_keys(tenant)
    with pytest.raises(DBAPIError, match="violates foreign key"), atomic(tenant.id):
        retention.remove_orders([order.id])
    assert numbers(tenant) == {opened.order_number}


def test_the_database_refuses_to_remove_an_order_with_reserved_stock(tenant: Brand) -> None:
    opened = open_payment(tenant, "shirt")
    order = load_order(tenant, opened.order_number)
    with pytest.raises(DBAPIError, match="has stock"), atomic(tenant.id):
        retention.remove_orders([order.id])


def test_the_order_of_another_tenant_is_never_removed(tenant: Brand, other_tenant: Brand) -> None:
    number = abandon(other_tenant, days=40)
    order = load_order(other_tenant, number)
    with atomic(tenant.id):
        assert retention.remove_orders([order.id]) == 0
        assert retention.remove_unused_customers([order.customer_id] if order.customer_id else []) == 0
    assert numbers(other_tenant) == {number}


def test_payloads_of_handled_events_are_removed_after_three_months_and_the_event_is_still_known(
    tenant: Brand,
) -> None:
    with ago(days=91):
        opened = open_payment(tenant)
        stripe_event = paid(str(opened.payment_intent_id))
        deliver(tenant, stripe_event)
    with ago(days=89):
        recent = paid(str(open_payment(tenant).payment_intent_id))
        deliver(tenant, recent)

    remove_expired(tenant.id)
    receive(tenant, stripe_event)

    with atomic(tenant.id):
        rows = {row.stripe_event_id: row for row in db.session.execute(select(WebhookEvent)).scalars()}
    assert rows[stripe_event["id"]].payload == {}
    assert rows[stripe_event["id"]].status is EventStatus.PROCESSED
    assert rows[recent["id"]].payload["id"] == recent["id"]


def test_an_event_without_its_payload_is_never_processed_again(tenant: Brand) -> None:
    with ago(days=91):
        stripe_event = paid(str(open_payment(tenant).payment_intent_id))
        deliver(tenant, stripe_event)
    remove_expired(tenant.id)

    with atomic(tenant.id):
        row = webhook_events.find_event(tenant.id, stripe_event["id"])
        assert row is not None
        assert webhook_events.replay(tenant.id, [row.id]) == []
    process.process_events(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.PROCESSED) == 1


def test_a_failed_event_keeps_its_payload(tenant: Brand) -> None:
    with ago(days=200):
        receive(tenant, paid("pi_x") | {"data": {"object": None}})
        process.process_events(tenant.id)
    remove_expired(tenant.id)
    assert count(tenant, WebhookEvent, status=EventStatus.FAILED, payload_removed_at=None) == 1


def test_resolved_alerts_are_removed_after_the_period_except_those_that_would_be_raised_again(
    tenant: Brand,
) -> None:
    with ago(days=500), atomic(tenant.id):
        for kind in (AlertKind.CLOCK_DIFFERS, AlertKind.DUPLICATE_PAYMENT, AlertKind.API_VERSION):
            alerts.raise_alert(tenant.id, kind=kind, subject="x")
        for kind in (AlertKind.CLOCK_DIFFERS, AlertKind.DUPLICATE_PAYMENT):
            alerts.resolve(tenant.id, kind=kind, subject="x")
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.MESSAGE_DEAD, subject="x")
        alerts.resolve(tenant.id, kind=AlertKind.MESSAGE_DEAD, subject="x")

    remove_expired(tenant.id)

    with atomic(tenant.id):
        left = set(db.session.execute(select(Alert.kind)).scalars())
    assert left == {AlertKind.DUPLICATE_PAYMENT, AlertKind.API_VERSION, AlertKind.MESSAGE_DEAD}


@pytest.mark.parametrize("batch", [1, 2])
def test_everything_is_removed_in_batches(tenant: Brand, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(removing, "BATCH", batch)
    monkeypatch.setattr(removing, "ORDER_BATCH", batch)
    with ago(days=120):
        for _ in range(3):
            open_payment(tenant, "shirt")
        deliver(tenant, *[event("customer.created", {"id": f"cus_{name}"}) for name in "abc"])
    with ago(days=118):
        reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
    forget_keys(tenant)

    remove_expired(tenant.id)

    assert numbers(tenant) == set()
    assert count(tenant, WebhookEvent, payload_removed_at=None) == 0


def test_nothing_is_removed_where_the_periods_are_zero(tenant: Brand) -> None:
    number = abandon(tenant, days=4000)
    removing.configure(Retention(0, 0, 0, 0))
    try:
        remove_expired(tenant.id)
    finally:
        removing.configure(Retention())
    assert numbers(tenant) == {number}
    assert count(tenant, IdempotencyKey) == 0
