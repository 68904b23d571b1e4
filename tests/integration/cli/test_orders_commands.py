"""One order is shown whole, and released by a person."""

import json

import pytest

from lumira.models import OrderStatus
from tests.factories import BUYER, load_order, open_payment
from tests.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def pay(brand, *, received: int = 4700) -> str:
    """Number of an order for which Stripe received this much."""
    opened = open_payment(brand, customer_name="Buyer")
    intent = payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=received
    )
    deliver(brand, event("payment_intent.succeeded", intent))
    return opened.order_number


def test_an_order_is_shown_with_all_that_happened_to_it(run_flask, tenant):
    number = pay(tenant)

    account = run_flask("orders", "show", number).stdout

    assert account.startswith(f"{number}  completed  47.00 EUR\n")
    assert f"Buyer <{BUYER}>" in account
    assert f"{tenant.slug} (test mode)" in account
    assert "1 x mystique  Niveau Mystique  47.00 EUR" in account
    assert "succeeded  asked 47.00 EUR, received 47.00 EUR" in account
    assert "mystique  active  paid" in account
    assert "order_confirmation  pending" in account
    story = account.partition("timeline (Europe/Paris)\n")[2]
    for what in ("opened", "payment_opened", "paid", "completed", "granted", "message_owed"):
        assert f"  {what}" in story


def test_times_are_those_of_the_tenants_zone(run_flask, make_brand):
    brand = make_brand(time_zone="Asia/Tokyo")
    number = open_payment(brand).order_number
    opened = load_order(brand, number).created_at

    account = run_flask("orders", "show", number).stdout

    assert "timeline (Asia/Tokyo)" in account
    assert f"{(opened.hour + 9) % 24:02d}:{opened:%M:%S}" in account


def test_a_number_may_be_typed_in_lower_case(run_flask, tenant):
    number = open_payment(tenant).order_number

    assert number in run_flask("orders", "show", number.lower()).stdout


def test_json_is_what_the_api_shows_a_secret_key(run_flask, tenant):
    number = pay(tenant)

    order = json.loads(run_flask("orders", "show", number, "--json").stdout)

    assert (order["orderNumber"], order["status"], order["amount"]) == (number, "completed", 4700)
    assert order["lines"] == [{"productId": "mystique", "quantity": 1, "unitAmount": 4700}]
    assert order["refundedAmount"] == 0
    assert order["timeline"][0]["what"] == "opened"
    assert order["createdAt"].endswith("Z")


def test_an_unknown_number_is_one_line(run_flask):
    assert "There is no order NOPE-1." in run_flask("orders", "show", "NOPE-1", code=1).stderr
    run_flask("orders", "release", "NOPE-1", code=1)


def test_a_mismatched_order_says_how_to_release_it_and_is_released(run_flask, tenant):
    number = pay(tenant, received=100)
    account = run_flask("orders", "show", number).stdout
    assert "asked 47.00 EUR, received 1.00 EUR" in account
    assert f"amount_mismatch: `flask orders release {number}` accepts it" in account

    assert "released, now completed" in run_flask("orders", "release", number).stdout

    assert load_order(tenant, number).status is OrderStatus.COMPLETED
    assert "  released" in run_flask("orders", "show", number).stdout


def test_an_order_is_not_released_without_a_review(run_flask, tenant):
    number = pay(tenant)

    assert "is not under review" in run_flask("orders", "release", number, code=1).stderr
