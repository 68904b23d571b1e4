"""What is owed leaves once, however often it fails first; what is no longer true is not said."""

import email
import email.policy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from sqlalchemy import select

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain.order_money import current_payment
from lumira.models import Alert, MessageStatus, OutboxMessage, Receipt
from lumira.notifications import attachments, delivery, relay
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def pay(brand: Brand, **sale):
    opened = open_payment(brand, **sale)
    deliver(
        brand,
        event("payment_intent.succeeded", payment_intent(id=opened.payment_intent_id, status="succeeded")),
    )
    return load_order(brand, opened.order_number)


def messages(brand: Brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        return list(db.session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars())


def kept(settings: Settings, message: OutboxMessage) -> EmailMessage:
    path = settings.instance_path / "outbox" / f"{message.id}.eml"
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def later(*, minutes: int, tenant: Brand) -> None:
    """Send what is due so many minutes from now."""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        relay.relay(tenant.id)


def test_the_confirmation_says_what_was_bought_and_can_be_read_by_any_mail_program(tenant, settings) -> None:
    order = pay(tenant)
    assert relay.relay(tenant.id) == 1

    [message] = messages(tenant)
    letter = kept(settings, message)
    assert message.status is MessageStatus.SENT
    assert letter["To"] == BUYER
    assert order.order_number in letter["Subject"]
    assert letter["Message-ID"] == f"<{message.id}@localhost>"
    for form in ("plain", "html"):
        text = letter.get_body((form,)).get_content()
        assert "Niveau Mystique" in text
        assert "47,00\N{NO-BREAK SPACE}€" in text


def test_relaying_again_sends_nothing_again(tenant) -> None:
    pay(tenant)
    assert [relay.relay(tenant.id), relay.relay(tenant.id)] == [1, 0]


def test_a_declined_try_is_told_to_the_buyer(tenant, settings) -> None:
    opened = open_payment(tenant)
    intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_1"))
    deliver(tenant, event("payment_intent.payment_failed", intent))
    later(minutes=2, tenant=tenant)

    [message] = messages(tenant)
    assert (message.kind, message.status) == ("payment_failed", MessageStatus.SENT)
    assert "réessayer" in kept(settings, message).get_body(("plain",)).get_content()


def test_of_several_tries_in_a_row_the_last_is_told_when_its_buyer_has_given_up(tenant) -> None:
    opened = open_payment(tenant)
    for charge in ("ch_1", "ch_2", "ch_3"):
        intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined(charge))
        deliver(tenant, event("payment_intent.payment_failed", intent))
        assert relay.relay(tenant.id) == 0
    later(minutes=2, tenant=tenant)
    assert {m.subject: m.status for m in messages(tenant)} == {
        "ch_1": MessageStatus.SUPERSEDED,
        "ch_2": MessageStatus.SUPERSEDED,
        "ch_3": MessageStatus.SENT,
    }


def test_a_decline_is_not_told_any_more_once_the_order_is_paid(tenant) -> None:
    opened = open_payment(tenant)
    intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_1"))
    deliver(tenant, event("payment_intent.payment_failed", intent))
    deliver(
        tenant,
        event("payment_intent.succeeded", payment_intent(id=opened.payment_intent_id, status="succeeded")),
    )
    later(minutes=2, tenant=tenant)
    assert [(m.kind, m.status) for m in messages(tenant)] == [
        ("payment_failed", MessageStatus.SUPERSEDED),
        ("order_confirmation", MessageStatus.SENT),
    ]


@pytest.fixture
def broken_post(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Sending fails as long as the list says why."""
    reasons = ["the disk is full"]
    deliver_for_real = delivery.deliver

    def deliver_or_fail(message: EmailMessage, *, name: str) -> None:
        if reasons:
            raise OSError(reasons[0])
        deliver_for_real(message, name=name)

    monkeypatch.setattr(delivery, "deliver", deliver_or_fail)
    return reasons


def test_a_message_that_cannot_be_sent_is_tried_again_later(tenant, broken_post) -> None:
    pay(tenant)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (message.status, message.attempts) == (MessageStatus.PENDING, 1)
    assert "the disk is full" in message.last_error

    broken_post.clear()
    assert relay.relay(tenant.id) == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        assert relay.relay(tenant.id) == 1
    assert messages(tenant)[0].status is MessageStatus.SENT


def test_one_message_that_cannot_be_sent_does_not_hold_up_the_others(tenant, monkeypatch) -> None:
    pay(tenant)
    pay(tenant)
    deliver_for_real, failed = delivery.deliver, []

    def fail_once(message: EmailMessage, *, name: str) -> None:
        if not failed:
            failed.append(name)
            raise OSError
        deliver_for_real(message, name=name)

    monkeypatch.setattr(delivery, "deliver", fail_once)
    relay.relay(tenant.id)
    assert sorted(m.status for m in messages(tenant)) == [MessageStatus.PENDING, MessageStatus.SENT]


def alerts_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert.kind)).scalars())


def test_a_message_that_cannot_be_sent_for_a_day_becomes_an_alert(tenant, broken_post) -> None:
    pay(tenant)
    start = now = datetime.now(UTC)
    while messages(tenant)[0].status is MessageStatus.PENDING:
        now = max(now, messages(tenant)[0].next_attempt_at) + timedelta(milliseconds=1)
        with time_machine.travel(now):
            relay.relay(tenant.id)
    assert messages(tenant)[0].status is MessageStatus.DEAD
    assert timedelta(hours=24) < now - start < timedelta(hours=29)
    assert alerts_of(tenant) == ["message_dead"]


def test_a_message_that_waited_for_days_without_a_worker_is_tried_as_often_as_any(
    tenant, broken_post
) -> None:
    pay(tenant)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        relay.relay(tenant.id)
    assert messages(tenant)[0].status is MessageStatus.PENDING
    assert alerts_of(tenant) == []


def test_a_worker_that_is_too_slow_does_not_undo_what_another_one_sent(tenant, monkeypatch) -> None:
    pay(tenant)
    deliver_for_real, sent = delivery.deliver, []

    def hang_and_fail(message: EmailMessage, *, name: str) -> None:
        monkeypatch.setattr(delivery, "deliver", deliver_for_real)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
            sent.append(relay.relay(tenant.id))
        raise OSError

    monkeypatch.setattr(delivery, "deliver", hang_and_fail)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (sent, message.status, message.last_error) == ([1], MessageStatus.SENT, None)


@pytest.fixture
def slow_pen(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens while the next PDF is drawn, which takes longer than a lease lasts."""
    meanwhile: list[Callable[[], None]] = []
    render_for_real = attachments.render_receipt

    def render_slowly(receipt: Receipt | None, *, locale: str) -> attachments.Attachment | None:
        if meanwhile:
            happening = meanwhile.pop()
            with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
                happening()
        return render_for_real(receipt, locale=locale)

    monkeypatch.setattr(attachments, "render_receipt", render_slowly)
    return meanwhile


@pytest.fixture
def letters_sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each letter that left, as often as it did."""
    sent: list[str] = []
    monkeypatch.setattr(delivery, "deliver", lambda _message, *, name: sent.append(name))
    return sent


def test_a_letter_whose_paper_takes_longer_to_draw_than_a_lease_lasts_leaves_once(
    tenant, slow_pen, letters_sent
) -> None:
    pay(tenant)
    slow_pen.append(lambda: relay.relay(tenant.id))
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert letters_sent == [str(message.id)]
    assert message.status is MessageStatus.SENT


def test_a_letter_whose_paper_takes_long_to_draw_is_still_sent_where_nobody_else_has_taken_it(
    tenant, slow_pen, letters_sent
) -> None:
    pay(tenant)
    slow_pen.append(lambda: None)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert letters_sent == [str(message.id)]
    assert message.status is MessageStatus.SENT


def test_nobody_takes_a_letter_that_is_being_sent_after_its_paper_was_drawn(tenant, monkeypatch) -> None:
    pay(tenant)
    start, others = datetime.now(UTC), []
    # The clock stands still: on a slow machine rendering takes longer than the lease allows here.
    clock = time_machine.travel(start, tick=False)
    render_for_real = attachments.render_receipt

    def render_slowly(receipt: Receipt | None, *, locale: str) -> attachments.Attachment | None:
        travelling.move_to(start + timedelta(seconds=20))
        return render_for_real(receipt, locale=locale)

    def send_slowly(_message: EmailMessage, *, name: str) -> None:
        travelling.move_to(start + timedelta(seconds=38))
        others.append(relay.relay(tenant.id))

    monkeypatch.setattr(attachments, "render_receipt", render_slowly)
    monkeypatch.setattr(delivery, "deliver", send_slowly)
    with clock as travelling:
        relay.relay(tenant.id)
    assert others == [0]


def test_an_error_that_no_text_of_the_database_holds_is_kept_all_the_same(tenant, monkeypatch) -> None:
    def fail(message: EmailMessage, *, name: str) -> None:
        raise OSError("refused: \x00")

    monkeypatch.setattr(delivery, "deliver", fail)
    pay(tenant)
    relay.relay(tenant.id)
    assert "refused: \ufffd" in messages(tenant)[0].last_error


def test_a_message_taken_by_a_process_that_died_is_sent_by_another_with_the_same_identity(
    tenant, settings
) -> None:
    pay(tenant)
    with atomic(tenant.id):
        taken = relay.outbox.claim_next(tenant.id)
    assert relay.relay(tenant.id) == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
        assert relay.relay(tenant.id) == 1
    assert kept(settings, taken)["Message-ID"] == f"<{taken.id}@localhost>"


def dispute(order, status: str, movements: int) -> dict[str, object]:
    return event(
        "charge.dispute.updated",
        {
            "id": "du_1",
            "object": "dispute",
            "amount": 4700,
            "balance_transactions": [{}] * movements,
            "charge": "ch_1",
            "currency": "eur",
            "payment_intent": current_payment(order).stripe_payment_intent_id,
            "reason": "fraudulent",
            "status": status,
        },
    )


def test_a_confirmation_that_was_not_true_when_its_turn_came_is_sent_once_it_is_true_again(tenant) -> None:
    order = pay(tenant)
    deliver(tenant, dispute(order, "needs_response", 1))
    relay.relay(tenant.id)
    deliver(tenant, dispute(order, "won", 2))
    relay.relay(tenant.id)

    [confirmation] = [message for message in messages(tenant) if message.kind == "order_confirmation"]
    assert confirmation.status is MessageStatus.SENT
