"""Every page that a buyer can see, with the visitor's cookies that some of them need."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import update
from werkzeug.test import TestResponse

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.commands import Consents
from lumira.models import (
    CheckoutSession,
    DeliverableState,
    Order,
    OrderStatus,
    PaymentPage,
    Product,
    ReviewReason,
)
from lumira.repositories.tenants import tenants
from lumira.services.access.manage_links import revoke_links
from lumira.services.files.upload_content import upload_content
from lumira.services.withdrawals.withdraw import record_statement
from tests.support import factories, files, refunds, seller, stripe_sandbox
from tests.support.checkout_pages import session_of, submit
from tests.support.factories import Brand, set_stock
from tests.support.images import illustrate
from tests.support.portal_pages import path_of

CONSENTS = {"terms": "yes", "immediate_delivery": "yes"}
OTHER_BUYER = "other@example.com"
THIRD_BUYER = "third@example.com"


@dataclass
class Pages:
    """Paths by a name for the page, and the cookies of the visitor."""

    brand: Brand
    paths: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def visit(self, page: Page, served: str) -> Iterator[str]:
        """Open one page after the other, with the visitor's cookies; yield the name of each."""
        page.context.add_cookies(
            [{"name": name, "value": value, "url": served} for name, value in self.cookies.items()]
        )
        for name, path in self.paths.items():
            page.goto(served + path)
            yield name


def make_pages(app: Flask, sandbox_url: str) -> Pages:
    """Sell to a visitor in every way, and to the owner of a portal."""
    brand = factories.make_brand(
        sandbox_url=sandbox_url,
        brand_color="#D4AF37",
        brand_background="#0F0B19",
        brand_radius=12,
        seller=seller.WITH_VAT,
        terms_version="2026-11",
        terms_url="https://shop.example.com/terms",
    )
    pages = Pages(brand)
    files.contain(brand, "mystique", "carte", "guide")
    upload_content(brand.id, "mystique", "carte", files.upload_of(name="carte.pdf"), actor="test")
    files.promise(brand, "mystique", "lecture")
    illustrate(brand, "mystique", alt_fr="Une carte", alt_en="A card")
    illustrate(brand, "shirt")
    _add_shop(pages)
    _add_orders(pages, app.test_client())
    _add_portal(pages)
    _add_withdrawals(pages)
    return pages


def _add_shop(pages: Pages) -> None:
    shop = f"/checkout/{pages.brand.slug}"
    pages.paths |= {
        "shop": shop,
        "product": f"{shop}/mystique",
        "product in a frame": f"{shop}/mystique?frame=1",
        "level with lower levels": f"{shop}/integrale",
        "free level": f"{shop}/simple",
        "cart": f"{shop}?items=shirt:2,strict:1",
        "sold out": f"{shop}/cap",
        "not on sale": f"{shop}/nothing",
        "bad cart": f"{shop}?items=mystique:9",
        "order of another visitor": f"{shop}/orders/LUM-0000000000",
        "unknown shop": "/checkout/no-such-shop",
        "unknown link": "/my/nothing",
    }
    with atomic(pages.brand.id):
        level = db.session.get_one(Product, (pages.brand.id, "integrale"))
        level.includes_lower_levels = True


def _add_orders(pages: Pages, client: FlaskClient) -> None:
    brand = pages.brand
    set_stock(brand, "cap", 1)
    opened: dict[str, str] = {}
    for name, product in (
        ("paid", "mystique"),
        ("reversed", "strict"),
        ("awaited", "intuitive"),
        ("checked", "alchimique"),
        ("unpaid", "cap"),
        ("payable", "shirt"),
    ):
        reply = submit(client, f"/checkout/{brand.slug}/{product}", **CONSENTS)
        opened[name] = session_of(reply)
        _keep_cookies(pages, reply)
        pages.paths[f"order, {name}"] = f"/checkout/{brand.slug}/orders/{opened[name]}"
    first = client.get_cookie(f"lumira_checkout_{brand.slug}", path="/checkout")
    assert first is not None
    pages.cookies[first.key] = first.value
    for name in ("paid", "reversed", "checked"):
        stripe_sandbox.pay_session(brand, opened[name])
    stripe_sandbox.pay_session(brand, opened["awaited"], "pm_successDelayed_fr")
    stripe_sandbox.expire_session(brand, opened["unpaid"])
    paid = stripe_sandbox.call(brand, "GET", f"/v1/checkout/sessions/{opened['reversed']}")["payment_intent"]
    stripe_sandbox.call(brand, "POST", "/v1/refunds", data={"payment_intent": paid})
    stripe_sandbox.deliver_events(brand)
    _let_be_checked(brand, opened["checked"])
    set_stock(brand, "cap", 0)
    _add_payment_page(pages, client)


def _add_payment_page(pages: Pages, client: FlaskClient) -> None:
    brand = pages.brand
    with atomic(brand.id):
        tenants.lock(brand.id).payment_page = PaymentPage.ELEMENT
    reply = submit(client, f"/checkout/{brand.slug}/integrale", **CONSENTS)
    _keep_cookies(pages, reply)
    pages.paths["payment"] = reply.headers["Location"]


def _keep_cookies(pages: Pages, reply: TestResponse) -> None:
    for cookie in reply.headers.getlist("Set-Cookie"):
        key, _, value = cookie.partition(";")[0].partition("=")
        pages.cookies[key] = value


def _let_be_checked(brand: Brand, session_id: str) -> None:
    with atomic(brand.id):
        query = update(Order).where(
            Order.tenant_id == CheckoutSession.tenant_id,
            Order.id == CheckoutSession.order_id,
            CheckoutSession.tenant_id == brand.id,
            CheckoutSession.stripe_session_id == session_id,
        )
        db.session.execute(
            query.values(
                status=OrderStatus.PROCESSING, completed_at=None, review_reason=ReviewReason.AMOUNT_MISMATCH
            )
        )


def _add_portal(pages: Pages) -> None:
    brand = pages.brand
    with atomic(brand.id):
        number = (
            db.session.execute(
                db.select(Order.order_number).where(
                    Order.tenant_id == brand.id, Order.status == OrderStatus.COMPLETED
                )
            )
            .scalars()
            .first()
        )
    assert number is not None
    order = factories.load_order(brand, number)
    files.upload(brand, order, name="lecture.pdf")
    files.change(brand, order, DeliverableState.DELIVERED)
    pages.paths["portal"] = path_of(brand)
    pages.paths["portal without a file"] = f"{path_of(brand)}/files/00000000-0000-7000-8000-000000000000"
    given = Consents("2026-11", immediate_delivery=True)
    factories.open_payment(brand, "simple", customer_email=OTHER_BUYER, consents=given)
    ended = path_of(brand, OTHER_BUYER)
    revoke_links(brand.id, OTHER_BUYER, actor="operator")
    pages.paths["portal, link ended"] = ended


def _add_withdrawals(pages: Pages) -> None:
    """The withdrawal pages: before and after the second step, for a part of a cart, and where the right has ended."""
    brand = pages.brand
    for name, path in (("French", "/retractation"), ("English", "/withdrawal")):
        pages.paths[f"withdrawal, {name}"] = f"{path}/{brand.slug}"
    pages.paths["withdrawal, unknown link"] = f"/retractation/{brand.slug}/nothing"
    given = Consents("2026-11", immediate_delivery=True)
    for name, quantity in (
        ("withdrawal, to confirm", 3),
        ("withdrawal, received", 1),
        ("withdrawal, waived", 0),
    ):
        product = "shirt" if quantity else "mystique"
        opened = refunds.pay(
            brand, product, customer_email=THIRD_BUYER, quantity=quantity or 1, consents=given
        )
        order = factories.load_order(brand, opened.order_number)
        pages.paths[name] = f"{path_of(brand, THIRD_BUYER)}/orders/{order.id}/withdrawal"
        if name.endswith("received"):
            record_statement(brand.id, order.id, requested_at=utc_now(), reason=None, actor="operator")
    pages.paths["portal with a withdrawal"] = path_of(brand, THIRD_BUYER)
