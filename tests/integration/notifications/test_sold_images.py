"""The image of what is sold: on Stripe's page, in the confirmation, and in the portal."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.stripe.requests import Refusal, Seller, freeze_session_request, mark_refused
from lumira.models import PaymentRequest
from lumira.notifications import relay
from lumira.services.catalog.change_image import remove_image
from tests.support.factories import Brand, load_order, open_cart
from tests.support.images import illustrate, opened
from tests.support.portal_pages import path_of, reached_at
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

PUBLIC = "https://pay.example.com"


def sent_images(brand: Brand) -> list[list[str] | None]:
    """The images of each item of the newest request to Stripe."""
    with atomic(brand.id):
        query = select(PaymentRequest.parameters).where(PaymentRequest.tenant_id == brand.id)
        [parameters] = db.session.execute(query).scalars()
    return [item["price_data"]["product_data"].get("images") for item in parameters["line_items"]]


def test_stripes_page_shows_the_image_that_the_product_has(tenant: Brand) -> None:
    illustrate(tenant, "shirt")
    with reached_at(PUBLIC):
        opened = open_cart(tenant, {"shirt": 1, "cap": 1})
    [line, _] = load_order(tenant, opened.order_number).lines
    assert line.image_path is not None
    assert line.image_path.startswith("shirt/")
    assert sent_images(tenant) == [[f"{PUBLIC}/checkout/{tenant.slug}/images/{line.image_path}"], None]


def test_a_sale_works_without_an_image_that_stripe_refuses_or_cannot_reach(tenant: Brand) -> None:
    illustrate(tenant, "shirt")
    opened = open_cart(tenant, {"shirt": 1})
    # The address of a test is not https.
    assert sent_images(tenant) == [None]
    refusal = Refusal(
        "url_invalid", "Not a valid URL", param="line_items[0][price_data][product_data][images][0]"
    )
    assert refusal.extra == "images"
    order = load_order(tenant, opened.order_number)
    mark_refused(order.requests[0], refusal, now=utc_now())
    again = freeze_session_request(
        order,
        seller=Seller(tenant.slug, tenant.name, None, images_url=PUBLIC),
        stripe_customer_id=None,
        success_url="https://a.example",
        cancel_url="https://a.example",
        expires_at=utc_now(),
    )
    assert again.parameters["line_items"][0]["price_data"]["product_data"] == {"name": "Chemise"}


def test_the_confirmation_and_the_portal_show_the_image_that_there_is_now(
    client: FlaskClient, tenant: Brand, mailbox
) -> None:
    illustrate(tenant)
    pay(tenant)
    relay.relay(tenant.id)
    [mail] = mailbox.received
    html = mail.get_body(("html",)).get_content()
    [content_id] = re.findall(r'<img src="cid:([^"]+)" width="56" alt=""', html)
    [part] = [one for one in mail.walk() if one.get_content_type() == "image/jpeg"]
    assert part["Content-ID"] == f"<{content_id}>"
    assert opened(part.get_content()).size == (320, 213)
    # A message loads nothing from a server.
    assert 'src="http' not in html
    assert f'src="/checkout/{tenant.slug}/images/mystique/' in client.get(path_of(tenant)).text
    remove_image(tenant.id, "mystique", actor="test")
    assert "<img" not in client.get(path_of(tenant)).text
