"""One box finds an order by its number, its buyer, or any id of Stripe, among the tenant's own."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lumira.domain.order_search import OrderSearch, SearchKind, read_term
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.customers.view_customers import view_customer
from lumira.services.orders.search_orders import search_orders
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.refunds import deliver_events, disputed, pay, refund
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")


def numbers(brand: Brand, text: str = "", **filters: object) -> list[str]:
    return [order.order_number for order in search_orders(brand.id, OrderSearch(text, **filters)).orders]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("lum-7k2m9qx4tb", SearchKind.ORDER_NUMBER),
        (" LUM-7K2M9QX4TB ", SearchKind.ORDER_NUMBER),
        ("019a7f3e-0000-7000-8000-000000000000", SearchKind.ORDER_ID),
        ("ana@example.com", SearchKind.EMAIL),
        ("pi_1", SearchKind.PAYMENT),
        ("cs_test_1", SearchKind.SESSION),
        ("ch_1", SearchKind.CHARGE),
        ("py_1", SearchKind.CHARGE),
        ("re_1", SearchKind.REFUND),
        ("du_1", SearchKind.DISPUTE),
        ("evt_1", SearchKind.EVENT),
        ("cus_1", SearchKind.CUSTOMER),
        ("Ana  Dupont", SearchKind.NAME),
        ("%", SearchKind.NAME),
        ("a\x00b", SearchKind.NAME),
    ],
)
def test_a_text_is_known_by_its_form(text: str, kind: SearchKind) -> None:
    term = read_term(text)
    assert term is not None
    assert term.kind is kind
    assert read_term("  ") is None


def test_an_order_is_found_by_everything_that_names_it(tenant: Brand) -> None:
    opened = pay(tenant, customer_email="ana@example.com", customer_name="Ana Dupont")
    pay(tenant, customer_email="other@example.com", customer_name="Someone Else")
    refund(tenant, opened, 100)
    disputed(tenant, opened)
    deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    [event] = stripe_sandbox.events(tenant, "payment_intent.succeeded")[:1]
    names = [
        order.order_number.lower(),
        str(order.id),
        "ANA@example.com",
        opened.payment_intent_id,
        order.payments[0].stripe_charge_id,
        order.refunds[0].stripe_refund_id,
        order.disputes[0].stripe_dispute_id,
        event["id"],
        view_customer(tenant.id, "ana@example.com").customer.stripe_customer_id,
    ]
    for name in names:
        assert numbers(tenant, name) == [order.order_number], name


def test_a_cart_is_found_by_its_session(tenant: Brand) -> None:
    cart = open_cart(tenant)
    assert numbers(tenant, cart.session_id) == [cart.order_number]


@pytest.mark.parametrize(
    "text", ["eleonore", "Éléonore", "ELEONORE D", "dübois", "Dubois", "éléonore  dubois"]
)
def test_a_name_is_found_by_its_beginning_whatever_its_case_and_accents(tenant: Brand, text: str) -> None:
    opened = open_payment(tenant, customer_email="e@example.com", customer_name="Éléonore Dubois")
    open_payment(tenant, customer_email="d@example.com", customer_name="Dubreuil Éléonor")
    assert numbers(tenant, text) == [opened.order_number]


@pytest.mark.parametrize("text", ["%", "_", "nore", "'; DROP TABLE orders; --", "\\", "é" * 500])
def test_a_text_that_names_nothing_finds_nothing(tenant: Brand, text: str) -> None:
    open_payment(tenant, customer_email="e@example.com", customer_name="Éléonore Dubois")
    assert numbers(tenant, text) == []


def test_orders_of_another_tenant_are_not_found(tenant: Brand, other_tenant: Brand) -> None:
    opened = pay(other_tenant, customer_email="ana@example.com", customer_name="Ana Dupont")
    order = load_order(other_tenant, opened.order_number)
    for name in (opened.order_number, str(order.id), opened.payment_intent_id, "ana@example.com", "ana"):
        assert numbers(tenant, name) == []


def test_a_merged_address_finds_the_orders_of_the_other_one(tenant: Brand) -> None:
    opened = pay(tenant, customer_email="old@example.com")
    pay(tenant, customer_email="new@example.com")
    merge_customers(
        tenant.id,
        view_customer(tenant.id, "old@example.com").customer.id,
        view_customer(tenant.id, "new@example.com").customer.id,
        actor="operator",
    )
    assert opened.order_number in numbers(tenant, "old@example.com")


def test_filters_apply_together_with_the_text(tenant: Brand) -> None:
    paid = pay(tenant, customer_email="ana@example.com")
    unpaid = open_payment(tenant, "shirt", customer_email="ana@example.com")
    assert numbers(tenant, "ana@example.com") == [unpaid.order_number, paid.order_number]
    assert numbers(tenant, "ana@example.com", status="completed") == [paid.order_number]
    assert numbers(tenant, "ana@example.com", product_id="shirt") == [unpaid.order_number]
    assert numbers(tenant, product_id="cap") == []


def test_days_are_those_of_the_tenants_zone(make_brand) -> None:
    brand = make_brand(time_zone="Asia/Tokyo")
    # In Tokyo it is 00:30 of the next day.
    at = datetime.now(UTC).replace(hour=15, minute=30, second=0, microsecond=0) - timedelta(days=2)
    with time_machine.travel(at, tick=True):
        opened = open_payment(brand, "simple")
    day = at.date() + timedelta(days=1)
    assert numbers(brand, first_day=day, last_day=day) == [opened.order_number]
    assert numbers(brand, first_day=day - timedelta(days=1), last_day=day - timedelta(days=1)) == []


#: The tenant, the orders, their lines and their payments, and the products; an address or a name is looked up first.
STATEMENTS = 5


def test_any_number_of_orders_takes_the_same_statements(tenant: Brand, statements: Statements) -> None:
    for number in range(4):
        open_payment(tenant, customer_name="Ana Dupont", customer_email=f"{number}@example.com")
        sent = statements.made_by(lambda: numbers(tenant))
        assert len(sent) == STATEMENTS, "\n".join(sent)
    for text in ("dupont", "ana@example.com", "pi_1"):
        named = statements.made_by(lambda text=text: numbers(tenant, text))
        assert len(named) <= STATEMENTS + 1, "\n".join(named)


def test_pages_follow_each_other_without_gap_or_repetition(tenant: Brand) -> None:
    opened = [open_payment(tenant, "shirt").order_number for _ in range(5)]
    first = search_orders(tenant.id, OrderSearch(product_id="shirt"), limit=2)
    second = search_orders(tenant.id, OrderSearch(product_id="shirt", after=first.next), limit=2)
    last = search_orders(tenant.id, OrderSearch(product_id="shirt", after=second.next), limit=2)
    found = [order.order_number for page in (first, second, last) for order in page.orders]
    assert found == opened[::-1]
    assert last.next is None
