"""Alerts: an operator takes care of them and resolves them; the page says who did."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, select, update

from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, Language, Role
from lumira.models.columns import uuid7
from lumira.notifications import send_alerts
from lumira.repositories.alerts import alerts
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand
from tests.support.refunds import audited
from tests.support.statements import noted_statements

pytestmark = pytest.mark.usefixtures("app_context")


def raised(
    brand: Brand, kind: AlertKind = AlertKind.EVENT_FAILED, subject: str = "evt_1", **details
) -> Alert:
    with atomic(brand.id):
        alerts.raise_alert(brand.id, kind=kind, subject=subject, **details)
        return db.session.execute(select(Alert).where(Alert.subject == subject)).scalar_one()


def loaded(brand: Brand, alert: Alert) -> Alert:
    with atomic(brand.id):
        return db.session.execute(select(Alert).where(Alert.id == alert.id)).scalar_one()


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/alerts"


def test_without_an_alert_the_page_says_what_will_appear(browser, tenant) -> None:
    page = browser.get(path_of(tenant)).text
    assert "No alert is open." in page
    assert "An alert appears here as soon as something needs you" in page
    assert "No alert was resolved." in browser.get(f"{path_of(tenant)}?state=resolved").text


def test_an_alert_shows_what_it_means_and_what_to_do_in_the_operators_language(app, tenant) -> None:
    raised(tenant, AlertKind.PAYMENT_MISMATCH, "ORA-7Q2MZX41KD", reason="amount_mismatch")
    pages = [
        sign_in(app, make_operator(tenant, Role.VIEWER, language=language)).get(path_of(tenant)).text
        for language in Language
    ]
    french, english = sorted(pages, key=lambda page: 'lang="en"' in page.partition("<head>")[0])
    assert "Payment differs from the order" in english
    assert "amount_mismatch" in english
    assert f'href="/dashboard/{tenant.slug}/orders/ORA-7Q2MZX41KD"' in english
    assert "Paiement différent de la commande" in french
    assert "À faire" in french


def test_who_takes_care_of_an_alert_is_shown_and_no_email_is_sent_any_more(browser, tenant, owner) -> None:
    alert = raised(tenant)
    reply = browser.submit(f"{path_of(tenant)}/{alert.id}/acknowledge", page=path_of(tenant))
    assert reply.headers["Location"] == path_of(tenant)
    page = browser.get(path_of(tenant)).text
    assert "Noted: you take care of this alert." in page
    assert f"{owner.email} has taken care of it since" in page
    assert "/acknowledge" not in page
    assert send_alerts.send_alerts(tenant.id) == 0
    assert (loaded(tenant, alert).notified_at, loaded(tenant, alert).resolved_at) == (None, None)
    assert audited(tenant, "alert_acknowledged")[0].actor == owner.actor


def test_the_first_who_takes_care_of_an_alert_stays(app, browser, tenant, owner) -> None:
    alert = raised(tenant)
    browser.submit(f"{path_of(tenant)}/{alert.id}/acknowledge")
    second = sign_in(app, make_operator(tenant))
    second.submit(f"{path_of(tenant)}/{alert.id}/acknowledge")
    assert "a person takes care of it already" in second.get(path_of(tenant)).text
    assert loaded(tenant, alert).acknowledged_by == owner.actor
    assert len(audited(tenant, "alert_acknowledged")) == 1


def test_a_resolved_alert_moves_to_the_resolved_ones_with_who_did(browser, tenant, owner) -> None:
    alert = raised(tenant)
    browser.submit(f"{path_of(tenant)}/{alert.id}/resolve", page=path_of(tenant))
    assert "evt_1" not in browser.get(path_of(tenant)).text
    resolved = browser.get(f"{path_of(tenant)}?state=resolved").text
    assert "evt_1" in resolved
    assert f"Resolved by {owner.email}" in resolved
    assert "/resolve" not in resolved.partition("<main")[2]
    assert audited(tenant, "alert_resolved")[0].actor == owner.actor


def test_an_alert_that_resolves_itself_names_nobody_and_is_raised_again_as_new(browser, tenant) -> None:
    alert = raised(tenant)
    browser.submit(f"{path_of(tenant)}/{alert.id}/acknowledge")
    with atomic(tenant.id):
        alerts.resolve(tenant.id, kind=AlertKind.EVENT_FAILED, subject="evt_1")
    assert "Resolved itself on" in browser.get(f"{path_of(tenant)}?state=resolved").text
    raised(tenant)
    row = loaded(tenant, alert)
    assert (row.acknowledged_by, row.resolved_by) == (None, None)
    assert row.next_notification_at is not None


def test_the_kind_filters_and_an_unknown_one_shows_all(browser, tenant) -> None:
    raised(tenant, subject="evt_1")
    raised(tenant, AlertKind.STRIPE_UNAVAILABLE, "since-noon")
    page = browser.get(f"{path_of(tenant)}?kind=event_failed").text
    assert ("evt_1" in page, "since-noon" in page) == (True, False)
    page = browser.get(f"{path_of(tenant)}?kind=nothing&after=x.y").text
    assert ("evt_1" in page, "since-noon" in page) == (True, True)


@pytest.mark.parametrize("state", ["", "resolved"])
def test_ten_thousand_alerts_are_paged_without_a_gap_by_one_query_a_page(browser, tenant, state) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "tenant_id": tenant.id,
            "id": uuid7(),
            "kind": AlertKind.EVENT_FAILED,
            "subject": f"evt_{number:05}",
            "details": {},
            # Several of the same time.
            "raised_at": now - timedelta(seconds=number // 70),
        }
        for number in range(10_000)
    ]
    with atomic(tenant.id):
        db.session.execute(insert(Alert), rows)
        if state:
            db.session.execute(update(Alert).values(resolved_at=Alert.raised_at))
    seen: list[str] = []
    path = f"{path_of(tenant)}?state={state}"
    for _ in range(4):
        with noted_statements() as noted:
            sent = noted.made_by(partial(browser.get, path))
        page = browser.get(path).text
        assert len([statement for statement in sent if "SELECT alerts." in statement]) == 1
        seen += dict.fromkeys(re.findall(r"evt_\d{5}", page))
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 200
    newest = sorted(rows, key=lambda row: (row["raised_at"], row["id"]), reverse=True)
    assert seen == [row["subject"] for row in newest[:200]]


def test_text_of_strangers_is_shown_as_text(browser, tenant) -> None:
    raised(tenant, subject="<script>alert(1)</script>", reason='"><img src=x onerror=alert(1)>')
    page = browser.get(path_of(tenant)).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_viewer_changes_no_alert_and_another_team_finds_none(app, tenant, other_tenant) -> None:
    alert = raised(tenant)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    stranger = sign_in(app, make_operator(other_tenant))
    page = viewer.get(path_of(tenant)).text
    assert "evt_1" in page
    assert "/acknowledge" not in page
    assert "/resolve" not in page
    assert "evt_1" not in stranger.get(path_of(other_tenant)).text
    for action in ("acknowledge", "resolve"):
        assert viewer.submit(f"{path_of(tenant)}/{alert.id}/{action}").status_code == 403
        assert stranger.submit(f"{path_of(tenant)}/{alert.id}/{action}").status_code == 404
        assert stranger.submit(f"{path_of(other_tenant)}/{alert.id}/{action}").status_code == 404
    row = loaded(tenant, alert)
    assert (row.acknowledged_at, row.resolved_at) == (None, None)
