"""A buyer is one customer of one brand; the figures follow from the orders."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import refunds
from lumira.domain.commands import OrderFilter
from lumira.models import Customer, SubscriptionStatus, WebhookEvent
from lumira.repositories.customers import customers
from lumira.repositories.customers.customer_figures import CustomerFigures
from lumira.services.access.change_access import grant_access, revoke_access
from lumira.services.access.view_access import view_access
from lumira.services.customers.view_customers import list_customers, view_customer
from lumira.services.orders.view_orders import list_orders
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support import refunds as refunding
from tests.support import stripe_sandbox
from tests.support.factories import BUYER, Brand, count, load_order, open_cart, open_payment
from tests.support.refunds import pay
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")


def figures(brand: Brand, email: str = BUYER) -> CustomerFigures:
    return view_customer(brand.id, email).figures


def customer(brand: Brand, email: str = BUYER) -> Customer:
    return view_customer(brand.id, email).customer


def status(brand: Brand) -> str:
    return str(figures(brand).subscription_status)


def test_an_email_address_in_any_spelling_is_one_customer(tenant):
    for typed in (BUYER, BUYER.upper(), f"  {BUYER.title()} "):
        open_payment(tenant, customer_email=typed)

    assert count(tenant, Customer) == 1
    assert len(stripe_sandbox.customers(tenant)) == 1


UNICODE, ASCII = "claire@bücher.example", "claire@xn--bcher-kva.example"


@pytest.mark.parametrize(("first", "second"), [(UNICODE, ASCII), (ASCII, UNICODE)])
def test_a_domain_in_unicode_and_in_ascii_is_one_customer(tenant, first, second):
    free = [
        open_payment(tenant, "simple", customer_email=email)
        for email in (first, second, "claire@bücher\u3002example")
    ]
    pay(tenant, customer_email=first)

    assert len({opened.order_number for opened in free}) == 1
    assert count(tenant, Customer) == 1
    assert view_access(tenant.id, customer_email=second, product_id="mystique").active
    assert len(list_orders(tenant.id, OrderFilter(customer_email=second))[0]) == 2


def test_the_export_and_erasure_of_an_address_include_its_other_spelling(tenant):
    opened = pay(tenant, customer_email=UNICODE)
    # An event of no order, which names the buyer as Stripe does.
    named = event("customer.updated", {"id": "cus_x", "object": "customer", "email": ASCII})
    deliver(tenant, named)

    exported = export_customer(tenant.id, ASCII, actor="test")
    assert [row["customer_email"] for row in exported.rows["orders"]] == [UNICODE]
    assert named["id"] in str(exported.rows)

    erase_customer(tenant.id, ASCII, actor="operator")
    assert load_order(tenant, opened.order_number).customer_email is None
    deliver(tenant, event("customer.updated", {"id": "cus_x", "object": "customer", "email": UNICODE}))
    with atomic(tenant.id):
        payloads = " ".join(
            str(event.payload) for event in db.session.execute(select(WebhookEvent)).scalars()
        )
    assert "claire" not in payloads


def test_one_email_address_is_two_customers_at_two_brands(tenant, other_tenant):
    pay(tenant)
    open_payment(other_tenant)

    assert customer(tenant).id != customer(other_tenant).id
    assert figures(tenant).total_orders == 1
    assert figures(other_tenant).total_orders == 0


def test_name_and_language_are_set_once_and_never_overwritten(tenant):
    open_payment(tenant)
    assert (customer(tenant).name, customer(tenant).locale) == (None, None)

    open_payment(tenant, customer_name="Ana", locale="en")
    open_payment(tenant, customer_name="Another Name", locale="fr")

    assert (customer(tenant).name, customer(tenant).locale) == ("Ana", "en")


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de-DE,en;q=0.5", "en"),
        ("en;q=0,fr;q=0.1", "fr"),
        ("de", None),
        ("en;q=0", None),
        ("*", None),
        ("\x7f;;,q=", None),
        (None, None),
    ],
)
def test_the_customer_has_the_language_of_the_page(client, tenant, header, locale):
    headers = tenant.publishable | ({} if header is None else {"Accept-Language": header})
    body = {"productId": "mystique", "customerEmail": BUYER}

    reply = client.post("/api/products/create-payment-intent", json=body, headers=headers)

    assert reply.status_code == 200
    assert customer(tenant).locale == locale


def test_a_buyer_known_from_stripes_page_only_has_the_shops_language(tenant):
    opened = open_cart(tenant, customer_email=None, locale="en")
    stripe_sandbox.pay_session(tenant, opened.session_id, email="late@example.com")
    refunding.deliver_events(tenant)

    assert customer(tenant, "late@example.com").locale == "en"
    assert figures(tenant, "late@example.com").total_orders == 1


def test_an_unpaid_order_is_not_counted(tenant):
    open_payment(tenant)

    assert figures(tenant) == CustomerFigures()


def test_orders_and_amounts_count_once_fulfilled(tenant):
    pay(tenant)
    last = pay(tenant, "intuitive")
    open_payment(tenant, "simple")

    known = figures(tenant)
    assert known.total_orders == 3
    assert known.total_spent == {"eur": 4700 + 1400}
    assert known.last_order_at > load_order(tenant, last.order_number).created_at


def test_a_refunded_amount_is_not_spent(tenant):
    opened = pay(tenant)
    refunding.refund(tenant, opened, 700)
    assert figures(tenant).total_spent == {"eur": 4000}

    refunding.refund(tenant, opened)
    known = figures(tenant)
    assert (known.total_spent, known.total_orders) == ({"eur": 0}, 1)


def test_the_amount_spent_agrees_with_each_orders_refunds(tenant):
    orders = [pay(tenant), pay(tenant, "strict"), pay(tenant, "intuitive")]
    refunding.refund_in_dashboard(tenant, orders[0], amount=100)
    refunding.refund_in_dashboard(tenant, orders[0], amount=250)
    refunding.deliver_events(tenant)
    refunding.refund(tenant, orders[1], 1)

    net = 0
    for opened in orders:
        order = load_order(tenant, opened.order_number)
        net += order.payments[0].amount_received - refunds.refunded_amount(order)
    assert figures(tenant).total_spent == {"eur": net}
    assert net == 4700 + 3000 + 1400 - 351


def test_an_amount_lost_to_a_dispute_is_not_spent(tenant):
    opened = pay(tenant)
    dispute = refunding.disputed(tenant, opened)
    refunding.deliver_events(tenant)
    assert status(tenant) == "inactive"

    _close(tenant, dispute["id"], "lost")
    assert figures(tenant).total_spent == {"eur": 0}


def _close(brand: Brand, dispute_id: str, outcome: str) -> None:
    refunding.close_dispute(brand, dispute_id, outcome)
    refunding.deliver_events(brand)


def test_a_customer_with_only_the_free_level_is_on_trial(tenant):
    open_payment(tenant, "simple")
    assert status(tenant) == "trial"

    opened = pay(tenant)
    assert status(tenant) == "active"

    refunding.refund(tenant, opened)
    assert status(tenant) == "trial"


def test_physical_products_are_no_subscription(tenant):
    open_cart_and_pay(tenant)

    assert status(tenant) == "inactive"
    assert figures(tenant).total_spent == {"eur": 2 * 5900 + 1900}


def open_cart_and_pay(brand: Brand) -> None:
    opened = open_cart(brand)
    stripe_sandbox.pay_session(brand, opened.session_id)
    refunding.deliver_events(brand)


def test_a_manual_grant_is_active_until_it_ends_or_is_revoked(tenant):
    given = grant_access(
        tenant.id, customer_email=BUYER, product_id="integrale", days=10, note=None, actor="operator"
    )
    assert status(tenant) == "active"
    with time_machine.travel(utc_now() + timedelta(days=11), tick=False):
        assert status(tenant) == "inactive"

    revoke_access(tenant.id, customer_id=given.customer_id, product_id="integrale", actor="operator")
    assert status(tenant) == "inactive"


def test_customers_are_listed_newest_first_with_two_statements_for_their_figures(tenant):
    for number in range(3):
        pay(tenant, customer_email=f"buyer{number}@example.com")

    listed = list_customers(tenant.id, limit=2)

    assert [line.customer.email for line in listed] == ["buyer2@example.com", "buyer1@example.com"]
    assert {line.figures.subscription_status for line in listed} == {SubscriptionStatus.ACTIVE}
    older = list_customers(tenant.id, limit=2, before=listed[-1].customer.id)
    assert [line.customer.email for line in older] == ["buyer0@example.com"]


def test_an_unknown_language_cannot_be_stored(tenant):
    with pytest.raises(Exception, match="locale_is_known"), atomic(tenant.id):
        customers.find_or_create(tenant.id, email=BUYER, name=None, locale="tlh")
    with atomic(tenant.id):
        assert db.session.execute(select(Customer)).first() is None


def test_finding_an_erased_customer_does_not_scan_all_customers(tenant):
    with atomic(tenant.id):
        # PostgreSQL scans the small tables of a test, so sequential scans are disabled.
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        looking = text(
            "EXPLAIN SELECT * FROM customers "
            "WHERE tenant_id = :tenant_id AND erased_digests && ARRAY['a', 'b'] ORDER BY id"
        )
        plan = "\n".join(db.session.execute(looking, {"tenant_id": tenant.id}).scalars())
    assert "ix_customers_erased" in plan
