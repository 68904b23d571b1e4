"""The board shows how the work of one shop stands, and what all shops share to its owners only."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import AlertKind, OutboxMessage, Role
from lumira.repositories.alerts import alerts
from tests.support import own_database
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, open_payment
from tests.support.refunds import pay
from tests.support.stripe_events import event, payment_intent, receive

pytestmark = pytest.mark.usefixtures("app_context")
# The board shows the jobs of all shops: other tests leave some in their database.
settings, app = own_database.settings, own_database.app


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/board"


def rows(page: str) -> dict[str, tuple[str, bool]]:
    """The value of each row, and whether it needs a look, by the name of the row."""
    found = re.findall(
        r"<tr>\n<th scope=\"row\"[^>]*>(.+?)</th>\n<td[^>]*>(.*?)</td>\n<td[^>]*>(.*?)</td>", page
    )
    return {re.sub("<[^>]+>", "", name): (value, "look at it" in state) for name, value, state in found}


def test_a_quiet_shop_has_nothing_to_look_at(browser, tenant) -> None:
    shown = rows(browser.get(path_of(tenant)).text)
    assert shown["Open alerts"] == ("0", False)
    assert shown["Oldest unprocessed event"] == ("none", False)
    assert not any(is_bad for name, (_, is_bad) in shown.items() if "orker" not in name)


def test_what_waits_too_long_needs_a_look(browser, tenant) -> None:
    receive(tenant, event("payment_intent.canceled", payment_intent(id="pi_1", status="canceled")))
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.EVENT_FAILED, subject="evt_1")
    shown = rows(browser.get(path_of(tenant)).text)
    assert shown["Open alerts"] == ("1", True)
    assert shown["Events to process"] == ("1", False)
    assert shown["Oldest unprocessed event"][1] is False
    with time_machine.travel(utc_now() + timedelta(minutes=8)):
        assert rows(browser.get(path_of(tenant)).text)["Oldest unprocessed event"] == (
            "8.0\u00a0min ago",
            True,
        )


def test_open_orders_late_polls_overdue_stock_and_late_messages_are_counted(browser, tenant) -> None:
    open_payment(tenant, product="shirt")
    pay(tenant)
    with atomic(tenant.id):
        db.session.execute(update(OutboxMessage).values(next_attempt_at=utc_now()))
    shown = rows(browser.get(path_of(tenant)).text)
    assert shown["Orders that wait for their payment"] == ("1", False)
    assert shown["Overdue reservations"] == shown["Late e-mails"] == ("0", False)
    with time_machine.travel(utc_now() + timedelta(hours=3)):
        shown = rows(browser.get(path_of(tenant)).text)
    assert shown["Overdue reservations"] == shown["Late e-mails"] == ("1", True)
    assert shown["Orders to poll at Stripe, late"][1] is True


def test_owners_alone_see_what_all_shops_share(app, browser, tenant) -> None:
    assert "Running workers" in rows(browser.get(path_of(tenant)).text)
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    page = viewer.get(path_of(tenant)).text
    assert "Open alerts" in page
    assert "Running workers" not in page
    assert "Disk" not in page


def test_the_work_of_another_shop_is_not_counted(browser, tenant, other_tenant) -> None:
    receive(other_tenant, event("payment_intent.canceled", payment_intent(id="pi_1", status="canceled")))
    assert rows(browser.get(path_of(tenant)).text)["Events to process"] == ("0", False)


def test_more_than_a_hundred_are_not_counted_further(browser, tenant) -> None:
    with atomic(tenant.id):
        for number in range(102):
            alerts.raise_alert(tenant.id, kind=AlertKind.EVENT_FAILED, subject=f"evt_{number}")
    assert rows(browser.get(path_of(tenant)).text)["Open alerts"] == ("more than 100", True)


def test_the_chart_has_the_same_figures_in_a_table(browser, tenant) -> None:
    assert "No event for 24 hours" in browser.get(path_of(tenant)).text
    receive(tenant, event("payment_intent.canceled", payment_intent(id="pi_1", status="canceled")))
    page = browser.get(path_of(tenant)).text
    assert '<svg class="chart"' in page
    assert "The figures as a table" in page
