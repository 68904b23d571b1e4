"""An operator finds orders, and keeps the filters while turning pages."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry, Role
from lumira.services.orders import search_orders
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")


def audited(brand: Brand, action: str) -> list[AuditEntry]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry).where(AuditEntry.action == action)).scalars())


def numbers(page: Any) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*/orders/([^"]+)">', page.text)


def test_orders_are_listed_newest_first_with_their_state_and_buyer(tenant: Brand, browser) -> None:
    paid = pay(tenant, customer_name="Ana Dupont", customer_email="ana@example.com")
    cart = open_cart(tenant)

    page = browser.get(f"/dashboard/{tenant.slug}/orders")

    assert numbers(page) == [cart.order_number, paid.order_number]
    for text in ("Ana Dupont", "ana@example.com", "€47.00", "completed", "pending", "Chemise +1"):
        assert text in page.text


def test_an_empty_list_says_how_to_get_the_first_order(tenant: Brand, browser) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}/orders")
    assert "There is no order yet." in page.text
    assert f'href="/checkout/{tenant.slug}"' in page.text
    filtered = browser.get(f"/dashboard/{tenant.slug}/orders?q=nothing")
    assert "No order matches." in filtered.text


def test_a_number_or_an_id_of_stripe_leads_to_the_order_at_once(tenant: Brand, browser) -> None:
    opened = pay(tenant)
    order = load_order(tenant, opened.order_number)
    for text in (opened.order_number.lower(), opened.payment_intent_id, order.payments[0].stripe_charge_id):
        reply = browser.get(f"/dashboard/{tenant.slug}/orders?q={text}")
        assert reply.headers["Location"] == f"/dashboard/{tenant.slug}/orders/{opened.order_number}"
    assert browser.get(f"/dashboard/{tenant.slug}/orders?q=buyer@example.com").status_code == 200


def test_pages_keep_the_filters(tenant: Brand, browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_orders.search_orders, "__kwdefaults__", {"limit": 2})
    opened = [open_payment(tenant, "shirt").order_number for _ in range(5)]
    open_payment(tenant)
    path, found = f"/dashboard/{tenant.slug}/orders?product=shirt&status=pending", []
    while path:
        page = browser.get(path)
        found += numbers(page)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        path = following[1].replace("&amp;", "&") if following else ""
        assert not following or ("product=shirt" in path and "status=pending" in path)
    assert found == opened[::-1]


@pytest.mark.parametrize("query", ["from=2026-13-01", "to=x", "from=0001-01-01", "to=9999-12-31"])
def test_a_malformed_day_is_named(tenant: Brand, browser, query: str) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}/orders?{query}")
    assert page.status_code == 400
    assert "Write a day as" in page.text


@pytest.mark.parametrize(
    "query", ["after=x", "status=nope", "q=%00", "q=" + "x" * 5000, "product=%00", "q=%ff"]
)
def test_odd_queries_are_harmless(tenant: Brand, browser, query: str) -> None:
    open_payment(tenant)
    assert browser.get(f"/dashboard/{tenant.slug}/orders?{query}").status_code == 200


def test_the_list_is_downloaded_as_csv_for_a_spreadsheet(tenant: Brand, browser) -> None:
    open_payment(tenant, customer_name='=HYPERLINK("http://evil.example")')
    open_cart(tenant)

    reply = browser.get(f"/dashboard/{tenant.slug}/orders/export?product=mystique")

    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"].startswith(f'attachment; filename="orders-{tenant.slug}-')
    rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"))))
    assert [(row["Name"][:2], row["Amount"]) for row in rows] == [("'=", "47.00")]


def test_a_download_asks_for_password_and_code_after_ten_minutes(app: Flask, tenant: Brand) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        browser = sign_in(app, make_operator(tenant))
        clock.shift(timedelta(minutes=10))
        here = f"/dashboard/{tenant.slug}/orders"
        reply = browser.get(f"{here}/export?q=ana", headers={"Referer": f"http://localhost{here}?q=ana"})
        # Back to the list: a download would leave the browser on the form for password and code.
        assert reply.headers["Location"] == f"/dashboard/-/confirm?next={quote(f'{here}?q=ana', safe='')}"
        assert audited(tenant, "orders_exported") == []


def test_a_download_is_in_the_audit_log_without_what_was_searched(tenant: Brand, browser) -> None:
    pay(tenant)
    browser.get(
        f"/dashboard/{tenant.slug}/orders/export?q=buyer@example.com&status=completed&from=2026-01-02"
    )
    [entry] = audited(tenant, "orders_exported")
    assert (entry.actor, entry.subject) == (browser.operator.actor, "tenant")
    assert entry.details == {
        "has_text": True,
        "status": "completed",
        "product": None,
        "first_day": "2026-01-02",
        "last_day": None,
        "request_id": entry.details["request_id"],
    }


def test_a_viewer_reads_the_list_and_downloads_nothing(app: Flask, tenant: Brand) -> None:
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    pay(tenant)
    page = viewer.get(f"/dashboard/{tenant.slug}/orders")
    assert len(numbers(page)) == 1
    assert "/orders/export" not in page.text
    assert viewer.get(f"/dashboard/{tenant.slug}/orders/export").status_code == 403


def test_an_operator_of_another_tenant_sees_nothing(app: Flask, tenant: Brand, other_tenant: Brand) -> None:
    stranger = sign_in(app, make_operator(other_tenant))
    opened = pay(tenant)
    for path in (
        "orders",
        "orders/export",
        f"orders/{opened.order_number}",
        f"orders?q={opened.order_number}",
    ):
        assert stranger.get(f"/dashboard/{tenant.slug}/{path}").status_code == 404
    assert stranger.get(f"/dashboard/{other_tenant.slug}/orders/{opened.order_number}").status_code == 404
    assert numbers(stranger.get(f"/dashboard/{other_tenant.slug}/orders?q=buyer@example.com")) == []
