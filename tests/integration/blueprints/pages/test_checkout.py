"""The checkout pages over HTTP: what they show, what they open, and what they refuse."""

# ruff: noqa: RUF001 - French is written with these apostrophes

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import consents
from lumira.models import OrderStatus, OutboxMessage, Tenant
from tests.support import files, seller, stripe_sandbox
from tests.support.checkout_pages import (
    change_product,
    leave,
    orders_of,
    session_of,
    shown_in,
    submit,
    text_of,
)
from tests.support.factories import BUYER, Brand

pytestmark = pytest.mark.usefixtures("app_context")

FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9"}
TERMS = {"terms_version": "2026-11", "terms_url": "https://shop.example/cgv"}
TICKED = {"terms": "yes", "immediate_delivery": "yes"}


@pytest.fixture
def path(tenant: Brand) -> str:
    return f"/checkout/{tenant.slug}"


def test_the_page_shows_what_is_bought_and_its_price(make_brand, client: FlaskClient) -> None:
    tenant = make_brand(seller=seller.EXEMPT)
    files.contain(tenant, "mystique", "carte")
    files.promise(tenant, "mystique", "lecture")

    reply = client.get(f"/checkout/{tenant.slug}/mystique", headers=FRENCH)

    assert reply.status_code == 200
    page = text_of(reply)
    for sentence in ("Niveau Mystique", "Description: Niveau Mystique", "Réalisé pour vous", "Total : 47,00"):
        assert sentence in page
    assert seller.EXEMPT["vat_note"] in page
    assert reply.headers["Cache-Control"] == "no-store"
    assert "<script" not in reply.text


def test_the_page_is_french_first_and_english_by_the_browser(client: FlaskClient, path: str) -> None:
    assert "Adresse e-mail" in text_of(client.get(f"{path}/mystique"))
    english = client.get(f"{path}/mystique", headers={"Accept-Language": "en-GB,en;q=0.8"})
    assert "E-mail address" in text_of(english)
    assert 'lang="en"' in english.text


def test_a_form_leads_to_stripes_page_with_the_catalogs_price(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    reply = submit(client, f"{path}/mystique", amount="1", price="1")

    session = stripe_sandbox.call(tenant, "GET", f"/v1/checkout/sessions/{session_of(reply)}")
    assert session["amount_total"] == 4700
    assert session["success_url"].endswith(f"{path}/orders/{{CHECKOUT_SESSION_ID}}")
    [order] = orders_of(tenant)
    assert (order.customer_email, order.status) == (BUYER, OrderStatus.PENDING)


def test_pages_are_seen_under_the_public_address(client_with, tenant: Brand) -> None:
    client = client_with(public_url="https://pay.example")
    elsewhere = client.get(f"/checkout/{tenant.slug}?items=shirt:2", headers={"Host": "other.example"})
    assert elsewhere.status_code == 308
    assert elsewhere.headers["Location"] == f"https://pay.example/checkout/{tenant.slug}?items=shirt:2"
    for host in ("pay.example", tenant.domain):
        assert client.get(f"/checkout/{tenant.slug}", headers={"Host": host}).status_code == 200


def test_a_cart_takes_the_same_statements_for_any_number_of_products(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    def statements_of(items: str) -> int:
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        client.get(f"{path}?items={items}")
        event.remove(db.engine, "before_cursor_execute", note)
        return len(sent)

    statements_of("shirt")
    assert statements_of("shirt") == statements_of("shirt,cap,mystique,strict,intuitive,integrale")


def test_a_free_level_completes_without_stripe(tenant: Brand, client: FlaskClient, path: str) -> None:
    reply = submit(client, f"{path}/simple")

    [order] = orders_of(tenant)
    assert order.status is OrderStatus.COMPLETED
    assert reply.headers["Location"] == f"{path}/orders/{order.order_number}"
    assert "Merci" in text_of(client.get(reply.headers["Location"]))
    assert stripe_sandbox.checkout_sessions(tenant) == []
    with atomic(tenant.id):
        messages = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.tenant_id == tenant.id)
        assert db.session.execute(messages).scalar_one() == 1


def test_a_cart_shows_its_lines_and_their_sum(tenant: Brand, client: FlaskClient, path: str) -> None:
    reply = client.get(f"{path}?items=shirt:2,cap")
    page = text_of(reply)
    assert "2 × Chemise" in page
    assert "Total : 137,00" in page

    session_id = session_of(submit(client, f"{path}?items=shirt:2,cap"))
    assert stripe_sandbox.call(tenant, "GET", f"/v1/checkout/sessions/{session_id}")["amount_total"] == 13700


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "x" * 300 + "@example.com", "a@example.com\nBcc: b@example.com"]
)
def test_an_invalid_address_is_named_and_opens_nothing(
    tenant: Brand, client: FlaskClient, path: str, email: str
) -> None:
    reply = submit(client, f"{path}/mystique", email=email)

    assert reply.status_code == 400
    assert "Cette adresse e-mail n’est pas valable" in text_of(reply)
    assert 'aria-invalid="true"' in reply.text
    # Beside its field.
    email_at, error_at, name_at = (reply.text.index(f'id="{name}"') for name in ("email", "error", "name"))
    assert email_at < error_at < name_at
    assert orders_of(tenant) == []


def test_a_changed_price_is_said_before_anything_is_opened(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    shown = shown_in(client.get(f"{path}/mystique"))
    change_product(tenant, "mystique", amount=5200)

    refused = submit(client, f"{path}/mystique", shown=shown)

    assert refused.status_code == 409
    assert "Le prix a changé" in text_of(refused)
    assert "52,00" in text_of(refused)
    assert orders_of(tenant) == []
    assert session_of(submit(client, f"{path}/mystique", shown=shown_in(refused)))


def test_the_last_unit_taken_meanwhile_is_said(tenant: Brand, client: FlaskClient, path: str) -> None:
    shown = shown_in(client.get(f"{path}/shirt"))
    leave(tenant, "shirt", 0)

    refused = submit(client, f"{path}/shirt", shown=shown)

    assert refused.status_code == 409
    assert "Il n’en reste plus assez" in text_of(refused)
    assert "Épuisé" in text_of(refused)
    assert "<form" not in refused.text


@pytest.mark.parametrize("rest", ["/unknown", "?items=unknown", "/mystique%00", "/x/orders/cs_test_1"])
def test_what_is_not_on_sale_is_a_notice(client: FlaskClient, path: str, rest: str) -> None:
    reply = client.get(f"{path}{rest}")
    assert reply.status_code == 404
    assert reply.mimetype == "text/html"


@pytest.mark.parametrize(
    "items", ["", "shirt:0", "shirt:101", "shirt:x", "shirt,shirt", "mystique:2", "simple:3", ",", "a" * 5000]
)
def test_an_impossible_cart_is_a_notice(client: FlaskClient, path: str, items: str) -> None:
    reply = client.get(f"{path}?items={items}")
    assert reply.status_code == 400
    assert "Ce panier ne peut pas être commandé" in text_of(reply)


def test_another_tenants_product_is_not_found(
    tenant: Brand, other_tenant: Brand, client: FlaskClient, path: str
) -> None:
    change_product(other_tenant, "mystique", id="theirs")
    assert client.get(f"{path}/theirs").status_code == 404
    on_their_domain = client.get(f"{path}/mystique", headers={"Host": other_tenant.domain})
    assert on_their_domain.status_code == 404


def test_a_tenants_domain_needs_no_slug(tenant: Brand, client: FlaskClient) -> None:
    host = {"Host": tenant.domain}
    assert "Niveau Mystique" in text_of(client.get("/checkout/mystique", headers=host))
    assert "Chemise" in text_of(client.get("/checkout?items=shirt", headers=host))
    listed = text_of(client.get("/checkout", headers=host))
    assert "Niveau Mystique" in listed
    assert "Intégrale" in listed


def test_the_shops_page_lists_what_is_on_sale(tenant: Brand, client: FlaskClient, path: str) -> None:
    leave(tenant, "cap", 0)
    change_product(tenant, "strict", active=False)

    page = client.get(path)

    assert f'href="{path}/mystique"' in page.text
    assert f'href="{path}/cap"' not in page.text
    assert "Épuisé" in text_of(page)
    assert f"{path}/strict" not in page.text


def test_an_unknown_shop_is_a_notice(client: FlaskClient) -> None:
    for address in ("/checkout", "/checkout/no-such-shop", "/checkout/no-such-shop/mystique"):
        reply = client.get(address)
        assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_product_texts_are_escaped(tenant: Brand, client: FlaskClient, path: str) -> None:
    change_product(tenant, "mystique", name='<b>Été & "fils"</b>', description="<script>alert(1)</script>")
    reply = client.get(f"{path}/mystique")
    assert "<script>" not in reply.text
    assert "<b>Été" not in reply.text


def test_stripe_out_of_reach_is_said_and_the_form_can_be_sent_again(
    tenant: Brand, client: FlaskClient, path: str
) -> None:
    stripe_sandbox.fail_next(tenant, "500_before", path="/v1/checkout/sessions", times=20)
    refused = submit(client, f"{path}/mystique")
    assert refused.status_code == 503
    assert "Rien n’a été débité" in text_of(refused)
    stripe_sandbox.clear_faults(tenant)

    assert session_of(submit(client, f"{path}/mystique"))
    assert len(orders_of(tenant)) == 1


def test_consents_are_asked_for_where_they_apply_and_never_ticked_beforehand(
    make_brand, client: FlaskClient
) -> None:
    tenant = make_brand(**TERMS)
    path = f"/checkout/{tenant.slug}"
    asked = {
        product: [name for name in TICKED if f'name="{name}"' in client.get(f"{path}/{product}").text]
        for product in ("mystique", "shirt", "simple")
    }
    assert asked == {"mystique": ["terms", "immediate_delivery"], "shirt": ["terms"], "simple": ["terms"]}
    page = client.get(f"{path}/mystique").text
    assert 'href="https://shop.example/cgv"' in page
    assert "checked" not in page


def test_a_purchase_without_its_consents_opens_nothing_and_keeps_what_was_entered(
    make_brand, client: FlaskClient
) -> None:
    tenant = make_brand(**TERMS)
    refused = submit(client, f"/checkout/{tenant.slug}/mystique", terms="yes", name="Zoé")

    assert refused.status_code == 400
    assert "Cochez les cases" in text_of(refused)
    assert 'value="Zoé"' in refused.text
    assert refused.text.count(" checked") == 1
    assert orders_of(tenant) == []


def test_consents_are_frozen_on_the_order_with_their_time_and_text(make_brand, client: FlaskClient) -> None:
    tenant = make_brand(**TERMS)
    session_of(submit(client, f"/checkout/{tenant.slug}/mystique", **TICKED))

    [order] = orders_of(tenant)
    assert order.consents == {
        "terms": "2026-11",
        "terms_url": "https://shop.example/cgv",
        "immediate_delivery": True,
        "wording": consents.WORDING,
        "at": order.consents["at"],
    }
    assert abs(datetime.fromisoformat(order.consents["at"]) - utc_now()) < timedelta(minutes=5)


def test_terms_that_changed_while_the_page_was_open_are_said(make_brand, client: FlaskClient) -> None:
    tenant = make_brand(**TERMS)
    path = f"/checkout/{tenant.slug}/mystique"
    shown = shown_in(client.get(path))
    with atomic(tenant.id):
        changed = update(Tenant).where(Tenant.id == tenant.id)
        db.session.execute(changed.values(terms_version="2026-12"))

    refused = submit(client, path, shown=shown, **TICKED)

    assert refused.status_code == 409
    assert "Nos conditions de vente ont changé" in text_of(refused)
    assert orders_of(tenant) == []


def test_forms_may_lead_to_stripes_page_only(tenant: Brand, client: FlaskClient, path: str) -> None:
    policy = client.get(f"{path}/mystique").headers["Content-Security-Policy"]
    assert f"form-action 'self' https://checkout.stripe.com {tenant.sandbox_url};" in policy
    assert "frame-ancestors 'none'" in policy


def test_any_site_may_embed_the_button(tenant: Brand, client: FlaskClient, path: str) -> None:
    with client.get(f"{path}/embed.js") as reply:
        assert (reply.status_code, reply.mimetype) == (200, "text/javascript")
        assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.cache_control.public
        assert "Set-Cookie" not in reply.headers
        script, etag = reply.data, reply.headers["ETag"]
    with client.get(f"{path}/embed.js", headers={"If-None-Match": etag}) as unchanged:
        assert unchanged.status_code == 304
    with client.get("/checkout/embed.js", headers={"Host": tenant.domain}) as on_domain:
        assert on_domain.data == script
    assert client.get("/checkout/no-such-shop/embed.js").status_code == 404
