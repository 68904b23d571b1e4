"""Every kind of message is sent through a mail server in the recipient's language, once, with one Message-ID."""

# ruff: noqa: RUF001 - the apostrophe that French is printed with

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from threading import Thread

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.clients import smtp
from lumira.database import atomic, db
from lumira.domain.commands import Consents
from lumira.domain.order_money import current_payment
from lumira.models import (
    Alert,
    AlertKind,
    Customer,
    MessageKind,
    MessageStatus,
    Order,
    OutboxMessage,
    Product,
    Tenant,
)
from lumira.notifications import delivery, relay, send_alerts
from lumira.repositories.messages import message_claims, outbox
from lumira.repositories.orders import orders
from lumira.services.access.change_access import restore_access, revoke_access
from lumira.settlement.settle_order import settle_order
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.mail_server import free_port
from tests.support.seller import EXEMPT
from tests.support.stripe_events import declined, deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

TEAM = "team@example.com"


def pay(brand: Brand, product: str = "mystique", amount: int = 4700, **sale: object) -> Order:
    opened = open_payment(brand, product, **sale)
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded", amount=amount)
    deliver(brand, event("payment_intent.succeeded", intent))
    return load_order(brand, opened.order_number)


def change(brand: Brand, **values: object) -> None:
    with atomic(brand.id):
        db.session.execute(update(Tenant).where(Tenant.id == brand.id).values(**values))


def speak(brand: Brand, locale: str) -> None:
    with atomic(brand.id):
        db.session.execute(update(Customer).where(Customer.tenant_id == brand.id).values(locale=locale))


def messages(brand: Brand) -> list[OutboxMessage]:
    with atomic(brand.id):
        return list(db.session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars())


def alerts(brand: Brand) -> list[Alert]:
    with atomic(brand.id):
        return list(db.session.execute(select(Alert).order_by(Alert.id)).scalars())


def text_of(mail: EmailMessage, form: str = "plain") -> str:
    part = mail.get_body((form,))
    assert part is not None
    return part.get_content()


def dispute(order: Order, status: str, movements: int = 1) -> dict[str, object]:
    payload = {
        "id": f"du_{order.order_number}",
        "object": "dispute",
        "amount": order.amount,
        "balance_transactions": [{}] * movements,
        "charge": f"ch_{order.order_number}",
        "currency": "eur",
        "evidence_details": {"due_by": 1_800_000_000},
        "payment_intent": current_payment(order).stripe_payment_intent_id,
        "reason": "fraudulent",
        "status": status,
    }
    return event("charge.dispute.updated", payload)


def refund(order: Order, amount: int, status: str = "succeeded") -> dict[str, object]:
    payload = {
        "id": f"re_{order.order_number}",
        "object": "refund",
        "amount": amount,
        "charge": f"ch_{order.order_number}",
        "currency": "eur",
        "payment_intent": current_payment(order).stripe_payment_intent_id,
        "status": status,
    }
    return event("refund.updated", payload)


def confirmed(brand: Brand) -> None:
    pay(brand)


def failed(brand: Brand) -> None:
    opened = open_payment(brand)
    intent = payment_intent(id=opened.payment_intent_id, last_payment_error=declined("ch_1"))
    deliver(brand, event("payment_intent.payment_failed", intent))


def transfer_missed(brand: Brand) -> None:
    order = open_payment(brand)
    with atomic(brand.id):
        locked = orders.lock_order(brand.id, orders.get_order(brand.id, order.order_number).id)
        locked.closed_at = datetime.now(UTC) + timedelta(seconds=1)
        settle_order(locked, actor="test")
        outbox.enqueue(locked, MessageKind.TRANSFER_NOT_RECEIVED)


def refunded(brand: Brand) -> None:
    deliver(brand, refund(pay(brand), 4700))


def refund_returned(brand: Brand) -> None:
    order = pay(brand)
    deliver(brand, refund(order, 4700))
    relay.relay(brand.id)
    deliver(brand, refund(order, 4700, "failed"))


def restored(brand: Brand) -> None:
    order = pay(brand)
    deliver(brand, dispute(order, "needs_response"), dispute(order, "won", 2))


def delivered(brand: Brand) -> None:
    with atomic(brand.id):
        product = db.session.get_one(Product, (brand.id, "mystique"))
        product.deliverables = [{"key": "audio", "title": "Audio 25 min"}]
    order = pay(brand)
    with atomic(brand.id):
        locked = orders.lock_order(brand.id, order.id)
        outbox.enqueue(locked, MessageKind.DELIVERABLE_READY, str(locked.lines[0].promises[0].id))


def disputed(brand: Brand) -> None:
    deliver(brand, dispute(pay(brand), "needs_response"))


#: For each kind its cause, and words of it in French and in English.
KINDS: dict[str, tuple[Callable[[Brand], None], str, str]] = {
    "order_confirmation": (confirmed, "Merci pour votre commande", "Thank you for your order"),
    "payment_failed": (failed, "n’a pas abouti", "did not go through"),
    "transfer_not_received": (transfer_missed, "virement", "did not arrive in time"),
    "order_refunded": (refunded, "Nous vous avons remboursé", "We have refunded"),
    "refund_failed": (refund_returned, "Ce remboursement a échoué", "This refund failed"),
    "access_ready": (restored, "Votre accès est ouvert", "Your access is open"),
    "deliverable_ready": (delivered, "Audio 25 min", "Audio 25 min"),
}


def test_a_refund_that_failed_before_its_message_was_sent_is_not_announced_nor_corrected(tenant, mailbox):
    order = pay(tenant)
    deliver(tenant, refund(order, 4700), refund(order, 4700, "failed"))
    relay.relay(tenant.id)
    statuses = {str(message.kind): message.status for message in messages(tenant)}
    assert statuses["order_refunded"] is statuses["refund_failed"] is MessageStatus.SUPERSEDED
    assert len(mailbox.received) == 1


@pytest.mark.parametrize("locale", ["fr", "en", None])
@pytest.mark.parametrize("kind", KINDS)
def test_buyers_get_messages_in_their_language_as_html_and_text(kind, locale, tenant, mailbox):
    cause, french, english = KINDS[kind]
    cause(tenant)
    speak(tenant, locale)
    # A declined attempt is sent after the delay in which the buyer may try again.
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        relay.relay(tenant.id)

    [message] = [each for each in messages(tenant) if each.kind == kind]
    [mail] = [each for each in mailbox.received if f"<{message.id}@" in each["Message-ID"]]
    words = english if locale == "en" else french
    assert message.status is MessageStatus.SENT
    assert mail["To"] == BUYER
    assert mail["From"] == f"{tenant.name} <no-reply@lumira.example>"
    assert mail["Content-Language"] == (locale or "fr")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == message.created_at.replace(microsecond=0)
    for form in ("plain", "html"):
        assert words in text_of(mail, form)
    assert not mail.defects
    assert max(len(line) for line in mail.as_bytes().splitlines()) <= 998


def test_a_dispute_notifies_the_team_with_its_due_date(tenant, mailbox):
    change(tenant, alert_email=TEAM)
    disputed(tenant)
    relay.relay(tenant.id)
    [mail] = [each for each in mailbox.received if each["To"] == TEAM]
    assert "contesté" in mail["Subject"]
    assert "15 janvier 2027" in text_of(mail)


def test_without_an_alert_address_a_sender_that_is_read_is_notified(tenant, mailbox):
    delivery.configure(replace(delivery._configured[0], mail_from="Lumira <shop@lumira.example>"))
    disputed(tenant)
    relay.relay(tenant.id)
    assert "shop@lumira.example" in [mail["To"] for mail in mailbox.received]


def test_nothing_is_sent_to_a_no_reply_address_and_an_alert_says_so(tenant, mailbox):
    disputed(tenant)
    relay.relay(tenant.id)
    send_alerts.send_alerts(tenant.id)

    assert "no-reply@lumira.example" not in [mail["To"] for mail in mailbox.received]
    assert {alert.kind for alert in alerts(tenant)} >= {AlertKind.MESSAGE_DEAD, AlertKind.ALERT_NOT_SENT}


def test_a_reply_to_a_message_reaches_the_shop(tenant, mailbox):
    change(tenant, support_email="contact@shop.example", alert_email=TEAM)
    pay(tenant)
    disputed(tenant)
    relay.relay(tenant.id)

    for mail in mailbox.received:
        to_buyer = mail["To"] == BUYER
        assert mail["Reply-To"] == ("contact@shop.example" if to_buyer else None)
        for form in ("plain", "html"):
            assert ("contact@shop.example" in text_of(mail, form)) is to_buyer
    assert {mail["To"] for mail in mailbox.received} == {BUYER, TEAM}


def test_without_a_support_address_replies_reach_the_seller(tenant, mailbox):
    change(tenant, seller=EXEMPT | {"email": "seller@shop.example"})
    pay(tenant)
    relay.relay(tenant.id)

    assert mailbox.received[0]["Reply-To"] == "seller@shop.example"


@pytest.mark.parametrize("shop_url", [None, "https://shop.example/order?from=mail"])
def test_the_message_about_a_failed_payment_links_to_the_shop(tenant, mailbox, shop_url):
    change(tenant, shop_url=shop_url)
    failed(tenant)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        relay.relay(tenant.id)

    [mail] = mailbox.received
    expected = shop_url or f"https://{tenant.domain}/"
    assert f"Commander de nouveau\u00a0: {expected}" in text_of(mail)
    assert f'href="{expected}"' in text_of(mail, "html")


def test_the_receipt_is_attached_to_the_confirmation_and_the_credit_note_to_the_refund(tenant, mailbox):
    change(tenant, seller=EXEMPT)
    order = pay(tenant)
    relay.relay(tenant.id)
    deliver(tenant, refund(order, 4700))
    relay.relay(tenant.id)

    assert len(mailbox.received) == 2
    for mail in mailbox.received:
        [attachment] = list(mail.iter_attachments())
        assert attachment.get_content_type() == "application/pdf"
        assert attachment.get_content().startswith(b"%PDF-")
        assert attachment.get_filename().endswith(".pdf")
    receipt, credit_note = (text_of(mail) for mail in mailbox.received)
    assert "reçu" in receipt
    assert "avoir" in credit_note


def test_restored_access_is_sent_once_and_unchanged_access_is_not(tenant, mailbox):
    order = pay(tenant)
    deliver(tenant, dispute(order, "warning_needs_response", 0), dispute(order, "warning_closed", 0))
    relay.relay(tenant.id)
    assert [each.kind for each in messages(tenant) if each.kind == "access_ready"] == []

    customer_id = order.customer_id
    revoke_access(tenant.id, customer_id=customer_id, product_id="mystique", actor="operator")
    restore_access(tenant.id, customer_id=customer_id, product_id="mystique", actor="operator")
    relay.relay(tenant.id)
    assert [each.status for each in messages(tenant) if each.kind == "access_ready"] == [MessageStatus.SENT]


def test_access_revoked_again_before_the_message_supersedes_it(tenant, mailbox):
    order = pay(tenant)
    deliver(tenant, dispute(order, "needs_response"), dispute(order, "won", 2), refund(order, 4700))
    relay.relay(tenant.id)
    assert [each.status for each in messages(tenant) if each.kind == "access_ready"] == [
        MessageStatus.SUPERSEDED
    ]


@pytest.mark.parametrize(
    "name", ["Marie\r\nBcc: victim@example.com", "Win money at http://evil.example", "\u202eemaN"]
)
def test_the_buyers_name_is_in_no_message(name, tenant, mailbox):
    order = pay(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Order).where(Order.id == order.id).values(customer_name=name))
    relay.relay(tenant.id)
    [mail], [envelope] = mailbox.received, mailbox.envelopes
    assert envelope.rcpt_tos == [BUYER]
    assert mail["Bcc"] is None
    for form in ("plain", "html"):
        assert "evil" not in text_of(mail, form)
        assert "victim" not in text_of(mail, form)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nBcc: victim@example.com",
        "a@example.com, victim@example.com",
        "team: a@example.com;",
        "Name <a@example.com>",
        "a@",
        "@example.com",
        "a b@example.com",
        "a@exa mple.com",
        "<a@example.com>",
        "=?utf-8?q?x=0d=0aSubject=3a_Urgent=0d=0a=0d=0aPay?=@example.com",
        "=?utf-8?q?victim=40b.example=2c_x?=@example.com",
    ],
)
def test_an_invalid_address_gets_nothing_and_raises_an_alert_at_once(address, tenant, mailbox):
    order = pay(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Order).where(Order.id == order.id).values(customer_email=address))
        db.session.execute(update(Customer).where(Customer.id == order.customer_id).values(email=address))
    relay.relay(tenant.id)
    assert mailbox.received == []
    assert [message.status for message in messages(tenant)] == [MessageStatus.DEAD]
    assert [(alert.kind, alert.details["reason"]) for alert in alerts(tenant)] == [
        ("message_dead", "undeliverable")
    ]


@pytest.mark.parametrize(
    "name",
    ["Brand\r\nBcc: victim@example.com", "Brand\nX: y", "a\u2028b", "=?utf-8?q?x=0d=0aBcc=3av=40b.example?="],
)
def test_a_brands_name_that_would_break_a_header_sends_nothing(name, tenant, mailbox):
    pay(tenant)
    change(tenant, name=name)
    relay.relay(tenant.id)
    assert mailbox.received == []
    assert messages(tenant)[0].status is MessageStatus.DEAD


def test_encoded_words_in_a_subject_do_not_become_headers(tenant, mailbox):
    order = pay(tenant)
    with atomic(tenant.id):
        number = "=?utf-8?q?x=0d=0aBcc=3av=40b.example=0d=0a=0d=0aPay?="
        db.session.execute(update(Order).where(Order.id == order.id).values(order_number=number))
    relay.relay(tenant.id)
    [mail] = mailbox.received
    assert mail["Bcc"] is None
    assert mail["Subject"].endswith("= ?utf-8?q?x=0d=0aBcc=3av=40b.example=0d=0a=0d=0aPay?= est confirmée")


@pytest.mark.parametrize("name", ['Rose, "Thé" & <Co>', "L’Écrin;", "名前", "a@b.example"])
def test_a_brands_name_may_contain_any_visible_character(name, tenant, mailbox):
    change(tenant, name=name)
    pay(tenant)
    relay.relay(tenant.id)
    [mail] = mailbox.received
    [sender] = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "no-reply@lumira.example")
    assert name in text_of(mail)


def test_a_message_is_retried_after_its_server_was_down(tenant, settings, mailbox):
    order = pay(tenant)
    working = delivery._configured[0]
    delivery.configure(_without_server(working))
    relay.relay(tenant.id)
    assert [(each.status, each.attempts) for each in messages(tenant)] == [(MessageStatus.PENDING, 1)]
    assert load_order(tenant, order.order_number).status == "completed"

    delivery.configure(working)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        relay.relay(tenant.id)
    assert [message.status for message in messages(tenant)] == [MessageStatus.SENT]


def _without_server(settings):
    assert settings.smtp is not None
    return replace(settings, smtp=replace(settings.smtp, port=free_port()))


@pytest.mark.parametrize("where", ["to_recipient", "to_data"])
def test_a_temporary_refusal_is_retried_with_the_same_message_id(where, tenant, mailbox):
    pay(tenant)
    getattr(mailbox, where).append("451 4.7.1 Greylisted, come back")
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (message.status, mailbox.received, alerts(tenant)) == (MessageStatus.PENDING, [], [])

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
        relay.relay(tenant.id)
    assert [mail["Message-ID"] for mail in mailbox.received] == [f"<{message.id}@lumira.example>"]


def test_a_permanently_refused_recipient_is_given_up_at_once_with_one_alert(tenant, mailbox):
    change(tenant, alert_email=TEAM)
    pay(tenant)
    mailbox.to_recipient.append("550 5.1.1 No such user here")
    relay.relay(tenant.id)
    [message] = messages(tenant)
    assert (message.status, message.attempts) == (MessageStatus.DEAD, 1)
    assert "No such user here" in message.last_error

    assert send_alerts.send_alerts(tenant.id) == 1
    [mail] = mailbox.received
    assert mail["To"] == TEAM
    assert "message_dead" in text_of(mail)
    assert BUYER not in mail.as_string()


def test_a_server_that_hangs_delays_one_attempt_only(tenant, mailbox, monkeypatch):
    monkeypatch.setattr(smtp, "REPLY_TIMEOUT", 0.3)
    mailbox.pause = 2
    pay(tenant)
    relay.relay(tenant.id)
    assert [message.status for message in messages(tenant)] == [MessageStatus.PENDING]


def test_a_crash_between_sending_and_marking_repeats_only_that_message(tenant, mailbox, monkeypatch):
    pay(tenant)

    def die(*_: object) -> None:
        raise SystemExit

    # Until the end: what is in flight is recorded once more before the relay ends.
    with monkeypatch.context() as crashing:
        crashing.setattr(relay, "_mark", die)
        with pytest.raises(SystemExit):
            relay.relay(tenant.id)
    pay(tenant)
    relay.relay(tenant.id)
    with time_machine.travel(datetime.now(UTC) + message_claims.LEASE + timedelta(seconds=5)):
        relay.relay(tenant.id)

    first, second = messages(tenant)
    ids = [mail["Message-ID"] for mail in mailbox.received]
    assert sorted(ids) == sorted(f"<{each.id}@lumira.example>" for each in (first, first, second))
    assert {message.status for message in (first, second)} == {MessageStatus.SENT}


def test_concurrent_workers_send_every_message_once(app, tenant, mailbox):
    for _ in range(4):
        pay(tenant)

    def work() -> None:
        with app.app_context():
            relay.relay(tenant.id)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [mail["Message-ID"] for mail in mailbox.received]
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize("form", ["plain", "html"])
@pytest.mark.parametrize(
    ("locale", "sentence"), [("fr", "droit de rétractation"), ("en", "right of withdrawal")]
)
def test_a_confirmation_repeats_what_the_buyer_consented_to(make_brand, mailbox, form, locale, sentence):
    tenant = make_brand(terms_version="2026-11", terms_url="https://shop.example/terms")
    given = Consents(terms="2026-11", immediate_delivery=True)
    pay(tenant, consents=given, locale=locale)
    relay.relay(tenant.id)

    [mail] = mailbox.received
    text = " ".join(text_of(mail, form).split())
    assert "version 2026-11" in text
    assert "https://shop.example/terms" in text
    assert sentence in text


@pytest.mark.parametrize("form", ["plain", "html"])
def test_a_confirmation_shows_no_text_that_the_caller_sent_as_a_version_of_the_terms(tenant, mailbox, form):
    pay(tenant, consents=Consents(terms="call 555-0100 now"))
    relay.relay(tenant.id)

    [mail] = mailbox.received
    assert "555-0100" not in text_of(mail, form)
