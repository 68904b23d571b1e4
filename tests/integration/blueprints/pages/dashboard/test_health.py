"""The health of the webhook endpoint: how events arrive and how long they take, with a chart and the same table."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import insert, update

from lumira.database import atomic, db
from lumira.models import EventStatus, Language, Role, Tenant, WebhookEvent
from lumira.models.columns import uuid7_from
from lumira.pages.dashboard.health_page import HealthPage
from lumira.reconciliation import reconcile
from lumira.repositories.events import event_figures
from lumira.services.events import view_health
from lumira.services.events.view_health import Span
from lumira.webhooks import process, refusals
from tests.support import stripe_sandbox
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, open_payment
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

#: A Sunday evening in Paris, after the clocks were put back that night.
NOW = datetime(2026, 10, 25, 20, 30, tzinfo=UTC)


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/webhooks/health"


def add_events(
    brand: Brand, at: datetime, number: int = 1, took: float | None = 0.35, **columns: Any
) -> None:
    """Insert so many events that arrived at this time and took so many seconds."""
    rows = [
        {
            "tenant_id": brand.id,
            "id": uuid7_from(at + timedelta(milliseconds=each)),
            "stripe_event_id": f"evt_{uuid4().hex}",
            "stripe_created_at": at,
            "type": "payment_intent.succeeded",
            "payload": {},
            "status": EventStatus.RECEIVED if took is None else EventStatus.PROCESSED,
            "attempts": 1,
            "received_at": at,
            "next_attempt_at": at,
            "processed_at": None if took is None else at + timedelta(seconds=took),
        }
        | columns
        for each in range(number)
    ]
    with atomic(brand.id):
        db.session.execute(insert(WebhookEvent), rows)


def figures(brand: Brand, span: Span, now: datetime = NOW) -> list[tuple[datetime, int, int | None]]:
    """Each day or hour with an event: when it begins, how many arrived, and the median of their durations."""
    with time_machine.travel(now, tick=False):
        found = view_health.view_health(brand.id, span).figures
    return [(each.at, each.received, each.took and each.took.median) for each in found if each.received]


def test_without_an_event_the_page_says_what_will_appear_and_how(browser, tenant) -> None:
    page = browser.get(path_of(tenant)).text
    assert "No event has arrived yet. Check the endpoint." in page
    assert "The charts appear with the first one." in page
    assert f'action="/dashboard/{tenant.slug}/set-up/check"' in page


def test_events_that_were_delivered_and_processed_are_well(browser, tenant) -> None:
    pay(tenant)
    page = browser.get(path_of(tenant)).text
    assert "Events arrive and are processed." in page
    assert "Fetched from Stripe" not in page
    assert page.count('<svg class="chart"') == 2
    assert 'href="/dashboard' in page


def test_events_that_no_webhook_delivered_point_at_the_endpoint(browser, tenant) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        reconcile.reconcile(tenant.id)
    page = browser.get(path_of(tenant)).text
    assert "Some events do not arrive at the endpoint." in page
    assert "Stripe did not deliver them" in page
    assert "none among the newest" in page
    [event_id, *_] = re.findall(
        r'webhooks/([0-9a-f-]{36})"', browser.get(f"/dashboard/{tenant.slug}/webhooks").text
    )
    event = browser.get(f"/dashboard/{tenant.slug}/webhooks/{event_id}").text
    assert "fetched from Stripe, Lumira" in event


def test_an_event_that_was_fetched_long_ago_says_nothing_about_the_endpoint_now(app, tenant) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        reconcile.reconcile(tenant.id)
        process.process_events(tenant.id)
    operator = make_operator(tenant)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        page = sign_in(app, operator).get(path_of(tenant)).text
    assert "Events arrive and are processed." in page
    assert "Stripe did not deliver them" in page


def test_an_event_that_waits_too_long_points_at_the_worker(browser, tenant) -> None:
    add_events(tenant, datetime.now(UTC) - timedelta(minutes=6), took=None)
    page = browser.get(path_of(tenant)).text
    assert "the worker is stopped or overloaded" in page
    assert "Longest waiting" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.ENGLISH, ("The last deliveries were refused", "2 (invalid signature), the last one on")),
        (
            Language.FRENCH,
            ("Les dernières livraisons sont refusées", "2 (signature non valable), la dernière"),
        ),
    ],
)
def test_refused_deliveries_point_at_the_signing_secret(app, client, tenant, language, words) -> None:
    for _ in range(2):
        refusals.forget()
        reply = client.post(
            f"/api/stripe/webhook/{tenant.slug}", data="{}", headers={"Stripe-Signature": "t=1"}
        )
        assert reply.status_code == 400
    page = sign_in(app, make_operator(tenant, language=language)).get(path_of(tenant)).text
    assert all(word in page for word in words)


def test_a_refused_delivery_before_an_accepted_one_points_at_nothing(browser, client, tenant) -> None:
    refusals.forget()
    client.post(f"/api/stripe/webhook/{tenant.slug}", data="{}", headers={"Stripe-Signature": "t=1"})
    pay(tenant)
    page = browser.get(path_of(tenant)).text
    assert "Events arrive and are processed." in page
    assert "1 (invalid signature)" in page


def test_failed_events_lead_to_their_list(browser, tenant) -> None:
    add_events(tenant, datetime.now(UTC), 2, status=EventStatus.FAILED)
    assert 'webhooks?state=failed">2</a>' in browser.get(path_of(tenant)).text


def test_figures_by_hour_are_those_of_the_last_day(tenant) -> None:
    add_events(tenant, NOW - timedelta(minutes=1), 3, took=0.2)
    add_events(tenant, NOW - timedelta(hours=23), 2, took=1.5)
    add_events(tenant, NOW - timedelta(hours=25))
    add_events(tenant, NOW - timedelta(minutes=2), took=None)
    assert figures(tenant, Span.HOURS) == [
        (datetime(2026, 10, 24, 21, tzinfo=UTC), 2, 1500),
        (datetime(2026, 10, 25, 20, tzinfo=UTC), 4, 200),
    ]


def test_figures_by_day_begin_at_midnight_of_the_shop_also_when_the_clocks_change(tenant) -> None:
    paris = ZoneInfo("Europe/Paris")
    add_events(tenant, datetime(2026, 10, 24, 21, 59, tzinfo=UTC), 1)
    add_events(tenant, datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 2)
    add_events(tenant, datetime(2026, 10, 25, 20, 29, tzinfo=UTC), 3)
    add_events(tenant, NOW - timedelta(days=31), 4)
    assert [(at.astimezone(paris), number) for at, number, _ in figures(tenant, Span.DAYS)] == [
        (datetime(2026, 10, 24, tzinfo=paris), 1),
        (datetime(2026, 10, 25, tzinfo=paris), 5),
    ]
    with atomic(tenant.id):
        db.session.execute(update(Tenant).where(Tenant.id == tenant.id).values(time_zone="Asia/Kolkata"))
    assert {at.astimezone(UTC).minute for at, _, _ in figures(tenant, Span.HOURS)} == {30}


def test_an_hour_of_many_events_is_counted_and_measured_within_bounds(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(event_figures, "MOST_COUNTED", 20)
    monkeypatch.setattr(view_health, "MOST_COUNTED", 20)
    # All at the beginning of one hour: of a twelfth of it, so many are measured.
    at = NOW.replace(minute=0)
    add_events(tenant, at, event_figures._SAMPLED, took=1)
    add_events(tenant, at + timedelta(seconds=1), 500, took=60)
    assert figures(tenant, Span.HOURS) == [(at, 20, 1000)]
    with time_machine.travel(NOW, tick=False):
        [shown] = [each for each in view_health.view_health(tenant.id, Span.HOURS).figures if each.received]
    assert shown.is_more


def test_a_backlog_is_no_reason_to_read_more(tenant) -> None:
    add_events(tenant, NOW - timedelta(minutes=1), 3 * event_figures._SAMPLED, took=None)
    assert [took for _, _, took in figures(tenant, Span.HOURS)] == [None]


def test_the_table_has_the_figures_of_the_chart_in_the_operators_language(app, tenant) -> None:
    add_events(tenant, datetime.now(UTC), 3, took=1.25)
    for language, words in (
        (Language.ENGLISH, ("1.2\xa0s", "Events received")),
        (Language.FRENCH, ("1,2\xa0s", "Événements reçus")),
    ):
        reader = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        for by in ("hours", "days", "nothing"):
            page = reader.get(f"{path_of(tenant)}?by={by}").text
            assert all(word in page for word in words), by
            [row] = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
            assert re.findall(r"<td[^>]*>([^<]+)</td>", row) == ["3", words[0], words[0]]
        assert "/set-up/check" not in page


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (12_000, "12 s"),
        (90_000, "1.5 min"),
        (90_000_000, "1.0 d"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_fits(milliseconds, written) -> None:
    page = HealthPage(None, Span.HOURS, ZoneInfo("UTC"), Language.ENGLISH, NOW)  # type: ignore[arg-type]
    assert page.duration(milliseconds).replace("\xa0", " ") == written


def test_another_teams_events_count_nowhere(app, tenant, other_tenant) -> None:
    add_events(tenant, datetime.now(UTC), 3)
    stranger = sign_in(app, make_operator(other_tenant))
    assert "No event has arrived yet." in stranger.get(path_of(other_tenant)).text
    assert stranger.get(path_of(tenant)).status_code == 404
