"""Messages to a buyer, and the links in them, reach the customer's own mailbox only."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from lumira.database import atomic
from lumira.models import Customer
from lumira.notifications.relay import relay
from lumira.repositories.customers import customers
from lumira.services.customers.merge_customers import merge_customers
from tests.support import portal_pages, stripe_sandbox
from tests.support.factories import Brand, open_cart, open_payment
from tests.support.mail_server import Mailbox
from tests.support.refunds import deliver_events, pay, refund

pytestmark = pytest.mark.usefixtures("app_context")

#: A typing error, so the mailbox of a stranger.
TYPO, OWN = "ana@exmaple.com", "ana@example.com"


@pytest.fixture(autouse=True)
def public_url() -> Iterator[None]:
    with portal_pages.reached_at():
        yield


def merge(brand: Brand, source: str = TYPO, target: str = OWN) -> None:
    merge_customers(brand.id, _customer(brand, source).id, _customer(brand, target).id, actor="operator")


def _customer(brand: Brand, email: str) -> Customer:
    with atomic(brand.id):
        customer = customers.find_by_reference(brand.id, email)
        assert customer is not None
        return customer


def sent(brand: Brand, mailbox: Mailbox) -> list[EmailMessage]:
    """The messages that are sent now."""
    mailbox.received.clear()
    relay(brand.id)
    return list(mailbox.received)


def links_in(message: EmailMessage) -> set[str]:
    body = message.get_body(("plain",))
    assert body is not None
    return set(re.findall(r"https?://\S+/my/[\w-]+", body.get_content()))


def test_a_free_order_under_a_merged_address_is_confirmed_to_the_customers_own_mailbox(tenant, mailbox):
    open_payment(tenant, "intuitive", customer_email=TYPO)
    pay(tenant, customer_email=OWN, customer_name="Ana Martin")
    merge(tenant)
    sent(tenant, mailbox)

    open_payment(tenant, "simple", customer_email=TYPO)

    [confirmation] = sent(tenant, mailbox)
    assert confirmation["To"] == OWN
    assert links_in(confirmation)


def test_a_message_about_an_order_from_before_the_merge_is_sent_to_the_customers_own_mailbox(tenant, mailbox):
    old = pay(tenant, customer_email=TYPO)
    pay(tenant, "intuitive", customer_email=OWN)
    sent(tenant, mailbox)
    merge(tenant)

    refund(tenant, old)

    assert {message["To"] for message in sent(tenant, mailbox)} == {OWN}


def test_a_message_that_was_pending_during_the_merge_is_sent_to_the_customers_own_mailbox(tenant, mailbox):
    pay(tenant, customer_email=TYPO)
    pay(tenant, "intuitive", customer_email=OWN)

    merge(tenant)

    assert {message["To"] for message in sent(tenant, mailbox)} == {OWN}


def test_an_address_typed_on_stripes_page_that_was_merged_is_not_written_to(tenant, mailbox):
    open_payment(tenant, customer_email=TYPO)
    open_payment(tenant, customer_email=OWN)
    merge(tenant)

    cart = open_cart(tenant, customer_email=None)
    stripe_sandbox.pay_session(tenant, cart.session_id, email=TYPO)
    deliver_events(tenant)

    assert [message["To"] for message in sent(tenant, mailbox)] == [OWN]


def test_the_button_on_an_old_link_sends_the_new_link_to_the_customers_own_mailbox(client, tenant, mailbox):
    pay(tenant, customer_email=OWN)
    # The newest order of the customer has the merged address.
    pay(tenant, "intuitive", customer_email=TYPO)
    old_link = portal_pages.path_of(tenant, TYPO)
    merge(tenant)
    sent(tenant, mailbox)

    portal_pages.request_link(client, old_link)

    [message] = sent(tenant, mailbox)
    assert message["To"] == OWN
    assert links_in(message)


def test_a_message_is_addressed_as_the_buyer_typed_their_own_address(tenant, mailbox):
    open_payment(tenant, customer_email=OWN)
    pay(tenant, customer_email="Ana@example.com")

    [confirmation] = sent(tenant, mailbox)
    assert confirmation["To"] == "Ana@example.com"


@pytest.mark.parametrize("typed", [TYPO, TYPO.upper()])
def test_stripes_page_for_a_merged_address_does_not_show_the_customers_own(tenant, typed):
    pay(tenant, customer_email=TYPO)
    pay(tenant, customer_email=OWN, customer_name="Ana Martin")
    merge(tenant)

    open_cart(tenant, customer_email=typed)

    session = stripe_sandbox.checkout_sessions(tenant)[0]
    assert (session["customer"], session["customer_email"]) == (None, typed)
    assert OWN not in str(session)
    assert "Ana Martin" not in str(session)


def test_stripes_page_for_a_known_address_does_not_show_the_customers_name(tenant):
    pay(tenant, customer_email=OWN, customer_name="Ana Martin")

    open_cart(tenant, customer_email=OWN)

    session = stripe_sandbox.checkout_sessions(tenant)[0]
    assert session["customer"] == _customer(tenant, OWN).stripe_customer_id
    assert "Ana Martin" not in str(session)


def test_a_payment_under_a_merged_address_has_no_stripe_customer(tenant):
    open_payment(tenant, customer_email=TYPO)
    open_payment(tenant, customer_email=OWN)
    merge(tenant)

    open_payment(tenant, "intuitive", customer_email=TYPO)

    assert stripe_sandbox.intents(tenant)[0]["customer"] is None
