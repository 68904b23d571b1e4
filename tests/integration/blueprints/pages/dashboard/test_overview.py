"""The first page shows what needs an operator, each with where it is repaired, and the figures of a period."""

import pytest
from flask import Flask

from lumira.database import atomic
from lumira.models import Alert, AlertKind, Role
from lumira.repositories.alerts import alerts
from tests.support import files, refunds
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, count, set_stock
from tests.support.refunds import alerts_of

pytestmark = pytest.mark.usefixtures("app_context")


def test_an_empty_shop_says_what_will_appear(tenant: Brand, browser) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert "Nothing needs you." in page
    assert "The figures appear with the first order." in page


def test_figures_have_a_chart_and_the_same_table(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    refunds.refund(tenant, opened, 700)
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert "€47.00" in page
    assert "€7.00" in page
    assert '<svg class="chart"' in page
    assert f'href="/dashboard/{tenant.slug}/orders?from=' in page
    assert "style=" not in page


def test_an_alert_leads_to_its_order_and_is_resolved(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    refunds.disputed(tenant, opened)
    refunds.deliver_events(tenant)
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert f'href="/dashboard/{tenant.slug}/orders/{opened.order_number}"' in page
    assert "Respond before" in page

    with atomic(tenant.id):
        [alert] = alerts.list_alerts(tenant.id)
    path = f"/dashboard/{tenant.slug}/alerts/{alert.id}/resolve"
    assert browser.submit(path).status_code == 303
    assert alerts_of(tenant) == []
    assert refunds.audited(tenant, "alert_resolved")[0].actor.startswith("operator:")


def test_a_failed_event_is_replayed_from_its_alert(tenant: Brand, browser) -> None:
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.EVENT_FAILED, subject="evt_1", reason="<b>")
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert f'action="/dashboard/{tenant.slug}/events/evt_1/replay"' in page
    browser.submit(f"/dashboard/{tenant.slug}/events/evt_1/replay")
    assert "Nothing was changed. The object does not exist" in browser.get(f"/dashboard/{tenant.slug}").text


def test_low_stock_is_listed_and_leads_to_the_product(tenant: Brand, browser) -> None:
    set_stock(tenant, "cap", 1)
    page = browser.get(f"/dashboard/{tenant.slug}").text
    assert "Casquette: 1 in stock" in page
    assert f'href="/dashboard/{tenant.slug}/catalog/cap"' in page
    assert browser.get(f"/dashboard/{tenant.slug}/catalog/cap").status_code == 200


def test_waiting_deliverables_lead_to_their_queue(tenant: Brand, browser) -> None:
    files.promise(tenant, "mystique", "lecture")
    refunds.pay(tenant)
    page = browser.get(f"/dashboard/{tenant.slug}").text
    # Beside that of the navigation.
    assert page.count(f'href="/dashboard/{tenant.slug}/deliverables"') == 2
    assert "lecture" in browser.get(f"/dashboard/{tenant.slug}/deliverables").text.lower()


@pytest.mark.parametrize(
    "query", ["from=x", "from=2026-01-02&to=2026-01-01", "from=2020-01-01", "to=0001-01-01"]
)
def test_an_impossible_period_is_named(tenant: Brand, browser, query: str) -> None:
    page = browser.get(f"/dashboard/{tenant.slug}?{query}")
    assert page.status_code == 400
    assert "A period has 1 to 92 days" in page.text


def test_a_viewer_resolves_nothing(app: Flask, tenant: Brand, other_tenant: Brand) -> None:
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="now")
        [alert] = alerts.list_alerts(tenant.id)
    viewer, stranger = (sign_in(app, make_operator(*who)) for who in ((tenant, Role.VIEWER), (other_tenant,)))
    path = f"/dashboard/{tenant.slug}/alerts/{alert.id}/resolve"
    assert "/resolve" not in viewer.get(f"/dashboard/{tenant.slug}").text
    assert viewer.submit(path).status_code == 403
    assert stranger.submit(path).status_code == 404
    assert stranger.submit(path.replace(tenant.slug, other_tenant.slug)).status_code == 404
    assert count(tenant, Alert, resolved_at=None) == 1
