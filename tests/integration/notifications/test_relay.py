"""Enqueued messages are sent once, however often an attempt fails; superseded messages are not sent."""

import email
import email.policy
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from config.settings import Settings
from lumira.database import atomic, db
from lumira.domain.order_money import current_payment
from lumira.models import Alert, MessageKind, MessageStatus, OutboxMessage, Receipt
from lumira.notifications import attachments, composers, delivery, relay
from lumira.repositories.messages import message_claims, outbox
from lumira.repositories.orders import orders
from lumira.webhooks import process
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.log_lines import logged
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
    """Relay the messages that are due this many minutes from now."""
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        relay.relay(tenant.id)


def test_the_confirmation_names_the_purchase_in_plain_text_and_html(tenant, settings) -> None:
    order = pay(tenant)
    assert relay.relay(tenant.id) == 1

    [message] = messages(tenant)
    mail = kept(settings, message)
    assert message.status is MessageStatus.SENT
    assert mail["To"] == BUYER
    assert order.order_number in mail["Subject"]
    assert mail["Message-ID"] == f"<{message.id}@localhost>"
    for form in ("plain", "html"):
        text = mail.get_body((form,)).get_content()
        assert "Niveau Mystique" in text
        assert "47,00\N{NO-BREAK SPACE}€" in text


def test_relaying_again_sends_nothing(tenant) -> None:
    pay(tenant)
    assert [relay.relay(tenant.id), relay.relay(tenant.id)] == [1, 0]


def test_a_declined_payment_notifies_the_buyer(tenant, settings) -> None:
    opened = open_payment(tenant)
    intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_1"))
    deliver(tenant, event("payment_intent.payment_failed", intent))
    later(minutes=2, tenant=tenant)

    [message] = messages(tenant)
    assert (message.kind, message.status) == ("payment_failed", MessageStatus.SENT)
    assert "commander de nouveau" in kept(settings, message).get_body(("plain",)).get_content()


def test_only_the_last_of_several_declined_attempts_is_sent(tenant) -> None:
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


def test_a_declined_attempt_is_superseded_once_the_order_is_paid(tenant) -> None:
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
def broken_delivery(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Delivery fails while the list has a reason."""
    reasons = ["the disk is full"]
    deliver_for_real = delivery.deliver

    def deliver_or_fail(message: EmailMessage, *, name: str) -> None:
        if reasons:
            raise OSError(reasons[0])
        deliver_for_real(message, name=name)

    monkeypatch.setattr(delivery, "deliver", deliver_or_fail)
    return reasons


def test_a_message_that_cannot_be_sent_is_retried_later(tenant, broken_delivery) -> None:
    pay(tenant)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (message.status, message.attempts) == (MessageStatus.PENDING, 1)
    assert "the disk is full" in message.last_error

    broken_delivery.clear()
    assert relay.relay(tenant.id) == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        assert relay.relay(tenant.id) == 1
    assert messages(tenant)[0].status is MessageStatus.SENT


def test_one_message_that_cannot_be_sent_does_not_block_the_others(tenant, monkeypatch) -> None:
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


def test_a_message_that_cannot_be_sent_for_a_day_becomes_an_alert(tenant, broken_delivery) -> None:
    pay(tenant)
    start = now = datetime.now(UTC)
    while messages(tenant)[0].status is MessageStatus.PENDING:
        now = max(now, messages(tenant)[0].next_attempt_at) + timedelta(milliseconds=1)
        with time_machine.travel(now):
            relay.relay(tenant.id)
    assert messages(tenant)[0].status is MessageStatus.DEAD
    assert timedelta(hours=24) < now - start < timedelta(hours=29)
    assert alerts_of(tenant) == ["message_dead"]


def test_time_without_a_worker_does_not_count_as_attempts(tenant, broken_delivery) -> None:
    pay(tenant)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        relay.relay(tenant.id)
    assert messages(tenant)[0].status is MessageStatus.PENDING
    assert alerts_of(tenant) == []


def test_a_slow_worker_does_not_undo_what_another_worker_sent(app, tenant, monkeypatch) -> None:
    pay(tenant)
    deliver_for_real, sent = delivery.deliver, []

    def hang_and_fail(message: EmailMessage, *, name: str) -> None:
        monkeypatch.setattr(delivery, "deliver", deliver_for_real)
        with app.app_context(), time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
            sent.append(relay.relay(tenant.id))
        raise OSError

    monkeypatch.setattr(delivery, "deliver", hang_and_fail)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (sent, message.status, message.last_error) == ([1], MessageStatus.SENT, None)


@pytest.fixture
def slow_rendering(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    """Called while the next PDF is rendered, which takes longer than a lease."""
    meanwhile: list[Callable[[], object]] = []
    render_for_real = attachments.render_receipt
    later = time_machine.travel(datetime.now(UTC) + timedelta(seconds=30))

    def render_slowly(receipt: Receipt | None, *, locale: str) -> attachments.Attachment | None:
        if meanwhile:
            happening = meanwhile.pop()
            later.start()
            with app.app_context():
                happening()
        return render_for_real(receipt, locale=locale)

    monkeypatch.setattr(attachments, "render_receipt", render_slowly)
    yield meanwhile
    later.stop()


@pytest.fixture
def sent_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of every delivery, in order."""
    sent: list[str] = []
    monkeypatch.setattr(delivery, "deliver", lambda _message, *, name: sent.append(name))
    return sent


def test_a_message_whose_receipt_renders_longer_than_its_lease_is_sent_once(
    tenant, slow_rendering, sent_names
) -> None:
    pay(tenant)
    slow_rendering.append(lambda: relay.relay(tenant.id))
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert sent_names == [str(message.id)]
    assert message.status is MessageStatus.SENT


def test_an_expired_lease_that_no_worker_has_claimed_is_renewed(tenant, slow_rendering, sent_names) -> None:
    pay(tenant)
    slow_rendering.append(lambda: None)
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert sent_names == [str(message.id)]
    assert message.status is MessageStatus.SENT


def test_a_message_is_not_claimed_again_while_it_is_sent_after_slow_rendering(
    app, tenant, monkeypatch
) -> None:
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
        with app.app_context():
            others.append(relay.relay(tenant.id))

    monkeypatch.setattr(attachments, "render_receipt", render_slowly)
    monkeypatch.setattr(delivery, "deliver", send_slowly)
    with clock as travelling:
        relay.relay(tenant.id)
    assert others == [0]


def test_messages_are_sent_while_others_wait_for_the_mail_server(tenant, monkeypatch) -> None:
    for _ in range(3):
        pay(tenant)
    all_wait = threading.Barrier(3)
    # Raises an error unless all three are sent at the same time.
    monkeypatch.setattr(delivery, "deliver", lambda _message, **_: all_wait.wait(timeout=30))
    relay.relay(tenant.id)

    assert {message.status for message in messages(tenant)} == {MessageStatus.SENT}


def test_a_message_that_becomes_due_meanwhile_does_not_wait_for_a_slow_one(tenant, monkeypatch, app) -> None:
    pay(tenant)
    second_is_sent = threading.Event()

    def wait_for_the_second(_message: EmailMessage, *, name: str) -> None:
        if name != first:
            second_is_sent.set()
            return
        with app.app_context():
            pay(tenant)
        assert second_is_sent.wait(timeout=30)

    [message] = messages(tenant)
    first = str(message.id)
    monkeypatch.setattr(relay, "_LOOK_EVERY", 0.05)
    monkeypatch.setattr(delivery, "deliver", wait_for_the_second)

    assert relay.relay(tenant.id) == 2
    assert {message.status for message in messages(tenant)} == {MessageStatus.SENT}


@pytest.fixture
def execute(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Run a statement as the database's operator."""
    engine = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.execute(text(statement))

    yield run
    engine.dispose()


def test_messages_that_are_sent_during_a_failover_of_the_database_are_sent_once(
    tenant, settings, monkeypatch, execute
) -> None:
    for _ in range(3):
        pay(tenant)
    database = make_url(settings.database_url).database
    sent: list[str] = []
    all_wait = threading.Barrier(3)
    ends = threading.Timer(1.0, execute, [f"ALTER DATABASE {database} RESET default_transaction_read_only"])

    def fail_over(_message: EmailMessage, *, name: str) -> None:
        if all_wait.wait(timeout=30) == 0:
            execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
            execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            ends.start()
        all_wait.wait(timeout=30)
        sent.append(name)

    monkeypatch.setattr(delivery, "deliver", fail_over)
    try:
        # On a slow machine it looks for more messages meanwhile, and ends with the error once these are recorded.
        with suppress(OperationalError):
            relay.relay(tenant.id)
    finally:
        ends.join(timeout=30)

    assert sorted(sent) == sorted(str(message.id) for message in messages(tenant))
    assert {message.status for message in messages(tenant)} == {MessageStatus.SENT}


def test_messages_that_cannot_be_marked_do_not_stop_others_from_being_marked(
    tenant, monkeypatch, execute, capsys
) -> None:
    for _ in range(4):
        pay(tenant)
    refused = [str(message.id) for message in messages(tenant)][:2]
    all_wait = threading.Barrier(4)
    monkeypatch.setattr(delivery, "deliver", lambda _message, **_: all_wait.wait(timeout=30))
    execute(
        "ALTER TABLE outbox_messages ADD CONSTRAINT refused "
        f"CHECK (status <> 'sent' OR id NOT IN ('{refused[0]}', '{refused[1]}')) NOT VALID"
    )
    try:
        with pytest.raises(IntegrityError):
            relay.relay(tenant.id)
    finally:
        execute("ALTER TABLE outbox_messages DROP CONSTRAINT refused")

    sent = {str(message.id) for message in messages(tenant) if message.status is MessageStatus.SENT}
    assert sent == {str(message.id) for message in messages(tenant)} - set(refused)
    assert {entry["message_id"] for entry in logged(capsys, "message_not_recorded")} == set(refused)


def test_the_messages_of_one_order_are_sent_one_after_another(tenant) -> None:
    order = pay(tenant)
    with atomic(tenant.id):
        outbox.enqueue(orders.lock_order(tenant.id, order.id), MessageKind.ACCESS_READY)
    claimed = []
    for _ in range(2):
        with atomic(tenant.id):
            claimed.append(message_claims.claim_due(tenant.id, 8))

    assert [len(claims) for claims in claimed] == [1, 0]
    with time_machine.travel(datetime.now(UTC) + message_claims.LEASE + timedelta(seconds=1)):
        relay.relay(tenant.id)
    assert {message.status for message in messages(tenant)} == {MessageStatus.SENT}


def test_a_message_that_cannot_be_composed_does_not_block_the_others(tenant, monkeypatch) -> None:
    broken, order = pay(tenant), pay(tenant)
    compose_for_real = composers.get_composer(MessageKind.ORDER_CONFIRMATION)

    def fail_for_one(context: composers.MessageContext) -> object:
        if context.order.id == broken.id:
            raise ValueError
        return compose_for_real(context)

    monkeypatch.setitem(composers._composers, MessageKind.ORDER_CONFIRMATION, fail_for_one)
    relay.relay(tenant.id)

    statuses = {message.order_id: message.status for message in messages(tenant)}
    assert statuses == {broken.id: MessageStatus.PENDING, order.id: MessageStatus.SENT}


def test_an_error_with_nul_characters_is_stored(tenant, monkeypatch) -> None:
    def fail(message: EmailMessage, *, name: str) -> None:
        raise OSError("refused: \x00")

    monkeypatch.setattr(delivery, "deliver", fail)
    pay(tenant)
    relay.relay(tenant.id)
    assert "refused: \ufffd" in messages(tenant)[0].last_error


def test_a_message_of_a_killed_worker_is_sent_with_the_same_message_id(tenant, settings) -> None:
    pay(tenant)
    with atomic(tenant.id):
        [taken] = message_claims.claim_due(tenant.id, 1)
    assert relay.relay(tenant.id) == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
        assert relay.relay(tenant.id) == 1
    [message] = messages(tenant)
    assert message.id == taken.message_id
    assert kept(settings, message)["Message-ID"] == f"<{taken.message_id}@localhost>"


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


def test_a_superseded_confirmation_is_sent_once_it_is_current_again(tenant) -> None:
    order = pay(tenant)
    deliver(tenant, dispute(order, "needs_response", 1))
    relay.relay(tenant.id)
    deliver(tenant, dispute(order, "won", 2))
    relay.relay(tenant.id)

    [confirmation] = [message for message in messages(tenant) if message.kind == "order_confirmation"]
    assert confirmation.status is MessageStatus.SENT


def test_while_a_backlog_of_events_is_processed_one_message_is_sent_at_a_time(tenant, monkeypatch) -> None:
    for _ in range(3):
        pay(tenant)
    monkeypatch.setattr(delivery, "deliver", lambda _message, **_: None)
    with process._backlog.begun(), relay._Sending(tenant.id) as sending:
        assert [sending.begin(), sending.begin()] == [1, 0]
    with relay._Sending(tenant.id) as sending:
        assert sending.begin() == 2
    assert {message.status for message in messages(tenant)} == {MessageStatus.SENT}


@pytest.mark.parametrize(("seconds", "pauses"), [(120.0, 2), (0.0, 0)])
def test_in_the_first_minutes_of_a_backlog_a_pause_follows_each_message(
    tenant, monkeypatch, seconds, pauses
) -> None:
    for _ in range(2):
        pay(tenant)
    monkeypatch.setattr(delivery, "deliver", lambda _message, **_: None)
    monkeypatch.setattr(relay, "_PAUSES_FOR", seconds)
    paused = []
    monkeypatch.setattr(relay.time, "sleep", paused.append)
    with process._backlog.begun():
        assert relay.relay(tenant.id) == 2
    assert paused == [relay._PAUSE] * pauses
