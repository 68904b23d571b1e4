"""An operator finds what was not delivered or not processed, and repairs it, on a phone and a desktop screen."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import EventStatus, MessageStatus, OrderStatus, OutboxMessage, WebhookEvent
from lumira.repositories.alerts import alerts
from lumira.webhooks import process
from tests.browser.navigation import go_to
from tests.browser.test_dashboard_orders import enter
from tests.browser.test_every_page import serious_findings
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.integration.blueprints.pages.dashboard.test_health import add_events
from tests.support import stripe_events, stripe_sandbox
from tests.support.factories import Brand, load_order, open_payment
from tests.support.portal_pages import reached_at
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

PARIS = ZoneInfo("Europe/Paris")
#: What a stranger may write, longer than a line.
EVIL = '"><img src=x onerror=alert(1)>' + "x" * 120


def undelivered(brand: Brand, **sale: object) -> OutboxMessage:
    """A confirmation whose address was refused."""
    [message] = load_order(brand, pay(brand, **sale).order_number).messages
    with atomic(brand.id):
        refused = {"status": MessageStatus.DEAD, "last_error": f"550 no such user {EVIL}", "attempts": 1}
        db.session.execute(update(OutboxMessage).where(OutboxMessage.id == message.id).values(**refused))
        alerts.raise_alert(brand.id, kind="message_dead", subject=str(message.id), reason="undeliverable")
    return message


def test_a_message_that_was_not_delivered_is_found_read_and_sent_again(
    page: Page, served: str, tenant: Brand, look
) -> None:
    message = undelivered(tenant)
    enter(page, served, tenant)
    page.get_by_role("link", name="Messages non remis").click()
    expect(page.get_by_text("550 no such user")).to_be_visible()
    look("dashboard-messages")
    assert fits(page)

    with reached_at():
        page.get_by_role("link", name="Ouvrir le message confirmation").click()
        email = page.frame_locator("iframe")
        expect(email.get_by_role("heading", name="est confirmée")).to_be_visible()
        expect(email.get_by_role("link").first).to_have_attribute("href", "https://pay.example.com/my/***")
        expect(email.get_by_role("link").first).to_have_css("pointer-events", "none")
        look("dashboard-message")
        assert fits(page)
    expect(page.get_by_text("L’adresse est refusée")).to_be_visible()

    page.get_by_role("button", name="Envoyer maintenant").click()
    expect(page.get_by_role("status")).to_contain_text("Le message part dans quelques secondes.")
    with atomic(tenant.id):
        assert db.session.get_one(OutboxMessage, (tenant.id, message.id)).status is MessageStatus.PENDING


def failed(brand: Brand) -> tuple[str, str]:
    """An order that is paid at Stripe, and the event about it, which failed here."""
    opened = open_payment(brand)
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)
    [*_, event] = stripe_sandbox.events(brand, "payment_intent.succeeded")
    stripe_events.receive(brand, event)
    with atomic(brand.id):
        broken = {"status": EventStatus.FAILED, "reason": "error", "last_error": f"KeyError: {EVIL}"}
        is_it = WebhookEvent.stripe_event_id == event["id"]
        db.session.execute(update(WebhookEvent).where(is_it).values(**broken))
    return opened.order_number, event["id"]


def test_an_event_that_failed_is_found_and_replayed_in_three_clicks(
    page: Page, served: str, tenant: Brand, look
) -> None:
    number, event_id = failed(tenant)
    enter(page, served, tenant)
    page.get_by_role("link", name="Événements de Stripe non traités").click()
    look("dashboard-webhooks")
    assert fits(page)
    page.get_by_role("link", name=event_id).click()
    expect(page.get_by_text("Une erreur de Lumira l’a arrêté.")).to_be_visible()
    look("dashboard-webhook")
    assert fits(page)
    page.get_by_role("button", name="Traiter à nouveau").click()

    expect(page.get_by_role("status")).to_contain_text("traité à nouveau dans quelques secondes")
    process.process_events(tenant.id)
    assert load_order(tenant, number).status is OrderStatus.COMPLETED


def test_all_events_that_failed_are_replayed_after_a_look_at_their_number(
    page: Page, served: str, tenant: Brand, look
) -> None:
    number, _ = failed(tenant)
    enter(page, served, tenant)
    page.goto(f"{served}/dashboard/{tenant.slug}/webhooks?state=failed")
    page.get_by_role("button", name="Traiter ces événements à nouveau…").click()
    expect(page.get_by_text("payment_intent.succeeded : 1")).to_be_visible()
    look("dashboard-webhooks-replay")
    assert fits(page)
    page.get_by_role("button", name="Traiter maintenant").click()
    expect(page.get_by_role("status")).to_contain_text("Événements à traiter à nouveau : 1.")
    process.process_events(tenant.id)
    assert load_order(tenant, number).status is OrderStatus.COMPLETED


def test_the_health_of_the_endpoint_is_seen_at_a_glance(page: Page, served: str, tenant: Brand, look) -> None:
    for hours in range(30):
        at = datetime.now(UTC) - timedelta(hours=hours)
        add_events(tenant, at, 1 + hours * 7 % 13, took=0.2 + hours % 5)
    enter(page, served, tenant)
    go_to(page, "Webhooks", group="Technique")
    page.get_by_role("link", name="Santé du webhook et graphiques").click()
    expect(page.get_by_role("img")).to_have_count(2)
    look("dashboard-health")
    assert fits(page)
    page.get_by_label("Par").select_option("days")
    page.get_by_role("button", name="Afficher").click()
    page.get_by_text("Les chiffres en tableau").click()
    days = {(datetime.now(UTC) - timedelta(hours=each)).astimezone(PARIS).date() for each in range(30)}
    expect(page.locator("tbody tr")).to_have_count(len(days))
    assert fits(page)


def test_the_board_is_reached_by_its_group_and_fits_the_window(page, served, tenant, look) -> None:
    for hours in range(24):
        add_events(tenant, datetime.now(UTC) - timedelta(hours=hours), 1 + hours * 7 % 13)
    failed(tenant)
    enter(page, served, tenant)
    go_to(page, "Supervision", group="Technique")
    expect(page.get_by_role("img")).to_have_count(1)
    page.get_by_role("link", name="Événements échoués").focus()
    look("dashboard-board")
    assert fits(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_of_a_queue_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    shown = "messages", "messages?q=nothing", "messages/retry"
    shown += (
        "webhooks",
        "webhooks?type=nothing&from=x",
        "webhooks/replay?state=failed",
        "webhooks/health",
        "board",
    )
    for path in shown:
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        assert serious_findings(page) == [], path
    message = undelivered(tenant, customer_name=EVIL)
    _, event_id = failed(tenant)
    others = "messages?state=dead", f"messages/{message.id}", "webhooks?state=failed", f"webhooks/{event_id}"
    for path in (*shown, *others):
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        assert fits(page), path
        assert page.locator("img[onerror]").count() == 0
