"""Operators find a customer, see what was bought, change access, merge, export and erase."""

import io
import json
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
import time_machine
from sqlalchemy import insert, select, update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import AuditEntry, Customer, Language, Order, ReviewReason, Role
from lumira.models.columns import table_of, uuid7
from lumira.notifications import relay
from lumira.services.customers.view_customers import view_customer
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import BUYER, Brand, count, load_order, open_payment
from tests.support.portal_pages import reached_at
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

OTHER = "ana@example.com"
XSS = "<script>alert(1)</script>"


def path(brand: Brand, email: str = BUYER) -> str:
    return f"/dashboard/{brand.slug}/customers/{view_customer(brand.id, email).customer.id}"


def audited(brand: Brand, action: str) -> list[AuditEntry]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry).where(AuditEntry.action == action)).scalars())


def test_without_customers_the_list_says_how_one_appears(browser, tenant) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}/customers").text
    assert "There is no customer yet" in page
    assert f"/checkout/{tenant.slug}" in page


def test_an_operator_reads_in_french(app, tenant) -> None:
    pay(tenant)
    browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    assert "Commandes" in browser.get(f"/dashboard/{tenant.slug}/customers").text
    page = browser.get(path(tenant)).text
    assert "Client depuis" in page
    assert "47,00\xa0€" in page


def test_in_french_an_unknown_language_agrees_and_orders_have_the_word_of_their_list(app, tenant) -> None:
    pay(tenant)
    with atomic(tenant.id):
        db.session.execute(update(Customer).values(locale=None))
    browser = sign_in(app, make_operator(tenant, Role.VIEWER, language=Language.FRENCH))
    page = browser.get(path(tenant)).text
    assert re.search(r"<dt[^>]*>Langue</dt><dd[^>]*>inconnue</dd>", page)
    column = '<th scope="col">Statut</th>'
    assert column in page
    assert column in browser.get(f"/dashboard/{tenant.slug}/orders").text


@pytest.mark.parametrize("name", ["address", "order number", "payment", "customer id"])
def test_what_has_one_owner_leads_to_the_customer(browser, tenant, name) -> None:
    opened = pay(tenant)
    known = {
        "address": BUYER.upper(),
        "order number": opened.order_number,
        "payment": opened.payment_intent_id,
        "customer id": path(tenant).rpartition("/")[2],
    }
    reply = browser.get(f"/dashboard/{tenant.slug}/customers", query_string={"q": known[name]})
    assert reply.headers["Location"] == path(tenant)


def test_a_name_is_found_by_its_beginning_without_accents(browser, tenant) -> None:
    open_payment(tenant, customer_email=OTHER, customer_name="Zélie Quentovic")
    open_payment(tenant)
    for text in ("zelie", "QUENT"):
        page = browser.get(f"/dashboard/{tenant.slug}/customers", query_string={"q": text}).text
        assert OTHER in page
        assert BUYER not in page
    nothing = browser.get(f"/dashboard/{tenant.slug}/customers", query_string={"q": "%"}).text
    assert "No customer matches" in nothing


def test_ten_thousand_customers_are_shown_in_pages_by_two_statements_for_the_figures(
    browser, tenant, statements
) -> None:
    now = utc_now()
    rows = [
        {
            "tenant_id": tenant.id,
            "id": uuid7(),
            "email": f"n{number}@example.com",
            "email_key": f"n{number}@example.com",
            "stripe_attempt": 0,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(10_000)
    ]
    with atomic(tenant.id):
        db.session.execute(insert(table_of(Customer)), rows)
    url = f"/dashboard/{tenant.slug}/customers"
    browser.get(url)
    sent = statements.made_by(lambda: browser.get(url))
    assert len(sent) < 20
    first = browser.get(url).text
    assert "n9999@example.com" in first
    assert "n9949@example.com" not in first
    [following] = [
        part.split('"')[0] for part in first.split('href="')[1:] if "before=" in part.split('"')[0]
    ]
    second = browser.get(following.replace("&amp;", "&")).text
    assert "n9949@example.com" in second
    assert "n9950@example.com" not in second


def test_the_profile_shows_what_was_bought_and_what_can_be_accessed(browser, tenant) -> None:
    opened = pay(tenant)
    page = browser.get(path(tenant)).text
    assert opened.order_number in page
    assert "€47.00" in page
    assert "Niveau Mystique" in page
    assert "active (paid)" in page


def test_what_a_buyer_writes_is_shown_as_text(browser, tenant) -> None:
    open_payment(tenant, customer_email=OTHER, customer_name=XSS)
    for url in (path(tenant, OTHER), f"/dashboard/{tenant.slug}/customers"):
        page = browser.get(url).text
        assert XSS not in page
        assert "&lt;script&gt;alert(1)" in page
    found = browser.get(f"/dashboard/{tenant.slug}/customers", query_string={"q": XSS}).text
    assert XSS not in found


def test_access_is_given_revoked_and_restored_in_the_name_of_the_operator(browser, tenant) -> None:
    pay(tenant, "intuitive")
    here = path(tenant)
    given = browser.submit(f"{here}/access", product="mystique", days="30", note="A gift for the wait")
    assert given.headers["Location"] == here
    page = browser.get(here).text
    assert "The access was given" in page
    assert "A gift for the wait" in page
    assert browser.operator.actor in {entry.actor for entry in audited(tenant, "access_granted")}
    browser.submit(f"{here}/access/intuitive/revoke")
    assert "revoked (by the team)" in browser.get(here).text
    browser.submit(f"{here}/access/intuitive/restore")
    assert "revoked (by the team)" not in browser.get(here).text


@pytest.mark.parametrize("days", ["0", "-1", "x", "36501", "9" * 50, "\uff11"])
def test_an_impossible_duration_gives_no_access(browser, tenant, days) -> None:
    open_payment(tenant)
    browser.submit(f"{path(tenant)}/access", product="mystique", days=days)
    assert "whole number of days" in browser.get(path(tenant)).text
    assert view_customer(tenant.id, BUYER).grants == []


def test_goods_and_unknown_products_give_no_access(browser, tenant) -> None:
    open_payment(tenant)
    browser.submit(f"{path(tenant)}/access", product="shirt")
    assert "digital products only" in browser.get(path(tenant)).text
    assert browser.submit(f"{path(tenant)}/access", product="no\x00thing").status_code == 404
    assert browser.submit(f"{path(tenant)}/access/mystique/restore").status_code == 404
    assert browser.submit(f"{path(tenant)}/access/mystique/steal").status_code == 404


def test_a_link_to_the_portal_is_shown_and_all_are_revoked(browser, tenant) -> None:
    pay(tenant)
    with reached_at():
        reply = browser.submit(f"{path(tenant)}/links")
    assert reply.status_code == 200
    assert "/my/" in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert "/my/" not in browser.get(path(tenant)).text
    browser.submit(f"{path(tenant)}/links/revoke")
    page = browser.get(path(tenant)).text
    assert "All links were revoked" in page
    assert "revoked on" in page


def test_a_merge_shows_what_moves_before_it_moves(browser, tenant) -> None:
    pay(tenant)
    pay(tenant, customer_email=OTHER)
    source, target = path(tenant, OTHER), path(tenant)
    page = browser.get(f"{source}/merge", query_string={"into": BUYER}).text
    assert f"1 orders move to {BUYER}" in page
    assert f"1 grants of access move to {BUYER}" in page
    assert len(view_customer(tenant.id, BUYER).grants) == 1
    reply = browser.submit(f"{source}/merge", target=target.rpartition("/")[2])
    assert reply.headers["Location"] == target
    assert len(view_customer(tenant.id, BUYER).grants) == 2
    assert browser.get(source).headers["Location"] == target
    assert OTHER in browser.get(target).text


@pytest.mark.parametrize("into", [BUYER, "unknown@example.com", "x" * 300, "\x00", "a\x00b"])
def test_a_customer_is_merged_only_with_another_one_of_the_shop(browser, tenant, into) -> None:
    pay(tenant)
    page = browser.get(f"{path(tenant)}/merge", query_string={"into": into}).text
    assert "Merge permanently" not in page
    assert browser.submit(f"{path(tenant)}/merge", target=into).status_code < 500
    assert audited(tenant, "customer_merged") == []


def test_the_export_is_one_file_with_everything_and_is_audited(browser, tenant) -> None:
    opened = pay(tenant)
    reply = browser.submit(f"{path(tenant)}/export")
    assert reply.mimetype == "application/zip"
    assert "attachment" in reply.headers["Content-Disposition"]
    assert BUYER not in reply.headers["Content-Disposition"]
    data = json.loads(ZipFile(io.BytesIO(reply.data)).read("data.json"))
    reply.close()
    assert data["orders"][0]["order_number"] == opened.order_number
    assert audited(tenant, "customer_exported")[0].actor == browser.operator.actor


def test_an_erasure_needs_the_address_and_leaves_the_amounts(browser, tenant) -> None:
    opened = pay(tenant, customer_name="Zélie Quentovic")
    here = path(tenant)
    assert BUYER in browser.get(f"{here}/erase").text
    browser.submit(f"{here}/erase", email="another@example.com")
    assert "Nothing was erased" in browser.get(f"{here}/erase").text
    assert load_order(tenant, opened.order_number).customer_email == BUYER

    relay.relay(tenant.id)
    browser.submit(f"{here}/erase", email=f" {BUYER.upper()} ")
    page = browser.get(here).text
    assert "Erased: 1 orders" in page
    assert BUYER not in page
    assert "Quentovic" not in page
    assert load_order(tenant, opened.order_number).customer_email is None
    assert audited(tenant, "customer_erased")[0].actor == browser.operator.actor
    assert browser.submit(f"{here}/access", product="mystique").status_code == 404
    assert browser.get(f"{here}/erase").status_code == 404


def test_the_erasure_names_the_contracts_that_the_law_keeps(browser, tenant) -> None:
    kept, small = pay(tenant, "shirt", quantity=3), pay(tenant, "shirt")
    page = browser.get(f"{path(tenant)}/erase").text
    assert re.search(rf"{kept.order_number}, until \d+ [A-Z][a-z]+ {utc_now().year + 10}", page)
    assert small.order_number not in page


def test_what_prevents_an_erasure_is_named(app, tenant) -> None:
    opened = open_payment(tenant)
    order_id = load_order(tenant, opened.order_number).id
    with atomic(tenant.id):
        db.session.get_one(Order, (tenant.id, order_id)).review_reason = ReviewReason.AMOUNT_MISMATCH
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/erase", email=BUYER)
    page = browser.get(f"{path(tenant)}/erase").text
    assert f"La commande {opened.order_number} l" in page
    assert load_order(tenant, opened.order_number).customer_email == BUYER


@pytest.mark.parametrize("action", ["erase", "export", "merge"])
def test_what_cannot_be_undone_needs_password_and_code_once_more(app, tenant, action) -> None:
    pay(tenant)
    browser = sign_in(app, make_operator(tenant))
    here = path(tenant)
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        reply = browser.submit(f"{here}/{action}", page=here, email=BUYER, target="x")
        assert reply.headers["Location"].startswith("/dashboard/-/confirm?next=")
    assert count(tenant, Customer) == 1
    assert audited(tenant, "customer_exported") == []
    assert view_customer(tenant.id, BUYER).customer.erased_at is None


def test_a_viewer_reads_and_changes_nothing(app, tenant) -> None:
    pay(tenant)
    browser = sign_in(app, make_operator(tenant, Role.VIEWER))
    here = path(tenant)
    page = browser.get(here).text
    assert BUYER in page
    assert f'action="{here}' not in page
    assert browser.get(f"{here}/erase").status_code == 403
    for action in ("access", "access/mystique/revoke", "links", "links/revoke", "merge", "export", "erase"):
        assert browser.submit(f"{here}/{action}", email=BUYER).status_code == 403
    assert audited(tenant, "access_revoked") == []


def test_another_shops_customer_is_not_found_by_any_name_or_action(
    app, browser, tenant, other_tenant
) -> None:
    opened = pay(other_tenant, customer_email=OTHER, customer_name="Zélie")
    foreign = path(other_tenant, OTHER).rpartition("/")[2]
    for text in (OTHER, "zel", opened.order_number, opened.payment_intent_id, foreign):
        reply = browser.get(f"/dashboard/{tenant.slug}/customers", query_string={"q": text})
        assert reply.status_code == 200
        assert "No customer matches" in reply.text
    here = f"/dashboard/{tenant.slug}/customers/{foreign}"
    for page in ("", "/merge", "/erase"):
        assert browser.get(f"{here}{page}").status_code == 404
    for action in ("access", "access/mystique/revoke", "links", "links/revoke", "merge", "export", "erase"):
        reply = browser.submit(f"{here}/{action}", product="mystique", email=OTHER, target=foreign)
        assert (action, reply.status_code) == (action, 404)
    assert view_customer(other_tenant.id, OTHER).customer.erased_at is None
