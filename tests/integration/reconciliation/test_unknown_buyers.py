"""An order that is paid without an e-mail address gets the one that Stripe has, or raises an alert."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import Alert, Receipt
from lumira.reconciliation import reconcile
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.access.view_access import view_access
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.services.privacy.erase_customer import erase_customer
from tests.support import seller, stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart, open_payment, pending_messages
from tests.support.refunds import alerts_of, deliver_events, pay

pytestmark = pytest.mark.usefixtures("app_context")

#: It looks like the address of another buyer.
LOOKALIKE = "\N{KELVIN SIGN}ate@example.com"


def pay_anonymously(brand: Brand, **typed: str) -> PaymentOpened:
    """Pay an order without an address; `typed` is what the buyer enters in Stripe's form."""
    opened = open_payment(brand, customer_email=None)
    sent = {"payment_intent": opened.payment_intent_id, **typed}
    stripe_sandbox.call(brand, "POST", "/sandbox/payment_intents/pay", json=sent)
    deliver_events(brand)
    return opened


def use_key_without_charges(brand: Brand) -> None:
    resources = ("checkout_sessions", "customers", "disputes", "events", "payment_intents", "refunds")
    permissions = [f"{resource}:write" for resource in resources]
    use_key(
        brand, stripe_sandbox.call(brand, "POST", "/sandbox/keys", json={"permissions": permissions})["key"]
    )


def use_key(brand: Brand, secret_key: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.lock(brand.id), secret_key=secret_key)


def poll(brand: Brand, **passed: float) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(**passed or {"minutes": 2})):
        reconcile.reconcile(brand.id)


def test_the_address_typed_in_stripes_form_gets_the_confirmation_and_the_access(tenant):
    opened = pay_anonymously(tenant, email="ana@example.com", receipt_email="other@example.com")
    poll(tenant)

    order = load_order(tenant, opened.order_number)
    assert order.customer_email == "ana@example.com"
    assert pending_messages(tenant, order.id) == ["order_confirmation"]
    assert view_access(tenant.id, customer_email="ana@example.com", product_id="mystique").active
    assert alerts_of(tenant) == []


def test_the_address_of_stripes_receipt_is_used_where_none_was_typed(tenant):
    opened = pay_anonymously(tenant, receipt_email="ana@example.com")
    poll(tenant)

    assert load_order(tenant, opened.order_number).customer_email == "ana@example.com"


def test_the_address_that_came_with_the_sale_is_not_replaced(tenant):
    opened = open_payment(tenant)
    sent = {"payment_intent": opened.payment_intent_id, "email": "ana@example.com"}
    stripe_sandbox.call(tenant, "POST", "/sandbox/payment_intents/pay", json=sent)
    deliver_events(tenant)
    poll(tenant)

    assert load_order(tenant, opened.order_number).customer_email == "buyer@example.com"


@pytest.mark.parametrize("typed", [{}, {"email": LOOKALIKE}])
def test_a_paid_order_whose_buyer_is_unknown_alerts_the_team(tenant, typed):
    opened = pay_anonymously(tenant, **typed)
    poll(tenant)

    order = load_order(tenant, opened.order_number)
    assert (order.status, order.customer_email) == ("completed", None)
    assert alerts_of(tenant) == [("paid_without_recipient", opened.order_number)]


def test_a_lookalike_address_on_stripes_page_alerts_the_team(tenant):
    opened = open_cart(tenant, customer_email=None)
    stripe_sandbox.pay_session(tenant, opened.session_id, email=LOOKALIKE)
    deliver_events(tenant)
    poll(tenant)

    assert load_order(tenant, opened.order_number).customer_email is None
    assert ("paid_without_recipient", opened.order_number) in alerts_of(tenant)


def test_the_team_is_notified_only_if_stripe_has_no_address(tenant):
    opened = pay_anonymously(tenant)

    with atomic(tenant.id):
        [alert] = db.session.execute(select(Alert)).scalars()
    assert alert.subject == opened.order_number
    assert alert.next_notification_at >= alert.raised_at + timedelta(minutes=10)
    order = load_order(tenant, opened.order_number)
    assert order.next_poll_at < datetime.now(UTC) + timedelta(minutes=2)


def test_an_unreadable_charge_does_not_stop_the_poll(tenant):
    opened = pay_anonymously(tenant, email="ana@example.com")
    use_key_without_charges(tenant)
    poll(tenant)
    assert ("paid_without_recipient", opened.order_number) in alerts_of(tenant)

    use_key(tenant, tenant.stripe_secret_key)
    poll(tenant, hours=2)
    assert load_order(tenant, opened.order_number).customer_email == "ana@example.com"
    assert "paid_without_recipient" not in dict(alerts_of(tenant))


def test_an_erased_buyer_is_not_looked_up_again(tenant):
    opened = pay(tenant)
    erase_customer(tenant.id, "buyer@example.com", actor="operator")
    deliver_events(tenant)
    poll(tenant)

    assert load_order(tenant, opened.order_number).customer_email is None
    assert alerts_of(tenant) == []
    assert not stripe_sandbox.requests_made(tenant, "GET", "/v1/charges")


def test_the_receipt_of_a_buyer_found_at_stripe_names_them(make_brand):
    brand = make_brand(seller=seller.EXEMPT)
    opened = pay_anonymously(brand, email="ana@example.com")
    poll(brand)

    order = load_order(brand, opened.order_number)
    with atomic(brand.id):
        [receipt] = db.session.execute(select(Receipt).where(Receipt.order_id == order.id)).scalars()
    assert receipt.buyer == {"email": "ana@example.com"}
