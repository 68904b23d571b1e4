"""Operators see where an order is sent, and correct it until a parcel is on its way."""

import pytest
from flask import Flask

from lumira.database import atomic, db
from lumira.domain.goods.addresses import Address
from lumira.models import AuditEntry, Role, WebhookEvent
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from tests.support import refunds, stripe_sandbox
from tests.support.checkout_pages import text_of
from tests.support.dashboard import OperatorBrowser, make_operator, sign_in
from tests.support.factories import BUYER, Brand, load_order, open_cart
from tests.support.parcels import ship
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")
ADDRESS = Address("FR", name="Ana Martin", line1="12 rue des Lilas", postal_code="75011", city="Paris")
CORRECTED = {
    "name": "Ana Martin",
    "line1": "14 rue des Lilas",
    "postal_code": "75011",
    "city": "Paris",
    "country": "MC",
}


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(shipping_zones=ZONES)


@pytest.fixture
def browser(app: Flask, shop: Brand) -> OperatorBrowser:
    return sign_in(app, make_operator(shop))


@pytest.fixture
def number(shop: Brand) -> str:
    opened = open_cart(shop, {"cap": 1}, shipping=ADDRESS)
    stripe_sandbox.pay_session(shop, str(opened.session_id))
    stripe_sandbox.deliver_events(shop)
    return opened.order_number


def test_an_owner_corrects_the_address_and_the_audit_log_keeps_the_country_only(
    shop: Brand, browser: OperatorBrowser, number: str
) -> None:
    page = f"/dashboard/{shop.slug}/orders/{number}"
    shown = text_of(browser.get(page))
    for part in ("12 rue des Lilas", "75011 Paris", "France", "€4.90"):
        assert part in shown
    assert (
        browser.submit(f"{page}/delivery", page=f"{page}/delivery", **CORRECTED).headers["Location"] == page
    )
    assert "14 rue des Lilas" in text_of(browser.get(page))
    assert "Monaco" in text_of(browser.get(page))
    with atomic(shop.id):
        query = db.select(AuditEntry).where(
            AuditEntry.tenant_id == shop.id, AuditEntry.action == "delivery_corrected"
        )
        [entry] = db.session.execute(query).scalars()
        assert entry.details["country"] == "MC"
        assert "Lilas" not in str(entry.details)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"city": ""}, "city"),
        ({"country": "DE"}, "country"),
        ({"phone": "abc"}, "phone"),
    ],
)
def test_an_address_that_cannot_be_served_changes_nothing(
    shop: Brand, browser: OperatorBrowser, number: str, changed: dict[str, str], field: str
) -> None:
    page = f"/dashboard/{shop.slug}/orders/{number}/delivery"
    reply = browser.submit(page, page=page, **CORRECTED | changed)
    assert reply.status_code == 400
    assert f'id="{field}"' in reply.text
    assert "is-invalid" in reply.text
    assert (load_order(shop, number).shipping_address or {})["line1"] == "12 rue des Lilas"


def test_an_address_is_not_changed_once_a_parcel_is_on_its_way(
    shop: Brand, browser: OperatorBrowser, number: str
) -> None:
    page = f"/dashboard/{shop.slug}/orders/{number}"
    ship(shop, number)
    browser.submit(f"{page}/delivery", **CORRECTED)
    assert "A parcel of this order is on its way" in text_of(browser.get(page))
    assert (load_order(shop, number).shipping_address or {})["line1"] == "12 rue des Lilas"


def test_digital_content_has_no_delivery_to_correct(tenant: Brand, app: Flask) -> None:
    browser = sign_in(app, make_operator(tenant))
    page = f"/dashboard/{tenant.slug}/orders/{refunds.pay(tenant).order_number}"
    assert browser.get(f"{page}/delivery").headers["Location"] == page
    assert "Nothing of this order is sent by post" in text_of(browser.get(page))


def test_the_rules_of_sale_show_the_zones(
    shop: Brand, browser: OperatorBrowser, tenant: Brand, app: Flask
) -> None:
    page = text_of(browser.get(f"/dashboard/{shop.slug}/settings/sales"))
    for part in ("Europe", "Belgium", "above 1000 g: €7.90", "€100.00"):
        assert part in page
    other = sign_in(app, make_operator(tenant, Role.OWNER))
    assert "charges no postage" in text_of(other.get(f"/dashboard/{tenant.slug}/settings/sales"))


def test_an_export_has_the_address_and_an_erasure_leaves_the_country(shop: Brand, number: str) -> None:
    assert "12 rue des Lilas" in str(export_customer(shop.id, BUYER, actor="test").rows)
    ship(shop, number)
    erase_customer(shop.id, BUYER, actor="test")
    order = load_order(shop, number)
    assert order.shipping_address == {"country": "FR"}
    assert all("Lilas" not in str(request.parameters) for request in order.requests)
    stripe_sandbox.deliver_events(shop)
    with atomic(shop.id):
        events = db.session.execute(
            db.select(WebhookEvent).where(WebhookEvent.tenant_id == shop.id)
        ).scalars()
        assert "Lilas" not in str([event.payload for event in events])
