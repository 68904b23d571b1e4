"""The messages of an order whose address an operator corrects are sent to the new address."""

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import MessageStatus, OutboxMessage
from lumira.notifications.relay import relay
from lumira.services.access.view_access import view_access
from lumira.services.customers.view_customers import view_customer
from lumira.services.orders.change_address import AddressChange, change_address
from tests.support.factories import Brand, load_order
from tests.support.mail_server import Mailbox
from tests.support.refunds import alerts_of, audited, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")

TYPO, OWN = "ana@exmaple.com", "ana@example.com"


def correct(brand: Brand, order_number: str, email: str = OWN) -> AddressChange:
    order = load_order(brand, order_number)
    return change_address(brand.id, order.id, email, actor="operator")


def sent_to(brand: Brand, mailbox: Mailbox) -> list[str]:
    mailbox.received.clear()
    relay(brand.id)
    return [message["To"] for message in mailbox.received]


def test_the_messages_of_an_order_with_a_mistyped_address_are_sent_to_the_right_one(tenant, mailbox):
    opened = pay(tenant, customer_email=TYPO, customer_name="Ana")
    refund(tenant, opened, 700)
    assert sent_to(tenant, mailbox) == [TYPO, TYPO]

    changed = correct(tenant, opened.order_number)

    assert changed.messages == 2
    assert sent_to(tenant, mailbox) == [OWN, OWN]
    assert view_access(tenant.id, customer_email=OWN, product_id="mystique").active
    assert not view_access(tenant.id, customer_email=TYPO, product_id="mystique").active
    assert view_customer(tenant.id, OWN).customer.name == "Ana"
    assert view_customer(tenant.id, TYPO).figures.total_orders == 0
    assert [entry.actor for entry in audited(tenant, "order_address_changed")] == ["operator"]


def test_an_order_paid_without_an_address_is_confirmed_once_it_has_one(tenant, mailbox):
    opened = pay(tenant, customer_email=None)
    assert alerts_of(tenant) == [("paid_without_recipient", opened.order_number)]

    assert correct(tenant, opened.order_number).messages == 1

    assert sent_to(tenant, mailbox) == [OWN]
    assert view_access(tenant.id, customer_email=OWN, product_id="mystique").active
    assert alerts_of(tenant) == []


def test_a_dead_message_is_sent_to_the_right_address(tenant, mailbox):
    opened = pay(tenant, customer_email=TYPO)
    mailbox.to_recipient[:] = ["550 No such user"]
    assert sent_to(tenant, mailbox) == []
    assert [kind for kind, _ in alerts_of(tenant)] == ["message_dead"]

    correct(tenant, opened.order_number)

    assert sent_to(tenant, mailbox) == [OWN]
    assert alerts_of(tenant) == []


def test_messages_that_are_no_longer_true_are_not_sent_again(tenant, mailbox):
    opened = pay(tenant, customer_email=TYPO)
    sent_to(tenant, mailbox)
    refund(tenant, opened)

    correct(tenant, opened.order_number)

    with atomic(tenant.id):
        pending = db.session.execute(
            select(OutboxMessage.kind).where(OutboxMessage.status == MessageStatus.PENDING)
        ).scalars()
        assert list(pending) == ["order_refunded"]
