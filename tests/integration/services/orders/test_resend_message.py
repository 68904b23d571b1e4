"""An operator sends a message again; nothing that is sent automatically is ever doubled by it."""

from uuid import uuid4

import pytest

from lumira.database import atomic
from lumira.errors import Conflict, NotFound
from lumira.models import MessageKind, MessageStatus, OutboxMessage
from lumira.notifications import relay
from lumira.repositories.messages import message_claims
from lumira.services.orders.resend_message import resend_message
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_payment, pending_messages
from tests.support.refunds import deliver_events, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")


def confirmation(brand: Brand, number: str) -> OutboxMessage:
    order = load_order(brand, number)
    [message] = [item for item in order.messages if item.kind is MessageKind.ORDER_CONFIRMATION]
    return message


def resend(brand: Brand, number: str) -> OutboxMessage:
    message = confirmation(brand, number)
    return resend_message(brand.id, message.order_id, message.id, actor="operator:1")


def test_a_sent_message_is_sent_again_under_another_message_id(tenant: Brand) -> None:
    number = pay(tenant).order_number
    relay.relay(tenant.id)
    first = confirmation(tenant, number)
    assert first.status is MessageStatus.SENT

    resend(tenant, number)
    waiting = confirmation(tenant, number)
    assert (waiting.status, waiting.sent_at) == (MessageStatus.PENDING, None)
    relay.relay(tenant.id)

    again = confirmation(tenant, number)
    assert again.status is MessageStatus.SENT
    assert again.identity != first.identity
    assert pending_messages(tenant, again.order_id) == ["order_confirmation"]


def test_settling_and_events_do_not_send_it_once_more(tenant: Brand) -> None:
    number = pay(tenant).order_number
    relay.relay(tenant.id)
    resend(tenant, number)
    relay.relay(tenant.id)

    deliver_events(tenant)
    process.process_events(tenant.id)

    assert confirmation(tenant, number).status is MessageStatus.SENT


def test_a_dead_message_is_sent_under_its_own_message_id(tenant: Brand) -> None:
    number = pay(tenant).order_number
    message_id = confirmation(tenant, number).id
    with atomic(tenant.id) as session:
        message = session.get_one(OutboxMessage, (tenant.id, message_id))
        message.status, message.last_error = MessageStatus.DEAD, "refused"
    resend(tenant, number)

    message = confirmation(tenant, number)
    assert (message.id, message.identity) == (message_id, str(message_id))
    assert (message.status, message.last_error) == (MessageStatus.PENDING, None)


def test_a_message_that_is_no_longer_true_is_refused(tenant: Brand) -> None:
    opened = pay(tenant)
    relay.relay(tenant.id)
    refund(tenant, opened)
    with pytest.raises(Conflict, match="no longer true"):
        resend(tenant, opened.order_number)


def test_a_message_that_is_being_sent_is_refused(tenant: Brand) -> None:
    number = pay(tenant).order_number
    with atomic(tenant.id):
        assert message_claims.claim_due(tenant.id, 1)
    with pytest.raises(Conflict, match="being sent"):
        resend(tenant, number)


def test_a_message_about_a_failed_payment_is_sent_once_a_day(tenant: Brand) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret, "pm_card_chargeDeclined")
    deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    [message] = order.messages
    with atomic(tenant.id) as session:
        session.get_one(OutboxMessage, (tenant.id, message.id)).status = MessageStatus.SENT
    with pytest.raises(Conflict, match="a day"):
        resend_message(tenant.id, order.id, message.id, actor="operator:1")


def test_a_message_of_another_order_or_tenant_is_not_found(tenant: Brand, other_tenant: Brand) -> None:
    order = load_order(tenant, pay(tenant).order_number)
    other = confirmation(tenant, pay(tenant, customer_email="other@example.com").order_number)
    theirs = confirmation(other_tenant, pay(other_tenant).order_number)
    for message_id in (other.id, theirs.id, uuid4()):
        with pytest.raises(NotFound):
            resend_message(tenant.id, order.id, message_id, actor="operator:1")
