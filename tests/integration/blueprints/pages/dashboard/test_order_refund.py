"""An owner refunds an order: all of it, an amount, or some of its products, and once for each form."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from lumira.services.refunds import request_refund
from tests.support import refunds, stripe_sandbox
from tests.support.dashboard import OperatorBrowser
from tests.support.factories import Brand, load_order, open_cart, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def paid_cart(brand: Brand) -> str:
    """Two shirts at 59.00 and a cap at 19.00."""
    cart = open_cart(brand)
    stripe_sandbox.pay_session(brand, cart.session_id)
    refunds.deliver_events(brand)
    return cart.order_number


def path_of(brand: Brand, number: str) -> str:
    return f"/dashboard/{brand.slug}/orders/{number}"


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def send(browser: OperatorBrowser, brand: Brand, number: str, **fields: str) -> TestResponse:
    page = f"{path_of(brand, number)}/refund"
    html = browser.get(page).text
    named = {name: hidden(html, name) for name in ("form_key", "payment")}
    return browser.submit(page, page=page, **(named | fields))


def made(brand: Brand) -> list[int]:
    return [each["amount"] for each in refunds.list_stripe_refunds(brand)]


def test_all_of_it_is_refunded(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    reply = send(browser, tenant, opened.order_number, what="all", reason="requested_by_customer")
    assert reply.headers["Location"] == path_of(tenant, opened.order_number)
    page = browser.get(path_of(tenant, opened.order_number)).text
    assert "€47.00 refunded (re_" in page
    assert made(tenant) == [4700]
    nothing = browser.get(f"{path_of(tenant, opened.order_number)}/refund").text
    assert "Nothing of this order is refundable." in nothing


def test_an_amount_is_refunded_as_people_write_it(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    send(browser, tenant, opened.order_number, what="amount", amount="7,00")
    assert made(tenant) == [700]


def test_products_are_refunded_at_their_price_and_once(tenant: Brand, browser) -> None:
    number = paid_cart(tenant)
    positions = {line.product_id: line.position for line in load_order(tenant, number).lines}
    units = {f"units-{positions['shirt']}": "1", f"units-{positions['cap']}": "1"}
    send(browser, tenant, number, what="lines", **units)
    assert made(tenant) == [7800]
    assert "1 of 2 refundable" in browser.get(f"{path_of(tenant, number)}/refund").text
    send(browser, tenant, number, what="lines", **{f"units-{positions['cap']}": "1"})
    assert "Nothing was changed." in browser.get(path_of(tenant, number)).text
    assert made(tenant) == [7800]


def test_a_form_that_is_sent_twice_refunds_once(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    page = f"{path_of(tenant, opened.order_number)}/refund"
    html = browser.get(page).text
    fields = {name: hidden(html, name) for name in ("form_key", "payment")} | {
        "what": "amount",
        "amount": "5",
    }
    for _ in range(2):
        browser.submit(page, page=page, **fields)
    assert made(tenant) == [500]
    send(browser, tenant, opened.order_number, what="amount", amount="5", again="yes")
    assert made(tenant) == [500, 500]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"what": "amount", "amount": "0"}, 400),
        ({"what": "amount", "amount": ""}, 400),
        ({"what": "amount", "amount": "seven"}, 400),
        ({"what": "amount", "amount": "1,000"}, 400),
        ({"what": "amount", "amount": "100"}, 303),
        ({"what": "lines"}, 400),
        ({"what": "lines", "units-0": "-1"}, 400),
        ({"what": "lines", "units-0": "2"}, 303),
        ({"what": "everything"}, 400),
        ({}, 400),
        ({"what": "all", "reason": "because"}, 400),
        ({"what": "all", "payment": "pi_other"}, 400),
    ],
)
def test_what_is_incomplete_or_too_much_refunds_nothing(
    tenant: Brand, browser, fields: dict[str, str], status: int
) -> None:
    opened = refunds.pay(tenant)
    assert send(browser, tenant, opened.order_number, **fields).status_code == status
    assert made(tenant) == []


def test_a_refund_asks_for_password_and_code_if_they_were_entered_long_ago(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    page = f"{path_of(tenant, opened.order_number)}/refund"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert browser.get(page).headers["Location"].startswith("/dashboard/-/confirm?next=")
        reply = browser.submit(page, what="all", payment=opened.payment_intent_id or "", form_key="x")
        assert reply.headers["Location"].startswith("/dashboard/-/confirm?next=")
    assert made(tenant) == []


def test_a_refund_that_does_not_reach_stripe_is_recorded_and_made_later(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=refunds.REFUNDS, times=10)
    send(browser, tenant, opened.order_number, what="amount", amount="7")
    page = browser.get(path_of(tenant, opened.order_number)).text
    assert "the refund is recorded" in page
    assert "not confirmed by Stripe yet" in page
    stripe_sandbox.clear_faults(tenant)
    refunds.run_sweep(tenant)
    assert made(tenant) == [700]


def test_an_equal_refund_that_is_under_way_is_repeated_only_on_confirmation(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=refunds.REFUNDS, times=100)
    fields = {"what": "amount", "amount": "7"}
    send(browser, tenant, opened.order_number, **fields)
    form = browser.get(f"{path_of(tenant, opened.order_number)}/refund").text
    assert "A refund of €7.00 is under way" in form
    assert 'name="again"' not in form

    refused = send(browser, tenant, opened.order_number, **fields)

    assert refused.status_code == 409
    assert "An equal refund is under way" in refused.text
    assert 'name="again"' in refused.text
    assert [request.amount for request in load_order(tenant, opened.order_number).refund_requests] == [700]
    send(browser, tenant, opened.order_number, what="amount", amount="8")
    send(browser, tenant, opened.order_number, again="yes", **fields)
    stripe_sandbox.clear_faults(tenant)
    refunds.run_sweep(tenant)
    assert sorted(made(tenant)) == [700, 700, 800]


def test_after_a_lost_database_an_operator_is_sent_to_the_order_and_refunds_once(
    tenant: Brand, browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = refunds.pay(tenant)

    def lost(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(request_refund, "_store_reply", lost)
        reply = send(browser, tenant, opened.order_number, what="amount", amount="7")
    assert reply.status_code == 503
    assert "Look at the order first" in reply.text
    assert f'<a href="{path_of(tenant, opened.order_number)}">' in reply.text

    again = send(browser, tenant, opened.order_number, what="amount", amount="7")

    assert again.status_code == 409
    assert made(tenant) == [700]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        browser.confirm()
        send(browser, tenant, opened.order_number, what="amount", amount="7")
    assert made(tenant) == [700, 700]


def test_an_unpaid_order_has_nothing_to_refund(tenant: Brand, browser) -> None:
    number = open_payment(tenant).order_number
    assert "Nothing of this order is refundable." in browser.get(f"{path_of(tenant, number)}/refund").text
    assert f"{path_of(tenant, number)}/refund" not in browser.get(path_of(tenant, number)).text
