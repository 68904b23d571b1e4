"""Events about an erased buyer are recognised in every spelling, and redacted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Customer, EventStatus, Order, WebhookEvent
from lumira.notifications import relay
from lumira.repositories.customers import stripe_customers
from lumira.webhooks import event_states, parsed_event, process
from lumira.webhooks.registry import EventObject
from tests.integration.cli.conftest import RunFlask
from tests.integration.cli.test_privacy_commands import NAME, erase, traces_in_tables
from tests.support import refunds, seller
from tests.support.factories import Brand, count, load_order
from tests.support.portal_pages import reached_at
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")

EMAIL = "zelie@quentovic.example"


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


def customer_updated(**said: Any) -> dict[str, Any]:
    return event("customer.updated", {"id": "cus_x", "object": "customer", **said})


def buy(brand: Brand, email: str = EMAIL) -> str:
    opened = refunds.pay(brand, customer_email=email, customer_name=NAME)
    relay.relay(brand.id)
    return str(opened.order_number)


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("zelie.o'quentovic@example.org", "zelie.o'quentovic@example.org"),
        (EMAIL, f"Order of {EMAIL}."),
        (EMAIL, f"email={EMAIL}"),
        (EMAIL, f"https://shop.example/u/{EMAIL}/x"),
        (EMAIL, f"to: {EMAIL}!"),
        (EMAIL, f"x|{EMAIL}|y"),
        ("zélie@quentovic.example", "ZÉLIE@Quentovic.example"),
        ("zelie@quentovic-bücher.example", "zelie@xn--quentovic-bcher-9vb.example"),
    ],
)
def test_an_address_is_recognised_before_and_after_the_erasure_in_every_spelling(
    run_flask: RunFlask, brand: Brand, email: str, said: str
) -> None:
    buy(brand, email)
    deliver(brand, customer_updated(name="quentovic", description=said))
    erase(run_flask, brand, email)
    assert traces_in_tables(brand) == []

    deliver(brand, customer_updated(name="quentovic", description=said))
    assert traces_in_tables(brand) == []


def test_events_of_an_address_that_contains_an_erased_one_stay(run_flask: RunFlask, brand: Brand) -> None:
    buy(brand, "ana@example.com")
    erase(run_flask, brand, "ana@example.com")
    deliver(brand, customer_updated(email="johana@example.com", name=NAME))
    assert any(NAME.lower() in row for row in traces_in_tables(brand))


def test_an_event_that_fails_to_process_is_redacted_too(
    run_flask: RunFlask, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = load_order(brand, buy(brand))
    erase(run_flask, brand, EMAIL)

    def stumble(_order: Order, said: EventObject) -> None:
        raise ZeroDivisionError(str(said.object))

    monkeypatch.setattr(parsed_event, "find_handler", lambda _type: stumble)
    charge = {"id": "ch_9", "object": "charge", "livemode": False, "amount": 4700}
    charge |= {"payment_intent": order.payments[0].stripe_payment_intent_id}
    charge |= {"billing_details": {"name": NAME, "email": EMAIL}}
    deliver(brand, event("charge.refunded", charge))
    assert count(brand, WebhookEvent, type="charge.refunded", status=EventStatus.RECEIVED, attempts=1) == 1
    assert traces_in_tables(brand) == []

    for hours in range(1, event_states.MAXIMUM_ATTEMPTS):
        with time_machine.travel(utc_now() + timedelta(hours=hours)):
            process.process_events(brand.id)
    assert count(brand, WebhookEvent, type="charge.refunded", status=EventStatus.FAILED) == 1
    assert traces_in_tables(brand) == []


def test_an_earlier_stripe_customer_id_is_recognised(run_flask: RunFlask, brand: Brand) -> None:
    order = load_order(brand, buy(brand))
    with atomic(brand.id):
        customer = db.session.get_one(Customer, (brand.id, order.customer_id))
        former = customer.stripe_customer_id
        # As where Stripe says that it knows no such customer.
        stripe_customers.forget_stripe_customer(customer)
    erase(run_flask, brand, EMAIL)

    deliver(brand, customer_updated(id=former, name=NAME))
    assert traces_in_tables(brand) == []


def test_a_stripe_customer_id_from_an_event_is_recognised(run_flask: RunFlask, brand: Brand) -> None:
    order = load_order(brand, buy(brand))
    charge = {"id": "ch_9", "object": "charge", "livemode": False, "currency": "eur", "captured": True}
    charge |= {"payment_intent": order.payments[0].stripe_payment_intent_id, "amount": 4700}
    deliver(brand, event("charge.refunded", charge | {"amount_refunded": 0, "customer": "cus_made_by_page"}))
    erase(run_flask, brand, EMAIL)

    deliver(brand, customer_updated(id="cus_made_by_page", name=NAME))
    assert traces_in_tables(brand) == []


def test_no_link_is_created_for_an_erased_customer(run_flask: RunFlask, brand: Brand) -> None:
    customer_id = load_order(brand, buy(brand)).customer_id
    erase(run_flask, brand, EMAIL)
    with reached_at():
        refused = run_flask("links", "new", customer_id, "--tenant", brand.slug, code=1)
    assert "was erased" in refused.stderr
    assert run_flask("links", "show", customer_id, "--tenant", brand.slug).stdout.count("\n") <= 1
