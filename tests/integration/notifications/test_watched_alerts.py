"""Webhooks that do not arrive and events that are not processed raise one alert, which resolves itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, WebhookEvent
from lumira.notifications import send_alerts
from lumira.reconciliation import reconcile
from lumira.repositories.alerts import alerts
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, open_payment
from tests.support.mail_server import Mailbox
from tests.support.stripe_events import deliver, event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")

_began: list[datetime] = []


@pytest.fixture(autouse=True)
def began() -> None:
    """Every time of a test is counted from its own begin."""
    _began[:] = [datetime.now(UTC)]


@contextmanager
def after(minutes: float) -> Iterator[None]:
    with time_machine.travel(_began[0] + timedelta(minutes=minutes)):
        yield


def watch(brand: Brand, minutes: float) -> None:
    """What a worker does each minute, so many minutes after the test began."""
    with after(minutes):
        reconcile.recover_events(brand.id)
        send_alerts.send_alerts(brand.id)


def pay(brand: Brand) -> None:
    opened = open_payment(brand)
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)


def receive_event(brand: Brand, minutes: float) -> None:
    with after(minutes):
        receive(brand, event("payment_intent.canceled", payment_intent(id="pi_1", status="canceled")))


def open_kinds(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = select(Alert.kind).where(Alert.resolved_at.is_(None)).order_by(Alert.kind)
        return list(db.session.execute(query).scalars())


def subjects(mailbox: Mailbox) -> list[str]:
    return [mail["Subject"].partition(" (")[0] for mail in mailbox.received]


@pytest.fixture
def shop(make_brand, mailbox: Mailbox) -> Brand:
    """A shop whose reconciliation runs, and to which no webhook endpoint delivers."""
    brand = make_brand(alert_email="team@example.com")
    watch(brand, 0)
    return brand


def test_a_shop_whose_webhooks_do_not_arrive_is_alerted_after_a_quarter_of_an_hour(shop, mailbox) -> None:
    with after(1):
        pay(shop)
    watch(shop, 3)
    process.process_events(shop.id)
    watch(shop, 14)
    assert open_kinds(shop) == []

    watch(shop, 19)
    watch(shop, 20)
    assert open_kinds(shop) == ["webhooks_missing"]
    [mail] = mailbox.received
    assert "flask webhooks setup" in mail.get_body(("plain",)).get_content()


def test_a_shop_without_payments_is_never_alerted_about_its_webhooks(shop, mailbox) -> None:
    for minutes in (20, 600, 6000):
        watch(shop, minutes)
    assert open_kinds(shop) == []


def test_webhooks_that_arrive_again_resolve_the_alert_and_the_team_is_notified_once(shop, mailbox) -> None:
    with after(1):
        pay(shop)
    watch(shop, 3)
    process.process_events(shop.id)
    watch(shop, 19)
    with after(21):
        deliver(shop, event("payment_intent.succeeded", payment_intent(id="pi_new")))
    watch(shop, 22)
    assert open_kinds(shop) == ["webhooks_missing"]

    for minutes in (30, 31, 40):
        watch(shop, minutes)
    assert open_kinds(shop) == []
    assert subjects(mailbox) == [
        "Alerte : aucun webhook de Stripe n’arrive",  # noqa: RUF001 - as it is printed
        "Résolu : aucun webhook de Stripe n’arrive",  # noqa: RUF001 - as it is printed
    ]
    assert len({mail["Message-ID"] for mail in mailbox.received}) == 2


def test_a_delivery_that_stripe_repeats_shows_that_webhooks_arrive(shop, mailbox) -> None:
    with after(1):
        pay(shop)
    watch(shop, 3)
    process.process_events(shop.id)
    pulled = count(shop, WebhookEvent, is_pulled=True)
    with after(10):
        for stripe_event in stripe_sandbox.events(shop):
            receive(shop, stripe_event)
    process.process_events(shop.id)
    assert pulled > count(shop, WebhookEvent, is_pulled=True) == 0
    watch(shop, 30)
    assert open_kinds(shop) == []


def test_events_from_before_the_first_run_are_no_sign_of_missing_webhooks(make_brand, mailbox) -> None:
    brand = make_brand()
    pay(brand)
    watch(brand, 2)
    process.process_events(brand.id)
    watch(brand, 30)
    assert count(brand, WebhookEvent) > 0
    assert open_kinds(brand) == []


def test_an_event_that_waits_for_five_minutes_raises_an_alert_until_it_is_processed(shop, mailbox) -> None:
    receive_event(shop, 0)
    watch(shop, 4)
    assert open_kinds(shop) == []
    watch(shop, 6)
    watch(shop, 7)
    assert open_kinds(shop) == ["event_waiting"]

    process.process_events(shop.id)
    watch(shop, 18)
    watch(shop, 19)
    assert open_kinds(shop) == []
    assert subjects(mailbox) == ["Alerte : événements en attente", "Résolu : événements en attente"]


def test_a_parked_event_is_not_said_to_wait(shop, mailbox) -> None:
    unknown = payment_intent(id="pi_1", status="succeeded", order_number="LUM-UNKNOWN")
    deliver(shop, event("payment_intent.succeeded", unknown))
    watch(shop, 60)
    assert open_kinds(shop) == []


def test_a_condition_that_comes_and_goes_is_one_alert_and_one_e_mail(shop, mailbox) -> None:
    for minutes in range(10, 60, 7):
        receive_event(shop, minutes - 6)
        watch(shop, minutes)
        process.process_events(shop.id)
        watch(shop, minutes + 1)
    assert subjects(mailbox) == ["Alerte : événements en attente"]


def test_an_alert_that_ends_before_the_team_was_notified_is_never_sent(shop, mailbox) -> None:
    receive_event(shop, 0)
    with after(6):
        reconcile.recover_events(shop.id)
        process.process_events(shop.id)
        reconcile.recover_events(shop.id)
        send_alerts.send_alerts(shop.id)
    assert open_kinds(shop) == []
    assert mailbox.received == []


def test_an_alert_that_was_resolved_by_an_operator_is_raised_again_while_its_condition_is_true(
    shop, mailbox
) -> None:
    receive_event(shop, 0)
    watch(shop, 6)
    with atomic(shop.id):
        alerts.resolve(shop.id, kind=AlertKind.EVENT_WAITING, subject=shop.slug, by="operator:x")
    watch(shop, 7)
    assert open_kinds(shop) == ["event_waiting"]
    assert subjects(mailbox) == ["Alerte : événements en attente"] * 2
