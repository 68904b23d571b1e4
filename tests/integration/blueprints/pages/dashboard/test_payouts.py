"""The pages of payouts: what arrived in the bank account, from which orders, and what does not match."""

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import Language, Payment, Role
from lumira.pages.dashboard.texts import TEXTS
from tests.support import stripe_sandbox
from tests.support.dashboard import make_operator, sign_in
from tests.support.payouts import EVENTS, control, pay_out, read, sell

pytestmark = pytest.mark.usefixtures("app_context")


def test_without_a_payout_the_page_says_what_will_appear(app, tenant) -> None:
    for language in Language:
        viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        assert TEXTS[language]["payouts"]["none"] in viewer.get(f"/dashboard/{tenant.slug}/payouts").text


def test_a_payout_is_listed_and_leads_to_its_orders_with_their_fees(browser, tenant) -> None:
    number = sell(tenant)
    payout_id = pay_out(tenant)
    read(tenant)
    listed = browser.get(f"/dashboard/{tenant.slug}/payouts").text
    assert "€46.04" in listed
    assert "arrived" in listed
    assert "matches" in listed
    assert f'href="/dashboard/{tenant.slug}/payouts/{payout_id}"' in listed

    page = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}").text
    assert f'href="/dashboard/{tenant.slug}/orders/{number}"' in page
    for amount in ("€47.00", "€0.96", "€46.04"):
        assert amount in page
    assert f"https://dashboard.stripe.com/test/payouts/{payout_id}" in page


def test_what_does_not_match_is_a_sentence_and_a_line_of_the_csv_file(browser, tenant) -> None:
    number = sell(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Payment).where(Payment.tenant_id == tenant.id).values(amount_received=4800))
    payout_id = pay_out(tenant)
    read(tenant)
    assert "does not match" in browser.get(f"/dashboard/{tenant.slug}/payouts").text
    page = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}").text
    assert "A line differs from its order: €48.00 expected, €47.00 found." in page
    alerts = browser.get(f"/dashboard/{tenant.slug}/alerts").text
    assert f'href="/dashboard/{tenant.slug}/payouts/{payout_id}"' in alerts

    exported = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}/lines.csv")
    assert exported.mimetype == "text/csv"
    [line] = [row for row in exported.text.splitlines() if number in row]
    assert line.endswith('"47.00","0.96","0.00","46.04","EUR","amount"')


def test_a_sum_that_differs_is_a_line_of_its_own_in_the_csv_file(browser, tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    [charge] = stripe_sandbox.call(tenant, "GET", "/v1/balance_transactions?type=charge")["data"]
    control(tenant, "payouts/change", transaction=charge["id"], fee=100)
    read(tenant)
    text = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}/lines.csv").text
    assert text.splitlines()[-1].endswith('"-0.04","EUR","sum"')


def test_a_failed_payout_says_why_and_where_the_money_is(browser, tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    control(tenant, "payouts/finish", payout=payout_id, outcome="failed")
    stripe_sandbox.deliver_events(tenant, *EVENTS)
    page = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}").text
    assert "The bank returned the payout (account_closed)" in page


def test_the_sales_of_another_shop_are_counted_as_other(browser, tenant) -> None:
    sell(tenant)
    control(tenant, "foreign_sales", outcome="paid", amount=1000)
    stripe_sandbox.advance(tenant, 5)
    payout_id = pay_out(tenant)
    read(tenant)
    page = browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}").text
    assert "no order here" in page
    assert "€9.60" in page


def test_the_page_of_an_order_shows_the_fee_and_the_net_amount(browser, tenant) -> None:
    number = sell(tenant)
    assert "fee €0.96" not in browser.get(f"/dashboard/{tenant.slug}/orders/{number}").text
    read(tenant)
    page = browser.get(f"/dashboard/{tenant.slug}/orders/{number}").text
    assert "fee €0.96, net €46.04" in page
    assert "On the Stripe balance" in page


@pytest.mark.parametrize(
    "path", ["payouts/po_unknown", "payouts/po_unknown/lines.csv", "payouts?after=po_unknown"]
)
def test_a_payout_that_does_not_exist_is_not_found(browser, tenant, path) -> None:
    assert browser.get(f"/dashboard/{tenant.slug}/{path}").status_code == 404


def test_a_payout_of_another_shop_is_not_found(browser, tenant, other_tenant) -> None:
    sell(other_tenant)
    payout_id = pay_out(other_tenant)
    read(other_tenant)
    assert browser.get(f"/dashboard/{tenant.slug}/payouts/{payout_id}").status_code == 404
