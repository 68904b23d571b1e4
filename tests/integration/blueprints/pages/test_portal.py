"""The portal shows the link owner's purchases, their status and their downloads, and no one else's."""

# ruff: noqa: RUF001 - French is written with these apostrophes

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import AccessGrant, Customer, DeliverableState, OrderLine, Product, Tenant
from lumira.repositories.orders import orders
from lumira.services.access.change_access import grant_access, revoke_access
from lumira.services.files.upload_content import upload_content
from tests.support import files
from tests.support.factories import BUYER, Brand, open_cart, open_payment
from tests.support.portal_pages import downloads, path_of, words
from tests.support.refunds import deliver_events, disputed, pay, refund_in_dashboard

pytestmark = pytest.mark.usefixtures("app_context")


def contain(brand: Brand, product_id: str = "mystique", key: str = "lecture") -> None:
    files.contain(brand, product_id, key)
    upload_content(brand.id, product_id, key, files.upload_of(), actor="test")


def speak(brand: Brand, locale: str | None) -> None:
    with atomic(brand.id):
        db.session.execute(update(Customer).where(Customer.tenant_id == brand.id).values(locale=locale))


def test_the_page_shows_purchases_and_their_contents(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant)
    opened = pay(tenant)
    reply = client.get(path_of(tenant))
    assert reply.status_code == 200
    shown = words(reply)
    for expected in (tenant.name, "Vos achats", "Niveau Mystique", opened.order_number, "47,00 €", "Payée"):
        assert expected in shown
    assert "Votre lecture" in shown
    assert len(downloads(reply)) == 1
    assert 'lang="fr"' in reply.get_data(as_text=True)


def test_the_page_is_in_the_buyers_language(client: FlaskClient, tenant: Brand) -> None:
    pay(tenant)
    speak(tenant, "en")
    # The buyer's language is known and takes precedence over the browser's.
    reply = client.get(path_of(tenant), headers={"Accept-Language": "fr"})
    assert "Your purchases" in words(reply)
    assert "€47.00" in words(reply)
    assert reply.headers["Content-Language"] == "en"


def test_the_page_has_the_brands_colours(client: FlaskClient, make_brand) -> None:
    brand = make_brand(brand_color="#D4AF37", brand_background="#0F0B19", brand_radius=12)
    pay(brand)
    page = client.get(path_of(brand)).get_data(as_text=True)
    assert "--primary: #D4AF37;" in page
    assert "--background: #0F0B19;" in page
    assert "--radius: 12px;" in page


def test_names_are_escaped(client: FlaskClient, tenant: Brand) -> None:
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "mystique")).name = "<script>alert(1)</script>"
        db.session.get_one(Tenant, tenant.id).name = "</title><script>alert(2)</script>"
    pay(tenant)
    page = client.get(path_of(tenant)).get_data(as_text=True)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_shows_the_state_of_deliverables(client: FlaskClient, tenant: Brand) -> None:
    order = files.buy_promise(tenant, "lecture")
    assert "Pas encore commencé" in words(client.get(path_of(tenant)))

    files.upload(tenant, order)
    files.change(tenant, order, DeliverableState.IN_PROGRESS)
    reply = client.get(path_of(tenant))
    assert "En préparation" in words(reply)
    # Files are shown once they are delivered.
    assert downloads(reply) == []

    files.change(tenant, order, DeliverableState.DELIVERED)
    reply = client.get(path_of(tenant))
    assert "Prêt" in words(reply)
    assert len(downloads(reply)) == 1


def test_a_refunded_purchase_is_shown_without_downloads(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant)
    opened = pay(tenant)
    path = path_of(tenant)
    [file] = downloads(client.get(path))
    assert client.get(file).status_code == 200

    refund_in_dashboard(tenant, opened)
    deliver_events(tenant)
    reply = client.get(path)
    assert reply.status_code == 200
    assert "Remboursée" in words(reply)
    assert "Remboursé : 47,00 €" in words(reply)
    assert "Cet achat a été remboursé" in words(reply)
    assert downloads(reply) == []
    refused = client.get(file)
    assert (refused.status_code, refused.mimetype) == (403, "text/html")
    assert "n’est plus accessible" in words(refused)


def test_a_disputed_purchase_is_shown_as_suspended_with_the_reason(
    client: FlaskClient, tenant: Brand
) -> None:
    contain(tenant)
    opened = pay(tenant)
    path = path_of(tenant)
    [file] = downloads(client.get(path))
    disputed(tenant, opened)
    deliver_events(tenant)
    assert "Le paiement est contesté" in words(client.get(path))
    assert client.get(file).status_code == 403


def test_expired_access_has_no_downloads(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant)
    pay(tenant)
    path = path_of(tenant)
    [file] = downloads(client.get(path))
    with atomic(tenant.id):
        ends = utc_now() + timedelta(days=2)
        db.session.execute(
            update(AccessGrant).where(AccessGrant.tenant_id == tenant.id).values(expires_at=ends)
        )
    assert "Accessible jusqu’au" in words(client.get(path))
    assert client.get(file).status_code == 200
    with time_machine.travel(utc_now() + timedelta(days=3)):
        assert "La durée d’accès est terminée" in words(client.get(path))
        assert client.get(file).status_code == 403


def test_a_manual_grant_is_on_the_page_while_it_is_live(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant, "integrale")
    pay(tenant)
    grant = grant_access(
        tenant.id, customer_email=BUYER, product_id="integrale", days=30, note=None, actor="operator"
    )
    path = path_of(tenant)
    reply = client.get(path)
    assert "Intégrale Accès offert" in words(reply)
    [file] = downloads(reply)
    assert client.get(file).data == files.PDF

    revoke_access(tenant.id, customer_id=grant.customer_id, product_id="integrale", actor="operator")
    assert "Intégrale" not in words(client.get(path))
    refused = client.get(file)
    assert refused.status_code == 403
    assert "n’est plus accessible" in words(refused)


def test_lower_levels_of_a_refunded_level_end_too(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant, "intuitive", "profil")
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "integrale")).includes_lower_levels = True
    opened = pay(tenant, "integrale")
    [file] = downloads(client.get(path_of(tenant)))
    refund_in_dashboard(tenant, opened)
    deliver_events(tenant)
    assert client.get(file).status_code == 403


def order_free_products(brand: Brand, times: int) -> None:
    """Order a free product in the buyer's name several times, as separate orders."""
    for _ in range(times):
        number = open_cart(brand, {"simple": 1, "strict": 1}).order_number
        with atomic(brand.id):
            # Each counts as a cart of other products: a product is free once.
            order_id = orders.get_order(brand.id, number).id
            for free, other in (("simple", "alchimique"), ("strict", "intuitive")):
                db.session.execute(
                    update(OrderLine)
                    .where(OrderLine.order_id == order_id, OrderLine.product_id == free)
                    .values(product_id=other)
                )


def test_free_orders_in_the_buyers_name_do_not_displace_paid_ones(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant)
    opened = pay(tenant)
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "strict")).amount = 0
    order_free_products(tenant, 51)

    first = client.get(path_of(tenant))
    assert opened.order_number in words(first)
    [file] = downloads(first)
    assert client.get(file).status_code == 200
    assert "Page suivante" in words(first)
    second = client.get(f"{path_of(tenant)}?page=2")
    assert opened.order_number not in words(second)
    assert "Page précédente" in words(second)
    assert words(second).count("Commande ") == 2
    for nonsense in ("0", "-1", "x", "99999999999999999999"):
        assert opened.order_number in words(client.get(f"{path_of(tenant)}?page={nonsense}"))


def test_a_level_that_includes_lower_levels_has_their_contents(client: FlaskClient, tenant: Brand) -> None:
    contain(tenant, "intuitive", "profil")
    with atomic(tenant.id):
        db.session.get_one(Product, (tenant.id, "integrale")).includes_lower_levels = True
    pay(tenant, "integrale")
    [file] = downloads(client.get(path_of(tenant)))
    assert client.get(file).data == files.PDF


def test_a_failed_order_is_not_a_purchase(client: FlaskClient, tenant: Brand) -> None:
    paid = pay(tenant)
    tried = open_payment(tenant, "intuitive")
    shown = words(client.get(path_of(tenant)))
    assert paid.order_number in shown
    assert tried.order_number not in shown


def test_buyers_see_only_their_own_purchases(client: FlaskClient, tenant: Brand, other_tenant) -> None:
    mine = pay(tenant)
    others = [
        pay(tenant, customer_email="other@example.com").order_number,
        pay(other_tenant).order_number,
    ]
    shown = words(client.get(path_of(tenant)))
    assert mine.order_number in shown
    assert not [number for number in others if number in shown]


def test_the_page_is_not_cached_framed_or_indexed(client: FlaskClient, tenant: Brand) -> None:
    pay(tenant)
    path = path_of(tenant)
    for reply in (client.get(path), client.get("/my/nothing"), client.get(f"{path}x")):
        headers = reply.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "Set-Cookie" not in headers
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'<style nonce="{nonce[1]}">' in reply.get_data(as_text=True)
        assert '<meta name="robots" content="noindex, nofollow">' in reply.get_data(as_text=True)
    assert (
        client.get(path).headers["Content-Security-Policy"]
        != client.get(path).headers["Content-Security-Policy"]
    )


def test_the_page_loads_only_its_own_style_sheet(client: FlaskClient, tenant: Brand) -> None:
    pay(tenant)
    page = client.get(path_of(tenant)).get_data(as_text=True)
    assert "<script" not in page
    loaded = re.sub(r"<a [^>]*>", "", page)
    assert set(re.findall(r'(?:src|href)="([^"]+)"', loaded)) <= {"data:,", "/my/assets/page.css"}
    sheet = client.get("/my/assets/page.css", buffered=True)
    assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    assert "url(" not in sheet.get_data(as_text=True)
    assert client.get("/my/assets/../page.html.jinja").status_code == 404


def test_no_page_contains_the_buyers_address(client: FlaskClient, tenant: Brand) -> None:
    pay(tenant)
    assert BUYER not in client.get(path_of(tenant)).get_data(as_text=True)
