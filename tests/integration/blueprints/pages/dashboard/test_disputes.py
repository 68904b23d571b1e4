"""Disputes: the nearest due date first, in plain words, with what to send and where."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from lumira.database import atomic, db
from lumira.models import Dispute, DisputeStatus, Language, Role
from lumira.models.columns import uuid7
from lumira.pages.dashboard.texts import TEXTS
from tests.support import refunds
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order

pytestmark = pytest.mark.usefixtures("app_context")


def list_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/disputes"


def disputed(brand: Brand, product: str = "mystique", **dispute) -> tuple[str, str]:
    """The number of a disputed order, and the dispute's id."""
    opened = refunds.pay(brand, product)
    made = refunds.disputed(brand, opened, **dispute)
    refunds.deliver_events(brand)
    return opened.order_number, made["id"]


def change(brand: Brand, number: str, **values) -> None:
    order_id = load_order(brand, number).id
    with atomic(brand.id):
        db.session.execute(update(Dispute).where(Dispute.order_id == order_id).values(**values))


def test_without_a_dispute_the_page_says_what_will_appear(app, tenant) -> None:
    for language in Language:
        viewer = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        words = TEXTS[language]["disputes"]
        assert words["none"] in viewer.get(list_of(tenant)).text
        assert words["none_closed"] in viewer.get(f"{list_of(tenant)}?state=closed").text


def test_an_open_dispute_says_why_until_when_what_to_send_and_where(browser, tenant) -> None:
    number, dispute_id = disputed(tenant)
    change(tenant, number, reason="product_not_received", due_at=datetime.now(UTC) + timedelta(days=3))
    page = browser.get(list_of(tenant)).text
    assert "The buyer received nothing" in page
    assert "the proof of shipping or delivery" in page
    assert "in 3 days" in page
    assert "€47.00" in page
    assert "The bank withholds the money: access is suspended. mystique: revoked." in page
    assert f'href="https://dashboard.stripe.com/test/disputes/{dispute_id}"' in page
    assert f'href="/dashboard/{tenant.slug}/orders/{number}"' in page


def test_the_nearest_due_date_comes_first_and_one_without_a_date_early(browser, tenant) -> None:
    far, near, without = (disputed(tenant)[0] for _ in range(3))
    now = datetime.now(UTC)
    for number, due_at in ((far, now + timedelta(days=9)), (near, now + timedelta(days=2)), (without, None)):
        change(tenant, number, due_at=due_at)
    page = browser.get(list_of(tenant)).text
    assert page.index(without) < page.index(near) < page.index(far)
    assert "Stripe names no date" in page


def test_a_closed_dispute_is_listed_with_its_result(browser, tenant) -> None:
    for outcome, says in (("lost", "The bank took the money back"), ("won", "The money is returned")):
        number, dispute_id = disputed(tenant)
        refunds.close_dispute(tenant, dispute_id, outcome)
        refunds.deliver_events(tenant)
        assert number not in browser.get(list_of(tenant)).text
        page = browser.get(f"{list_of(tenant)}?state=closed").text
        assert number in page
        assert says in page


def test_units_of_a_disputed_order_are_said_to_stay_sold(browser, tenant) -> None:
    disputed(tenant, "shirt")
    assert "the units stay sold" in browser.get(list_of(tenant)).text


def test_the_overview_leads_to_the_open_disputes(browser, tenant) -> None:
    disputed(tenant)
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert re.search(rf'<a href="{list_of(tenant)}">Open disputes</a>: 1', page)


def test_an_unknown_reason_is_shown_as_text(browser, tenant) -> None:
    number, _ = disputed(tenant)
    change(tenant, number, reason="<script>alert(1)</script>")
    page = browser.get(list_of(tenant)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_status_and_reason_has_words_in_both_languages() -> None:
    known = [set(TEXTS[language]["disputes"]["reasons"]) for language in Language]
    assert known[0] == known[1]
    for language in Language:
        words = TEXTS[language]["disputes"]
        assert set(words["statuses"]) == set(words["effects"]) == set(DisputeStatus)


@pytest.mark.parametrize("is_closed", [False, True])
def test_ten_thousand_disputes_are_paged_without_a_gap(browser, tenant, is_closed) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    now = datetime.now(UTC)
    rows = [
        {
            "tenant_id": tenant.id,
            "id": uuid7(),
            "order_id": order.id,
            "stripe_dispute_id": f"du_{number:05}",
            "amount": 100,
            "currency": "eur",
            "status": "won" if is_closed else "needs_response",
            # Several of the same time.
            "due_at": now + timedelta(minutes=number // 70),
            "updated_at": now - timedelta(minutes=number // 70),
        }
        for number in range(10_000)
    ]
    with atomic(tenant.id):
        db.session.execute(insert(Dispute), rows)
    path, seen = list_of(tenant) + ("?state=closed" if is_closed else ""), []
    for _ in range(3):
        page = browser.get(path).text
        seen += dict.fromkeys(re.findall(r"du_\d{5}", page))
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    by = "updated_at" if is_closed else "due_at"
    expected = sorted(rows, key=lambda row: (row[by], row["id"]), reverse=is_closed)
    assert seen == [row["stripe_dispute_id"] for row in expected[:150]]


def test_another_team_sees_no_dispute(app, tenant, other_tenant) -> None:
    number, _ = disputed(tenant)
    stranger = sign_in(app, make_operator(other_tenant))
    assert number not in stranger.get(list_of(other_tenant)).text
    assert stranger.get(list_of(tenant)).status_code == 404
