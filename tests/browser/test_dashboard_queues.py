"""An operator finds a message that was not delivered, reads it and sends it again, on a phone and a desktop screen."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import MessageStatus, OutboxMessage
from lumira.repositories import alerts
from tests.browser.test_dashboard_orders import enter
from tests.browser.test_every_page import serious_findings
from tests.browser.windows import DESKTOP, PHONE, Window, fits
from tests.support.factories import Brand, load_order
from tests.support.portal_pages import reached_at
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

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
        look("dashboard-message")
        assert fits(page)
    expect(page.get_by_text("L’adresse est refusée")).to_be_visible()

    page.get_by_role("button", name="Envoyer maintenant").click()
    expect(page.get_by_role("status")).to_contain_text("Le message part dans quelques secondes.")
    with atomic(tenant.id):
        assert db.session.get_one(OutboxMessage, (tenant.id, message.id)).status is MessageStatus.PENDING


@pytest.mark.parametrize("window", [PHONE, DESKTOP.in_english()], ids=str)
def test_no_page_of_messages_excludes_anyone(
    open_window: Callable[[Window], Page], window: Window, served: str, tenant: Brand
) -> None:
    page = enter(open_window(window), served, tenant)
    shown = "messages", "messages?q=nothing", "messages/retry"
    for path in shown:
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        assert serious_findings(page) == [], path
    message = undelivered(tenant, customer_name=EVIL)
    for path in (*shown, "messages?state=dead", f"messages/{message.id}"):
        page.goto(f"{served}/dashboard/{tenant.slug}/{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert serious_findings(page) == [], path
        assert fits(page), path
        assert page.locator("img[onerror]").count() == 0
