"""Stripe's events: found, explained, and processed again, one or many."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from lumira.database import atomic, db
from lumira.models import EventStatus, Language, OrderStatus, Role, WebhookEvent
from lumira.models.columns import uuid7_from
from lumira.repositories.alerts import alerts
from lumira.repositories.events import event_lists
from lumira.webhooks import process, replay_many
from tests.support import stripe_events, stripe_sandbox
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import BUYER, Brand, load_order, open_payment
from tests.support.refunds import alerts_of, audited, pay
from tests.support.statements import noted_statements

pytestmark = pytest.mark.usefixtures("app_context")

EVIL = '"><script>alert(1)</script>'


def path_of(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/webhooks"


def add_events(brand: Brand, number: int, **columns: Any) -> list[UUID]:
    """Insert so many events, a second apart, oldest first; the last one was received an hour ago."""
    first = datetime.now(UTC) - timedelta(hours=1, seconds=number)
    times = [first + timedelta(seconds=each) for each in range(number)]
    rows = [
        {
            "tenant_id": brand.id,
            "id": uuid7_from(at),
            "stripe_event_id": f"evt_{uuid4().hex}",
            "stripe_created_at": at,
            "type": "payment_intent.succeeded",
            "livemode": False,
            "payload": {"id": "evt_1", "type": "payment_intent.succeeded"},
            "status": EventStatus.PROCESSED,
            "attempts": 1,
            "received_at": at,
            "next_attempt_at": at,
        }
        | columns
        for at in times
    ]
    with atomic(brand.id):
        db.session.execute(insert(WebhookEvent), rows)
    return [row["id"] for row in rows]


def loaded(brand: Brand, event_id: UUID) -> WebhookEvent:
    with atomic(brand.id):
        return db.session.execute(select(WebhookEvent).where(WebhookEvent.id == event_id)).scalar_one()


def listed(page: str) -> list[UUID]:
    return [UUID(each) for each in re.findall(r'webhooks/([0-9a-f-]{36})" aria-label', page)]


def failed_payment_event(brand: Brand) -> tuple[str, UUID]:
    """The number of an order that is paid at Stripe, and the event about it, which failed here."""
    opened = open_payment(brand)
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)
    [event] = stripe_sandbox.events(brand, "payment_intent.succeeded")
    stripe_events.receive(brand, event)
    with atomic(brand.id) as session:
        row = session.query(WebhookEvent).one()
        row.status, row.reason, row.last_error = EventStatus.FAILED, "error", f"Traceback\nKeyError: {EVIL}"
        return opened.order_number, row.id


def test_without_an_event_the_page_says_what_will_appear_and_how(browser, tenant) -> None:
    page = browser.get(path_of(tenant)).text
    assert "No event yet." in page
    assert "as soon as Stripe reports something" in page
    assert f'href="/dashboard/{tenant.slug}/set-up"' in page
    assert "No event matches." in browser.get(f"{path_of(tenant)}?state=failed").text


def test_events_are_found_by_state_type_day_order_and_stripe_id(browser, tenant) -> None:
    opened = pay(tenant)
    [failed] = add_events(tenant, 1, status=EventStatus.FAILED, type="charge.refunded", reason="malformed")
    with atomic(tenant.id):
        rows = db.session.execute(select(WebhookEvent)).scalars().all()
    everything = {row.id for row in rows}
    ignored = {row.id for row in rows if row.status is EventStatus.IGNORED}
    [paid] = [row for row in rows if row.status is EventStatus.PROCESSED]
    today = datetime.now(UTC).date()
    for query, expected in {
        "": everything,
        "state=failed": {failed},
        "state=ignored": ignored,
        "state=parked": set(),
        "type=charge.refunded": {failed},
        "type=charge.refunded&state=ignored": set(),
        f"from={today - timedelta(days=2)}&to={today + timedelta(days=2)}": everything,
        f"from={today + timedelta(days=2)}": set(),
        f"to={today - timedelta(days=2)}": set(),
        f"q={opened.order_number}": {paid.id},
        f"q={opened.payment_intent_id}": {paid.id},
        f"q={BUYER}&state=failed": set(),
        "q=evt_unknown": set(),
        "state=nothing&after=nothing": everything,
    }.items():
        assert set(listed(browser.get(f"{path_of(tenant)}?{query}").text)) == expected, query
    assert browser.get(f"{path_of(tenant)}?from=x").status_code == 400
    # Events of all days are not offered instead.
    reply = browser.get(f"{path_of(tenant)}/replay?state=failed&from=x")
    assert reply.headers["Location"] == f"{path_of(tenant)}?state=failed&from=x"
    fields = {"until": str(failed), "state": "failed", "from": "x"}
    assert browser.submit(f"{path_of(tenant)}/replay", **fields).status_code == 400
    only = browser.get(f"{path_of(tenant)}?q={paid.stripe_event_id}")
    assert only.headers["Location"] == f"{path_of(tenant)}/{paid.stripe_event_id}"
    assert f'orders/{opened.order_number}"' in browser.get(path_of(tenant)).text


def test_an_event_that_belongs_to_no_order_yet_is_found_by_its_payment(browser, tenant) -> None:
    _, event_id = failed_payment_event(tenant)
    pay(tenant)
    payment_id = loaded(tenant, event_id).payload["data"]["object"]["id"]
    assert listed(browser.get(f"{path_of(tenant)}?q={payment_id}").text) == [event_id]
    assert listed(browser.get(f"{path_of(tenant)}?q={payment_id}&state=parked").text) == []
    assert listed(browser.get(f"{path_of(tenant)}?q=pi_unknown").text) == []


def test_an_order_and_an_alert_lead_to_the_event(browser, tenant) -> None:
    number, event_id = failed_payment_event(tenant)
    stripe_id = loaded(tenant, event_id).stripe_event_id
    with atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind="event_failed", subject=stripe_id)
    for page in ("alerts", f"orders/{number}"):
        assert f'href="{path_of(tenant)}/{stripe_id}"' in browser.get(f"/dashboard/{tenant.slug}/{page}").text
    assert browser.get(f"{path_of(tenant)}/{stripe_id}").status_code == 200


@pytest.mark.parametrize("query", ["", "state=failed", "state=failed&type=payment_intent.succeeded"])
def test_ten_thousand_events_are_paged_without_a_gap_by_one_query_a_page(browser, tenant, query) -> None:
    ids = add_events(tenant, 10_000, status=EventStatus.FAILED)
    seen: list[UUID] = []
    path = f"{path_of(tenant)}?{query}"
    for _ in range(3):
        with noted_statements() as noted:
            sent = noted.made_by(partial(browser.get, path))
        page = browser.get(path).text
        assert len([each for each in sent if "webhook_events.stripe_event_id" in each]) == 1, sent
        seen += listed(page)
        path = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    assert seen == ids[::-1][:150]


def test_a_rare_event_is_looked_for_among_a_bounded_number_and_then_further_back(
    browser, tenant, monkeypatch
) -> None:
    monkeypatch.setattr(event_lists, "SCANNED", 100)
    [rare] = add_events(tenant, 1, type="charge.dispute.created")
    add_events(tenant, 150)
    with atomic(tenant.id):
        before = datetime.now(UTC) - timedelta(days=1)
        changed = {"id": uuid7_from(before), "received_at": before}
        db.session.execute(update(WebhookEvent).where(WebhookEvent.id == rare).values(**changed))
    page = browser.get(f"{path_of(tenant)}?type=charge.dispute.created").text
    assert listed(page) == []
    assert "The next page looks further back." in page
    following = re.search(r'href="([^"]+)" rel="next"', page)[1].replace("&amp;", "&")
    page = browser.get(following).text
    assert listed(page) == [changed["id"]]
    assert "looks further back" not in page


def test_an_event_says_in_the_operators_language_why_it_failed_and_what_to_do(app, tenant) -> None:
    number, event_id = failed_payment_event(tenant)
    for language, words in (
        (Language.ENGLISH, "An error of Lumira stopped it."),
        (Language.FRENCH, "Une erreur de Lumira l’a arrêté."),
    ):
        reader = sign_in(app, make_operator(tenant, Role.VIEWER, language=language))
        for path in (f"{path_of(tenant)}?state=failed", f"{path_of(tenant)}/{event_id}"):
            page = reader.get(path).text
            assert words in page
            assert "KeyError: &#34;&gt;&lt;script&gt;" in page
            assert "/replay" not in page
        # It belongs to no order before it is processed.
        assert f"/orders/{number}" not in page


def test_the_payload_is_shown_without_personal_data_and_as_text(browser, tenant) -> None:
    intent = stripe_events.payment_intent(id="pi_1", status="succeeded", receipt_email=BUYER)
    intent["metadata"] = {"note": "secret <b>", "orderNumber": "ORA-7Q2MZX41KD"}
    stripe_events.receive(tenant, stripe_events.event(f"payment_intent.{EVIL}", intent, request={"id": EVIL}))
    [event_id] = listed(browser.get(path_of(tenant)).text)
    page = browser.get(f"{path_of(tenant)}/{event_id}").text
    for text in (page, browser.get(path_of(tenant)).text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
    assert "pi_1" in page
    assert "ORA-7Q2MZX41KD" in page
    assert BUYER not in page
    assert "secret" not in page.partition("<pre")[2].partition("</pre>")[0]


def test_a_failed_event_is_replayed_and_completes_its_order(browser, tenant, owner) -> None:
    number, event_id = failed_payment_event(tenant)
    page = f"{path_of(tenant)}/{event_id}"
    stripe_id = loaded(tenant, event_id).stripe_event_id
    assert f'action="{page}/replay"' in browser.get(page).text
    reply = browser.submit(f"{page}/replay", page=page)
    assert reply.headers["Location"] == f"{path_of(tenant)}/{stripe_id}"
    process.process_events(tenant.id)
    assert load_order(tenant, number).status is OrderStatus.COMPLETED
    text = browser.get(page).text
    assert "The event is processed again within seconds." in text
    assert f"replayed, {owner.email}" in text
    assert f"/orders/{number}" in text
    assert [entry.actor for entry in audited(tenant, "event_replayed")] == [owner.actor]


def test_an_event_without_its_payload_is_not_replayed(browser, tenant) -> None:
    [event_id] = add_events(tenant, 1, payload={}, payload_removed_at=datetime.now(UTC))
    page = f"{path_of(tenant)}/{event_id}"
    text = browser.get(page).text
    assert "The payload was removed on" in text
    assert "/replay" not in text
    browser.submit(f"{page}/replay", page=page)
    assert "Nothing was changed." in browser.get(page).text


def test_many_events_are_replayed_after_their_number_was_shown(browser, tenant, owner) -> None:
    number, event_id = failed_payment_event(tenant)
    add_events(tenant, 120, status=EventStatus.FAILED, type="charge.refunded")
    add_events(tenant, 3, status=EventStatus.FAILED, payload={}, payload_removed_at=datetime.now(UTC))
    add_events(tenant, 2, status=EventStatus.PARKED)
    assert f'action="{path_of(tenant)}/replay"' in browser.get(f"{path_of(tenant)}?state=failed").text
    page = browser.get(f"{path_of(tenant)}/replay?state=failed").text
    assert "121 events will be processed again:" in page
    assert "charge.refunded: 120" in page
    assert "payment_intent.succeeded: 1" in page
    until = re.search(r'name="until" value="([^"]+)"', page)[1]
    with atomic(tenant.id) as session:
        [parked] = session.query(WebhookEvent).filter_by(status="parked").limit(1)
        parked.status = EventStatus.FAILED
        parked.id = uuid7_from(datetime.now(UTC) + timedelta(hours=1))
        later = parked.id

    browser.submit(f"{path_of(tenant)}/replay", until=until, state="failed")

    assert "Events to process again: 121." in browser.get(path_of(tenant)).text
    assert loaded(tenant, later).status is EventStatus.FAILED
    assert loaded(tenant, event_id).status is EventStatus.RECEIVED
    assert len(audited(tenant, "event_replayed")) == 121
    process.process_events(tenant.id)
    assert load_order(tenant, number).status is OrderStatus.COMPLETED
    browser.submit(f"{path_of(tenant)}/replay", until=until, state="parked", type="charge.refunded")
    assert "Events to process again: 0." in browser.get(path_of(tenant)).text


def test_one_form_replays_a_bounded_number(browser, tenant, monkeypatch) -> None:
    monkeypatch.setattr(replay_many, "MOST_REPLAYED", 5)
    ids = add_events(tenant, 8, status=EventStatus.IGNORED, reason="type")
    page = browser.get(f"{path_of(tenant)}/replay?state=ignored").text
    assert "5 events will be processed again:" in page
    assert "There are more" in page
    until = re.search(r'name="until" value="([^"]+)"', page)[1]
    browser.submit(f"{path_of(tenant)}/replay", until=until, state="ignored")
    states = [loaded(tenant, each).status for each in ids]
    assert states == [EventStatus.IGNORED] * 3 + [EventStatus.RECEIVED] * 5


@pytest.mark.parametrize("query", ["", "state=processed", "state=received", "state=nothing"])
def test_events_that_were_processed_are_not_replayed_together(browser, tenant, query) -> None:
    [processed] = add_events(tenant, 1)
    assert "No event to replay." in browser.get(f"{path_of(tenant)}/replay?{query}").text
    fields = dict([query.split("=")]) if query else {}
    browser.submit(f"{path_of(tenant)}/replay", until=str(processed), **fields)
    assert loaded(tenant, processed).status is EventStatus.PROCESSED
    assert browser.submit(f"{path_of(tenant)}/replay", **fields).status_code == 400


def test_a_viewer_replays_nothing_and_another_team_sees_nothing(app, tenant, other_tenant) -> None:
    _, event_id = failed_payment_event(tenant)
    stripe_id = loaded(tenant, event_id).stripe_event_id
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    stranger = sign_in(app, make_operator(other_tenant))
    assert listed(viewer.get(f"{path_of(tenant)}?state=failed").text) == [event_id]
    assert viewer.get(f"{path_of(tenant)}/replay?state=failed").status_code == 403
    assert viewer.submit(f"{path_of(tenant)}/{event_id}/replay").status_code == 403
    assert viewer.submit(f"{path_of(tenant)}/replay", until=str(event_id), state="failed").status_code == 403
    assert listed(stranger.get(path_of(other_tenant)).text) == []
    assert stranger.get(f"{path_of(other_tenant)}?q={stripe_id}").status_code == 200
    for reference in (str(event_id), stripe_id):
        assert stranger.get(f"{path_of(other_tenant)}/{reference}").status_code == 404
        assert stranger.submit(f"{path_of(other_tenant)}/{reference}/replay").status_code == 404
    stranger.submit(f"{path_of(other_tenant)}/replay", until=str(event_id), state="failed")
    assert loaded(tenant, event_id).status is EventStatus.FAILED
    assert alerts_of(other_tenant) == []
