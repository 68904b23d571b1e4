"""A bank transfer has a last day: the order waits for it with its stock, and then ends, whatever Stripe can close."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors.customers import NotErasable
from lumira.models import Alert, MessageStatus, OrderStatus
from lumira.notifications import relay, send_alerts
from lumira.reconciliation import reconcile, transfers
from lumira.reconciliation.cancel_order import cancel_order
from lumira.reconciliation.close_before_erasure import close_unpaid_orders
from lumira.reconciliation.poll_order import poll_order
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.privacy.erase_customer import erase_customer
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import BUYER, Brand, figures, load_order, open_cart, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


@contextmanager
def later(**passed: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed)):
        yield


@pytest.fixture(autouse=True)
def offer_transfers(tenant) -> None:
    stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"bank_transfers": True})


def await_transfer(brand: Brand, product: str = "shirt") -> tuple[str, str]:
    """Open a payment and choose a bank transfer; returns the order's number and the payment's id."""
    opened = open_payment(brand, product)
    reply = requests.post(
        f"{brand.sandbox_url}/v1/payment_intents/{opened.payment_intent_id}/confirm",
        data={
            "key": brand.stripe_publishable_key,
            "client_secret": opened.client_secret,
            "payment_method_data[type]": "customer_balance",
            "return_url": "https://shop.example/done",
        },
        timeout=20,
    )
    assert reply.json()["status"] == "requires_action", reply.json()
    return opened.order_number, str(opened.payment_intent_id)


def await_transfer_on_page(brand: Brand) -> tuple[str, str]:
    """Open a cart and choose a bank transfer on Stripe's page."""
    opened = open_cart(brand, {"shirt": 1})
    paid = stripe_sandbox.pay_session(brand, opened.session_id, "customer_balance")
    assert paid["outcome"] == "completed", paid
    return opened.order_number, str(paid["session"]["payment_intent"])


def transfer(brand: Brand, intent_id: str, amount: int | None = None) -> dict[str, Any]:
    sent = {"payment_intent": intent_id} | ({} if amount is None else {"amount": amount})
    return stripe_sandbox.call(brand, "POST", "/sandbox/bank_transfers", json=sent)


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = select(Alert.kind).where(Alert.resolved_at.is_(None))
        return sorted(db.session.execute(query).scalars())


def messages_of(brand: Brand, number: str) -> list[tuple[str, MessageStatus]]:
    return [(str(message.kind), message.status) for message in load_order(brand, number).messages]


def poll_again(brand: Brand, number: str) -> None:
    with atomic(brand.id):
        account = stripe_accounts.get_account(brand.id)
    poll_order(brand.id, account, load_order(brand, number).id)


def work(brand: Brand, **options: timedelta) -> None:
    """What a worker does: ask Stripe, then process the events that were fetched."""
    reconcile.reconcile(brand.id, **options)
    process.process_events(brand.id)


def status_of(brand: Brand, number: str) -> OrderStatus:
    return load_order(brand, number).status


both = pytest.mark.parametrize("wait", [await_transfer, await_transfer_on_page], ids=["payment", "page"])


@both
def test_an_order_waits_a_week_for_its_transfer_without_an_alert(tenant, wait) -> None:
    number, intent_id = wait(tenant)
    for days in (0.1, 1.5, 6.9):
        with later(days=days):
            work(tenant)
    assert status_of(tenant, number) is OrderStatus.PROCESSING
    assert figures(tenant, "shirt") == (100, 1, 0)
    assert alerts_of(tenant) == []

    transfer(tenant, intent_id)
    with later(days=6.95):
        work(tenant, since=timedelta(days=10))
    assert status_of(tenant, number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (99, 0, 1)


@both
def test_an_order_whose_transfer_never_arrives_is_closed_on_its_last_day(tenant, wait) -> None:
    number, intent_id = wait(tenant)
    for days in (0.1, 7.2):
        with later(days=days):
            work(tenant)
    assert status_of(tenant, number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert alerts_of(tenant) == ["transfer_not_received"]
    intent = stripe_sandbox.call(tenant, "GET", f"/v1/payment_intents/{intent_id}")
    # Stripe refuses to cancel the payment of a complete session.
    assert intent["status"] == ("canceled" if wait is await_transfer else "requires_action")


def test_the_number_of_days_is_a_setting(tenant) -> None:
    number, _ = await_transfer(tenant)
    transfers.configure(2)
    try:
        for days in (0.1, 2.2):
            with later(days=days):
                work(tenant)
    finally:
        transfers.configure(7)
    assert status_of(tenant, number) is OrderStatus.CANCELLED


def test_a_transfer_that_arrives_after_the_last_day_completes_the_order(tenant) -> None:
    number, intent_id = await_transfer_on_page(tenant)
    for days in (0.1, 7.2):
        with later(days=days):
            work(tenant)
    transfer(tenant, intent_id)
    with later(days=15):
        work(tenant)
    assert status_of(tenant, number) is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (99, 0, 1)


@both
def test_a_transfer_that_arrives_in_part_raises_an_alert_with_what_is_missing(tenant, wait) -> None:
    number, intent_id = wait(tenant)
    transfer(tenant, intent_id, 5000)
    stripe_sandbox.deliver_events(tenant)
    assert status_of(tenant, number) is OrderStatus.PROCESSING
    with atomic(tenant.id):
        [alert] = db.session.execute(select(Alert)).scalars()
    assert (alert.kind, alert.details["order_number"]) == ("transfer_incomplete", number)
    assert (alert.details["received"], alert.details["missing"]) == (5000, 900)
    assert send_alerts.send_alerts(tenant.id) == 1

    transfer(tenant, intent_id)
    stripe_sandbox.deliver_events(tenant)
    assert status_of(tenant, number) is OrderStatus.COMPLETED
    assert alerts_of(tenant) == []


def test_a_part_is_found_by_polling_too_and_an_operator_decides_after_the_last_day(tenant) -> None:
    number, intent_id = await_transfer(tenant)
    transfer(tenant, intent_id, 5000)
    for days in (0.1, 8.5, 40):
        with later(days=days):
            work(tenant)
    assert status_of(tenant, number) is OrderStatus.PROCESSING
    assert alerts_of(tenant) == ["order_overdue", "transfer_incomplete"]
    assert load_order(tenant, number).next_poll_at is not None

    with later(days=41):
        cancel_order(tenant.id, load_order(tenant, number).id, actor="operator")
    assert status_of(tenant, number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    # The part that arrived is still to be returned.
    assert alerts_of(tenant) == ["transfer_incomplete"]


def test_an_operator_cancels_an_order_that_stripe_cannot_close(tenant) -> None:
    number, _ = await_transfer_on_page(tenant)
    stripe_sandbox.deliver_events(tenant)
    cancel_order(tenant.id, load_order(tenant, number).id, actor="operator")
    assert status_of(tenant, number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)


@both
def test_an_awaited_transfer_that_a_stranger_began_does_not_prevent_an_erasure(tenant, wait) -> None:
    number, intent_id = wait(tenant)
    stripe_sandbox.deliver_events(tenant)

    assert close_unpaid_orders(tenant.id, BUYER, actor="operator") == 1
    erase_customer(tenant.id, BUYER, actor="operator")

    assert status_of(tenant, number) is OrderStatus.CANCELLED
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert load_order(tenant, number).erased_at is not None
    # The money of a transfer that was sent nevertheless does not pass unnoticed.
    if wait is await_transfer_on_page:
        transfer(tenant, intent_id)
        stripe_sandbox.deliver_events(tenant)
        assert status_of(tenant, number) is OrderStatus.COMPLETED
        assert alerts_of(tenant) == ["paid_without_recipient"]


@both
def test_a_transfer_that_arrived_in_part_prevents_an_erasure_until_an_operator_decided(tenant, wait) -> None:
    number, intent_id = wait(tenant)
    transfer(tenant, intent_id, 5000)
    stripe_sandbox.deliver_events(tenant)

    assert close_unpaid_orders(tenant.id, BUYER, actor="operator") == 0
    with pytest.raises(NotErasable):
        erase_customer(tenant.id, BUYER, actor="operator")
    assert status_of(tenant, number) is OrderStatus.PROCESSING


@both
def test_an_awaited_transfer_is_not_closed_before_its_last_day_because_other_keys_are_tried(
    tenant, wait
) -> None:
    number, _ = wait(tenant)
    for days in (0.1, 0.2):
        with later(days=days):
            work(tenant)
    with atomic(tenant.id):
        stripe_accounts.set_keys(
            tenants.get(tenant.id),
            secret_key="sk_test_anotheraccount",
            publishable_key="pk_test_anotheraccount",
        )
    with later(days=3):
        work(tenant)
    assert status_of(tenant, number) is OrderStatus.PROCESSING

    with later(days=7.3):
        work(tenant)
    assert status_of(tenant, number) is OrderStatus.CANCELLED


@both
def test_the_buyer_gets_one_message_when_the_order_ends_without_its_transfer(tenant, wait) -> None:
    number, _ = wait(tenant)
    for days in (0.1, 6.9):
        with later(days=days):
            work(tenant)
            relay.relay(tenant.id)
    assert messages_of(tenant, number) == []

    for days in (7.2, 8.5):
        with later(days=days):
            work(tenant, since=timedelta(days=10))
            relay.relay(tenant.id)
    assert messages_of(tenant, number) == [("transfer_not_received", MessageStatus.SENT)]


def test_the_message_about_a_missing_transfer_is_not_sent_if_the_money_arrives_before_it(tenant) -> None:
    number, intent_id = await_transfer_on_page(tenant)
    for days in (0.1, 7.2):
        with later(days=days):
            work(tenant)
    transfer(tenant, intent_id)
    with later(days=7.3):
        stripe_sandbox.deliver_events(tenant)
        relay.relay(tenant.id)
    assert messages_of(tenant, number) == [
        ("transfer_not_received", MessageStatus.SUPERSEDED),
        ("order_confirmation", MessageStatus.SENT),
    ]


def test_a_mailbox_gets_one_message_about_missing_transfers_a_day_and_none_days_later(tenant) -> None:
    # Stripe cannot close these payments, so each poll finds them overdue again.
    numbers = [await_transfer_on_page(tenant)[0] for _ in range(2)]
    for days in (0.1, 7.2):
        with later(days=days):
            work(tenant)
    for days in (7.2, 7.3):
        with later(days=days):
            relay.relay(tenant.id)
    expected = [MessageStatus.SENT, MessageStatus.SUPERSEDED]
    assert [status for number in numbers for _, status in messages_of(tenant, number)] == expected

    # It is not enqueued again, neither while the mailbox has its message nor later.
    for days in (7.4, 9.0):
        with later(days=days):
            poll_again(tenant, numbers[1])
        assert [status for number in numbers for _, status in messages_of(tenant, number)] == expected
