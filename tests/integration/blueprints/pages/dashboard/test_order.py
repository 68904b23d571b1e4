"""The page of an order says why it is not completed, and its buttons repair it."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lumira.cli.repairs import command_for
from lumira.database import atomic
from lumira.domain.waiting import Repair, Waiting, WaitReason
from lumira.models import (
    EventStatus,
    Language,
    MessageStatus,
    OrderLine,
    OrderStatus,
    OutboxMessage,
    Role,
    WebhookEvent,
)
from lumira.notifications import relay
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.withdrawals.withdraw import record_statement
from lumira.webhooks import process
from tests.support import files, refunds, seller, stripe_events, stripe_sandbox
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, load_order, open_cart, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

#: The id of no message. Constant, because it is a part of a test's name.
UNKNOWN = "0190f6b6-0000-7000-8000-000000000000"


def page_of(brand: Brand, number: str) -> str:
    return f"/dashboard/{brand.slug}/orders/{number}"


def press(browser: OperatorBrowser, brand: Brand, number: str, action: str, **fields: str) -> TestResponse:
    """Send a form of the page, which must have it, and return the page after it."""
    page = page_of(brand, number)
    assert f'action="{page}/{action}"' in browser.get(page).text, f"There is no {action}."
    reply = browser.submit(f"{page}/{action}", page=page, **fields)
    assert (reply.status_code, reply.headers["Location"].partition("#")[0]) == (303, page)
    return browser.get(page)


def test_an_order_whose_webhook_was_lost_is_repaired_by_its_one_button(tenant: Brand, browser, owner) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    before = browser.get(page_of(tenant, opened.order_number)).text
    assert "Why is it not completed?" in before
    assert "The order waits for the buyer" in before

    after = press(browser, tenant, opened.order_number, "poll").text

    assert "Stripe had news: the order is completed now." in after
    assert "The order waits for nothing." in after
    assert [entry.actor for entry in refunds.audited(tenant, "order_polled")] == [owner.actor]
    assert owner.email in after


def test_an_event_that_failed_is_replayed(tenant: Brand, browser) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    [event] = stripe_sandbox.events(tenant, "payment_intent.succeeded")
    stripe_events.receive(tenant, event)
    with atomic(tenant.id) as session:
        session.query(WebhookEvent).one().status = EventStatus.FAILED

    press(browser, tenant, opened.order_number, f"events/{event['id']}/replay")
    process.process_events(tenant.id)

    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_a_payment_of_another_amount_is_accepted(tenant: Brand, browser) -> None:
    opened = open_payment(tenant)
    intent = stripe_events.payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=4600
    )
    stripe_events.deliver(tenant, stripe_events.event("payment_intent.succeeded", intent))

    page = press(browser, tenant, opened.order_number, "release")

    assert "The payment is accepted: the order is completed now." in page.text


def test_an_unpaid_order_is_cancelled_and_a_paid_one_is_not(tenant: Brand, browser) -> None:
    number = open_payment(tenant, "shirt").order_number
    assert "The order is cancelled" in press(browser, tenant, number, "cancel").text
    [cancelled] = refunds.audited(tenant, "order_cancelled")
    assert cancelled.actor == browser.operator.actor
    assert cancelled.details["request_id"]
    paid = refunds.pay(tenant)
    page = page_of(tenant, paid.order_number)
    assert f"{page}/cancel" not in browser.get(page).text
    browser.submit(f"{page}/cancel", page=page)
    assert "Nothing was changed." in browser.get(page).text
    assert load_order(tenant, paid.order_number).status is OrderStatus.COMPLETED


def test_the_address_is_corrected_and_a_malformed_one_refused(tenant: Brand, browser) -> None:
    number = refunds.pay(tenant, customer_email="ana@exmaple.com").order_number
    assert "Write an e-mail address" in press(browser, tenant, number, "address", email="ana@").text
    page = press(browser, tenant, number, "address", email="ana@example.com")
    assert "belongs to ana@example.com now" in page.text
    assert load_order(tenant, number).customer_email == "ana@example.com"


def test_a_message_is_sent_again(tenant: Brand, browser) -> None:
    number = refunds.pay(tenant).order_number
    relay.relay(tenant.id)
    [message] = load_order(tenant, number).messages
    assert (
        "The message is sent within seconds."
        in press(browser, tenant, number, f"messages/{message.id}/resend").text
    )
    assert load_order(tenant, number).messages[0].status is MessageStatus.PENDING


def test_the_error_of_a_message_is_shown(tenant: Brand, browser) -> None:
    number = refunds.pay(tenant).order_number
    [message] = load_order(tenant, number).messages
    with atomic(tenant.id) as session:
        row = session.get_one(OutboxMessage, (tenant.id, message.id))
        row.status, row.last_error = MessageStatus.DEAD, "Traceback…\n550 <b>no such user</b>"
    page = browser.get(page_of(tenant, number)).text
    assert "550 &lt;b&gt;no such user&lt;/b&gt;" in page
    assert "could not be delivered" in page


def test_access_is_revoked_restored_and_given(tenant: Brand, browser) -> None:
    number = refunds.pay(tenant).order_number
    assert "The access is revoked." in press(browser, tenant, number, "access/mystique/revoke").text
    assert not load_order(tenant, number).grants[0].active
    assert "The access is restored." in press(browser, tenant, number, "access/mystique/restore").text
    assert load_order(tenant, number).grants[0].active
    given = press(browser, tenant, number, "access", product="intuitive", days="30")
    assert "The access is given." in given.text
    assert "Nothing was changed." in press(browser, tenant, number, "access", product="shirt").text
    assert "Nothing was changed." in press(browser, tenant, number, "access", product="nope\x00").text


def test_notes_are_shown_with_their_author(app: Flask, tenant: Brand) -> None:
    owner = make_operator(tenant)
    browser = sign_in(app, owner)
    number = refunds.pay(tenant).order_number
    page = press(browser, tenant, number, "notes", text="<script>alert(1)</script>\nSecond line")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nSecond line" in page.text
    assert owner.email in page.text


def test_the_page_shows_receipts_as_pdf_and_deliverables(make_brand, app: Flask) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    browser = sign_in(app, make_operator(brand))
    order = files.buy_promise(brand, "lecture")
    files.upload(brand, order, name="lecture.pdf")
    paid = refunds.pay(brand, customer_email="another@example.com")

    assert "lecture" in browser.get(page_of(brand, order.order_number)).text
    page = browser.get(page_of(brand, paid.order_number)).text
    [path] = set(re.findall(r'href="([^"]+/receipts/[^"]+)"', page))
    document = browser.get(path)
    assert (document.status_code, document.headers["Content-Type"]) == (200, "application/pdf")
    assert document.data.startswith(b"%PDF")
    assert browser.get(f"{page_of(brand, order.order_number)}/receipts/{uuid4()}").status_code == 404
    assert browser.get(path.replace(paid.order_number, order.order_number)).status_code == 404


def test_the_page_leads_to_its_customer(tenant: Brand, browser) -> None:
    number = refunds.pay(tenant).order_number
    [path] = re.findall(
        rf'href="(/dashboard/{tenant.slug}/customers/[^"]+)"', browser.get(page_of(tenant, number)).text
    )
    assert number in browser.get(path).text


def test_links_lead_to_stripes_dashboard_in_the_mode_of_the_sale(tenant: Brand, browser) -> None:
    opened = refunds.pay(tenant)
    page = browser.get(page_of(tenant, opened.order_number)).text
    assert f'href="https://dashboard.stripe.com/test/payments/{opened.payment_intent_id}"' in page


PAYLOAD = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


def test_whatever_a_buyer_or_stripe_writes_is_shown_as_text(tenant: Brand, browser) -> None:
    opened = open_payment(tenant, customer_name=PAYLOAD, metadata={PAYLOAD[:30]: PAYLOAD})
    declined = stripe_events.declined("ch_x") | {"decline_code": PAYLOAD, "code": PAYLOAD}
    intent = stripe_events.payment_intent(id=opened.payment_intent_id, last_payment_error=declined)
    failed = stripe_events.event("payment_intent.payment_failed", intent)
    stripe_events.deliver(tenant, failed)
    with atomic(tenant.id) as session:
        session.query(WebhookEvent).one().reason = PAYLOAD
        session.query(OrderLine).one().product_name = PAYLOAD

    for path in (page_of(tenant, opened.order_number), f"/dashboard/{tenant.slug}/orders?q=%3Cscript%3E"):
        html = browser.get(path).text
        assert "<img" not in html
        assert "<script>" not in html
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in browser.get(page_of(tenant, opened.order_number)).text


ACTIONS = [
    ("poll", Role.OWNER),
    ("release", Role.OWNER),
    ("cancel", Role.OWNER),
    ("refund", Role.OWNER),
    ("address", Role.OWNER),
    ("access", Role.OWNER),
    ("access/mystique/revoke", Role.OWNER),
    ("events/evt_1/replay", Role.OWNER),
    (f"messages/{UNKNOWN}/resend", Role.OWNER),
    ("notes", Role.OWNER),
]


@pytest.mark.parametrize(("action", "may"), ACTIONS)
def test_an_action_is_refused_to_lower_roles_and_foreign_tenants(
    app: Flask, tenant: Brand, other_tenant: Brand, action: str, may: Role
) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    path = f"{page_of(tenant, order.order_number)}/{action}"
    for role in Role:
        if role is Role.VIEWER or (role is Role.EXPERT and may is Role.OWNER):
            assert sign_in(app, make_operator(tenant, role)).submit(path).status_code == 403
    stranger = sign_in(app, make_operator(other_tenant))
    assert stranger.submit(path).status_code == 404
    assert stranger.submit(path.replace(tenant.slug, other_tenant.slug)).status_code == 404
    assert load_order(tenant, order.order_number).updated_at == order.updated_at


def test_a_viewer_sees_no_button(app: Flask, tenant: Brand) -> None:
    viewer = sign_in(app, make_operator(tenant, Role.VIEWER))
    number = open_cart(tenant).order_number
    page = viewer.get(page_of(tenant, number))
    assert page.status_code == 200
    assert f'action="{page_of(tenant, number)}' not in page.text


def test_a_form_without_a_token_is_refused(tenant: Brand, browser) -> None:
    number = open_payment(tenant).order_number
    reply = browser.client.post(f"{page_of(tenant, number)}/cancel")
    assert reply.status_code == 400
    assert load_order(tenant, number).status is OrderStatus.PENDING


def test_a_number_in_lower_case_or_a_payment_leads_to_the_page(tenant: Brand, browser) -> None:
    opened = open_payment(tenant)
    for name in (opened.order_number.lower(), opened.payment_intent_id):
        reply = browser.get(page_of(tenant, name))
        assert reply.headers["Location"] == page_of(tenant, opened.order_number)
    for name in ("NOPE-1", "%00", "a" * 300):
        assert browser.get(page_of(tenant, name)).status_code == 404


def test_a_refusal_is_explained_in_the_operators_language(app: Flask, tenant: Brand) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    opened = refunds.pay(tenant)
    page = page_of(tenant, opened.order_number)
    refused = {
        "cancel": {},
        "release": {},
        "address": {"email": "buyer@example.com"},
        "access/mystique/restore": {},
        "access": {"product": "shirt"},
        "notes": {"text": " "},
        "events/evt_1/replay": {},
        f"messages/{UNKNOWN}/resend": {},
    }
    for action, fields in refused.items():
        browser.submit(f"{page}/{action}", page=page, **fields)
        shown = re.search(r'alert-danger">Rien n.a été modifié. ([^<]+)', browser.get(page).text)
        assert shown, action
        assert " the " not in shown[1].lower(), (action, shown[1])


def test_a_key_that_stripe_refuses_is_named(app: Flask, make_brand) -> None:
    brand = make_brand(stripe=False)
    number = open_payment(brand, "simple").order_number
    browser = sign_in(app, make_operator(brand))
    page = page_of(brand, number)
    browser.submit(f"{page}/poll", page=page)
    assert "There is nothing to ask Stripe about this order." in browser.get(page).text


def test_an_order_with_a_withdrawal_leads_to_the_decision_about_it(tenant: Brand, browser) -> None:
    order = load_order(tenant, refunds.pay(tenant).order_number)
    record_statement(
        tenant.id, order.id, requested_at=datetime.now(UTC), reason="<i>Too early</i>", actor="test"
    )
    page = browser.get(page_of(tenant, order.order_number)).text
    assert "The buyer withdrew" in page
    assert "&lt;i&gt;Too early&lt;/i&gt;" in page
    assert f'href="/dashboard/{tenant.slug}/withdrawals/{order.order_number}"' in page


def test_everything_that_repairs_an_order_has_a_name_and_a_command() -> None:
    for language in Language:
        assert set(TEXTS[language]["order"]["repairs"]) == {str(repair) for repair in Repair}
    for repair in set(Repair) - {Repair.RESPOND_TO_DISPUTE}:
        assert command_for(Waiting(WaitReason.DECLINED, repair), "LUM-1"), repair


def test_an_order_that_stripe_completed_without_a_payment_can_be_released_or_cancelled(
    tenant: Brand, browser
) -> None:
    cart = open_cart(tenant)
    session = stripe_sandbox.call(tenant, "GET", f"/v1/checkout/sessions/{cart.session_id}")
    completed = session | {"status": "complete", "payment_status": "no_payment_required"}
    stripe_events.deliver(tenant, stripe_events.event("checkout.session.completed", completed))
    page = browser.get(page_of(tenant, cart.order_number)).text
    for action in ("release", "cancel"):
        assert f'action="{page_of(tenant, cart.order_number)}/{action}"' in page
