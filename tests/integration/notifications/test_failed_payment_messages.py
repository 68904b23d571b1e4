"""A mailbox gets one message about failed payments a day, whoever opens the payments and however many."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import MessageKind, MessageStatus, OutboxMessage
from lumira.notifications import relay
from lumira.services.checkout.create_payment_intent import PaymentOpened
from tests.support.factories import Brand, open_payment
from tests.support.mail_server import Mailbox
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

PENDING, SENT, SUPERSEDED = MessageStatus.PENDING, MessageStatus.SENT, MessageStatus.SUPERSEDED
START = datetime.now(UTC)


def fail(brand: Brand, email: str, *, hours: float = 0) -> PaymentOpened:
    """Let a payment for this address fail, and send what is due three minutes later."""
    with time_machine.travel(START + timedelta(hours=hours)):
        opened = open_payment(brand, customer_email=email)
        decline(brand, opened)
    relay_at(brand, hours=hours)
    return opened


def decline(brand: Brand, opened: PaymentOpened, attempt: int = 1) -> None:
    charge = f"ch_{opened.order_number}_{attempt}"
    intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined(charge))
    deliver(brand, event("payment_intent.payment_failed", intent))


def pay(brand: Brand, opened: PaymentOpened) -> None:
    deliver(
        brand,
        event("payment_intent.succeeded", payment_intent(id=opened.payment_intent_id, status="succeeded")),
    )


def relay_at(brand: Brand, *, hours: float) -> None:
    with time_machine.travel(START + timedelta(hours=hours, minutes=3)):
        relay.relay(brand.id)


def statuses(brand: Brand) -> list[MessageStatus]:
    with atomic(brand.id):
        query = select(OutboxMessage.status).where(OutboxMessage.kind == MessageKind.PAYMENT_FAILED)
        return list(db.session.execute(query.order_by(OutboxMessage.id)).scalars())


def attempts(brand: Brand) -> list[int]:
    with atomic(brand.id):
        return list(db.session.execute(select(OutboxMessage.attempts).order_by(OutboxMessage.id)).scalars())


def test_a_mailbox_gets_one_message_a_day_whatever_the_number_of_orders(tenant: Brand) -> None:
    for hours in (0, 1, 23):
        fail(tenant, "ana@example.com", hours=hours)
    fail(tenant, "ana@example.com", hours=24.5)
    assert statuses(tenant) == [SENT, SUPERSEDED, SUPERSEDED, SENT]


def test_an_order_that_fails_again_and_again_is_reported_once_a_day(tenant: Brand) -> None:
    opened = fail(tenant, "ana@example.com")
    for hours in (1, 2):
        with time_machine.travel(START + timedelta(hours=hours)):
            decline(tenant, opened, attempt=1 + hours)
        relay_at(tenant, hours=hours)
    assert statuses(tenant) == [SENT, SUPERSEDED, SUPERSEDED]


def test_addresses_with_tags_share_the_message_of_their_mailbox(tenant: Brand) -> None:
    for hours, email in enumerate(("ana@example.com", "ana+1@example.com", "Ana+2@EXAMPLE.com")):
        fail(tenant, email, hours=hours)
    assert statuses(tenant) == [SENT, SUPERSEDED, SUPERSEDED]


def test_letters_beyond_ascii_are_compared_without_their_case(tenant: Brand) -> None:
    for hours, letter in enumerate(
        "\N{LATIN SMALL LETTER E WITH ACUTE}\N{LATIN CAPITAL LETTER E WITH ACUTE}"
    ):
        fail(tenant, f"{letter}va@example.com", hours=hours)
    assert statuses(tenant) == [SENT, SUPERSEDED]


def test_other_mailboxes_and_other_brands_get_their_own_message(tenant: Brand, other_tenant: Brand) -> None:
    for email in ("ana@example.com", "anabel@example.com", "ana@example.org"):
        fail(tenant, email)
    fail(other_tenant, "ana@example.com")
    assert [statuses(tenant), statuses(other_tenant)] == [[SENT] * 3, [SENT]]


def test_of_payments_that_fail_at_the_same_time_one_is_reported(tenant: Brand) -> None:
    with time_machine.travel(START):
        opened = [open_payment(tenant, customer_email=f"ana+{number}@example.com") for number in range(3)]
        for payment in opened:
            decline(tenant, payment)
    relay_at(tenant, hours=0)
    relay_at(tenant, hours=0.1)
    assert sorted(statuses(tenant)) == [SENT, SUPERSEDED, SUPERSEDED]


def test_a_failed_payment_is_reported_if_the_older_one_of_the_mailbox_is_paid_before_its_message(
    tenant: Brand,
) -> None:
    with time_machine.travel(START):
        paid, failed = (open_payment(tenant, customer_email="ana@example.com") for _ in range(2))
        for opened in (paid, failed):
            decline(tenant, opened)
        pay(tenant, paid)
    relay_at(tenant, hours=0)
    relay_at(tenant, hours=0.1)
    assert statuses(tenant) == [SUPERSEDED, SENT]


def test_a_failed_payment_waits_for_an_older_message_of_the_mailbox_that_cannot_be_sent_yet(
    tenant: Brand, mailbox: Mailbox
) -> None:
    mailbox.to_data = ["451 later"]
    with time_machine.travel(START):
        older = open_payment(tenant, customer_email="ana@example.com")
        decline(tenant, older)
        decline(tenant, open_payment(tenant, customer_email="ana+1@example.com"))
    relay_at(tenant, hours=0)
    assert statuses(tenant) == [PENDING, PENDING]

    with time_machine.travel(START + timedelta(minutes=4)):
        pay(tenant, older)
    for hours in (0.1, 0.2):
        relay_at(tenant, hours=hours)
    assert statuses(tenant) == [SUPERSEDED, SENT]
    # Waiting is no failed attempt.
    assert attempts(tenant)[1] == 1


def test_a_message_that_was_left_out_is_not_sent_days_later(tenant: Brand) -> None:
    fail(tenant, "ana@example.com")
    opened = fail(tenant, "ana@example.com", hours=1)
    with time_machine.travel(START + timedelta(hours=30)):
        # The event is delivered again, so the order is settled again.
        decline(tenant, opened)
    relay_at(tenant, hours=30)
    assert statuses(tenant) == [SENT, SUPERSEDED]


def test_a_message_that_was_left_out_is_not_tried_again_while_the_mailbox_has_its_message(
    tenant: Brand,
) -> None:
    fail(tenant, "ana@example.com")
    opened = fail(tenant, "ana@example.com", hours=1)
    with time_machine.travel(START + timedelta(hours=2)):
        decline(tenant, opened)
    assert statuses(tenant) == [SENT, SUPERSEDED]
