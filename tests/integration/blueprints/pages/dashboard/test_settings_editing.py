"""Owners change brand, legal lines and domains by the rules of the catalog file, and no file undoes it by itself."""

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.errors.catalog import EditedInDashboard
from lumira.models import AuditEntry, Language, Receipt, Role, Tenant
from lumira.repositories.tenants import tenants
from lumira.services.catalog.apply_catalog import apply_catalog
from lumira.services.catalog.catalog import Catalog, CatalogDifference, CatalogTenant
from tests.support import seller
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand, load_order, open_payment
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")

BRAND = {
    "name": "Maison Été",
    "brand_color": "#d4af37",
    "brand_background": "#0F0B19",
    "brand_radius": "12",
    "support_email": "help@shop.example.com",
    "alert_email": "",
    "shop_url": "https://shop.example.com/",
}
SELLER = {
    "legal_name": "Maison Été SAS",
    "address": "1 place Bellecour\n\n69002 Lyon",
    "registration": "RCS Lyon 987 654 321",
    "vat_number": "FR40987654321",
    "vat_rate": "5,5",
    "vat_note": "",
    "email": "",
}


SALES = {
    "payment_page": "element",
    "email_required": "yes",
    "terms_version": "2026-11",
    "terms_url": "https://shop.example.com/terms",
    "withdrawal_policy": "refund",
    "withdrawal_days": "30",
    "delivery_days": "7",
    "refund_on_return": "yes",
    "ship_within_days": "3",
    "release_on_failure": "at_once",
    "statement_descriptor_suffix": "MAISON",
    "time_zone": "Europe/Berlin",
}
#: A form of each page, with another value of one field.
FORMS = {
    "brand": (BRAND, "name", "Maison Hiver"),
    "seller": (SELLER, "vat_rate", "20"),
    "sales": (SALES, "withdrawal_days", "60"),
}


@pytest.fixture(autouse=True)
def public_url(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the installation's own host: without it owners add no domain."""
    settings = replace(app.extensions["lumira"], public_url="http://localhost")
    monkeypatch.setitem(app.extensions, "lumira", settings)


def path(brand: Brand, page: str = "brand") -> str:
    return f"/dashboard/{brand.slug}/settings/{page}"


def seen_in(text: str) -> str:
    """The fingerprint of the settings that a page shows."""
    [fingerprint] = re.findall('name="seen" value="([0-9a-f]{32})"', text)
    return fingerprint


def stored(brand: Brand) -> Tenant:
    with atomic(brand.id):
        return tenants.get(brand.id)


def domains(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return tenants.list_domains(brand.id)


def apply(brand: Brand, described: Tenant, **options: Any) -> CatalogDifference:
    """Apply a file without products whose settings are those of `described`."""
    names = options.pop("domains", None)
    values = {
        name: getattr(described, name)
        for name in CatalogTenant.__dataclass_fields__
        if name not in ("domains", "order_prefix", "crm")
    }
    file = CatalogTenant(**values, domains=names, order_prefix=None)
    return apply_catalog(Catalog(file, ()), actor="test", **options)


def test_a_brand_that_is_saved_is_that_of_the_next_page(browser, tenant) -> None:
    version = stored(tenant).catalog_version
    reply = browser.submit(path(tenant), **BRAND)
    assert reply.headers["Location"] == path(tenant)
    assert "It is saved" in browser.get(path(tenant)).text
    changed = stored(tenant)
    assert (changed.name, changed.brand_color, changed.brand_radius) == ("Maison Été", "#D4AF37", 12)
    assert changed.catalog_version == version + 1
    assert "Maison Été" in browser.get(f"/checkout/{tenant.slug}/mystique").text
    with atomic(tenant.id):
        query = select(AuditEntry).where(AuditEntry.action == "tenant_changed")
        entry = db.session.execute(query.order_by(AuditEntry.id.desc())).scalars().first()
    assert entry.actor == browser.operator.actor
    assert entry.details["fields"]["support_email"] == [None, "set"]
    browser.submit(path(tenant), **BRAND)
    assert "nothing to change" in browser.get(path(tenant)).text


def test_a_preview_shows_what_is_entered_and_saves_nothing(browser, tenant) -> None:
    before = stored(tenant)
    reply = browser.submit(path(tenant), **BRAND, preview="yes")
    assert reply.status_code == 200
    assert 'fill="#D4AF37"' in reply.text
    assert 'value="Maison Été"' in reply.text
    assert "Too low" not in reply.text
    low = browser.submit(path(tenant), **BRAND | {"brand_background": "#D0A830"}, preview="yes")
    assert "Too low for a title" in low.text
    assert (stored(tenant).name, stored(tenant).brand_color) == (before.name, before.brand_color)
    assert stored(tenant).edited_fields == []


@pytest.mark.parametrize(
    ("field", "wrong", "french"),
    [
        ("name", "", "Ne doit pas être vide."),
        ("name", "x" * 201, "200 caractères au plus ; il y en a 201"),
        ("name", "a\u2028b", "caractère invisible"),
        ("brand_color", "gold", "une couleur comme #D4AF37"),
        ("brand_background", "#12345", "une couleur comme"),
        ("brand_radius", "33", "de 0 à 32"),
        ("brand_radius", "9" * 5000, "nombre entier de pixels"),
        ("brand_radius", "1.5", "nombre entier de pixels"),
        ("support_email", "nobody", "une adresse e-mail"),
        ("support_email", "no-reply@example.com", "pas une adresse sans réponse"),
        ("shop_url", "http://shop.example.com", "une adresse comme https://"),
        ("shop_url", "javascript:alert(1)", "une adresse comme https://"),
    ],
)
def test_what_the_file_refuses_is_named_in_french_beside_its_field(app, tenant, field, wrong, french) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    before = stored(tenant)
    reply = browser.submit(path(tenant), **BRAND | {field: wrong})
    assert reply.status_code == 400
    assert french in reply.text
    assert f'id="{field}"' in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert 'value="#0F0B19"' in reply.text or field == "brand_background"
    assert (stored(tenant).name, stored(tenant).edited_fields) == (before.name, [])


def test_the_address_for_alerts_is_replaced_but_never_removed(browser, tenant) -> None:
    browser.submit(path(tenant), **BRAND | {"alert_email": "team@shop.example.com"})
    assert browser.submit(path(tenant), **BRAND).status_code == 400
    assert stored(tenant).alert_email == "team@shop.example.com"


def test_legal_lines_count_for_later_receipts_and_change_no_earlier_one(app, make_brand) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    browser = sign_in(app, make_operator(brand))
    pay(brand, "mystique")
    preview = browser.submit(path(brand, "seller"), **SELLER, preview="yes").text
    assert (
        "1 place Bellecour<br>69002 Lyon<br>Registration: RCS Lyon 987 654 321<br>VAT number: FR40" in preview
    )
    assert stored(brand).seller == seller.WITH_VAT
    browser.submit(path(brand, "seller"), **SELLER)
    assert stored(brand).seller == {
        "legal_name": "Maison Été SAS",
        "address": ["1 place Bellecour", "69002 Lyon"],
        "registration": "RCS Lyon 987 654 321",
        "vat_number": "FR40987654321",
        "vat_rate": "5.50",
    }
    pay(brand, "mystique", customer_email="second@example.com")
    with atomic(brand.id):
        receipts = db.session.execute(select(Receipt).order_by(Receipt.number)).scalars().all()
    assert [receipt.seller["legal_name"] for receipt in receipts] == ["Maison Lumière SARL", "Maison Été SAS"]
    assert [receipt.seller["vat_rate"] for receipt in receipts] == ["20.00", "5.50"]


@pytest.mark.parametrize(
    ("field", "wrong", "french"),
    [
        ("legal_name", "", "Ne doit pas être vide."),
        ("address", "", "de 1 à 6 lignes"),
        ("address", "\n".join("1234567"), "de 1 à 6 lignes"),
        ("address", "ok\n" + "x" * 101, "100 caractères au plus"),
        ("vat_number", "FR 12", "un code de pays"),
        ("vat_rate", "", "Donnez le taux de TVA"),
        ("vat_rate", "twenty", "un pourcentage"),
        ("vat_rate", "nan", "un pourcentage"),
        ("vat_rate", "100", "entre 0 et 100"),
        ("email", "@", "une adresse e-mail"),
        ("vat_note", "x" * 301, "300 caractères au plus"),
    ],
)
def test_legal_lines_are_refused_in_french_beside_their_field(app, make_brand, field, wrong, french) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    browser = sign_in(app, make_operator(brand, language=Language.FRENCH))
    reply = browser.submit(path(brand, "seller"), **SELLER | {field: wrong})
    assert reply.status_code == 400
    assert french in reply.text
    assert stored(brand).seller == seller.WITH_VAT


def test_the_rules_of_sale_count_for_the_next_sale_and_change_no_earlier_one(browser, client, tenant) -> None:
    sale = {"productId": "mystique", "customerEmail": "ana@example.com"}
    earlier = open_payment(tenant)
    assert browser.submit(path(tenant, "sales"), **SALES).status_code == 303
    shown = browser.get(f"/dashboard/{tenant.slug}/settings").text
    assert "2026-11" in shown
    assert "On the shop&#39;s page, with Stripe" in shown
    refused = client.post("/api/payments/create-payment-intent", json=sale, headers=tenant.publishable)
    assert refused.json["code"] == "MISSING_CONSENT"
    sale["consents"] = {"terms": "2026-11", "immediateDelivery": True}
    reply = client.post("/api/payments/create-payment-intent", json=sale, headers=tenant.publishable)
    orders = [load_order(tenant, number) for number in (earlier.order_number, reply.json["orderNumber"])]
    assert [order.withdrawal_days for order in orders] == [14, 30]
    assert [order.release_on_failure for order in orders] == ["at_deadline", "at_once"]


@pytest.mark.parametrize(
    ("field", "wrong", "french"),
    [
        ("payment_page", "both", "une des valeurs de la liste"),
        ("terms_version", "", "la version et la page des conditions"),
        ("terms_url", "http://shop.example.com/terms", "une adresse comme https://"),
        ("withdrawal_days", "13", "de 14 à 365"),
        ("withdrawal_days", "two weeks", "nombre entier de jours, comme 30"),
        ("delivery_days", "181", "de 0 à 180"),
        ("ship_within_days", "366", "de 0 à 365"),
        ("ship_within_days", "soon", "nombre entier de jours, comme 30"),
        ("release_on_failure", "never", "une des valeurs de la liste"),
        ("statement_descriptor_suffix", "A*B", "Stripe les refuse"),
        ("statement_descriptor_suffix", "é" * 5, "caractères latins sans accent"),
        ("time_zone", "Lyon", "« Lyon » n’est pas un fuseau horaire"),  # noqa: RUF001 - French apostrophes
    ],
)
def test_rules_of_sale_are_refused_in_french_beside_their_field(app, tenant, field, wrong, french) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    reply = browser.submit(path(tenant, "sales"), **SALES | {field: wrong})
    assert reply.status_code == 400
    assert french in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert stored(tenant).edited_fields == []


@pytest.mark.parametrize("page", FORMS)
def test_settings_that_another_operator_changed_meanwhile_are_shown_before_they_are_replaced(
    browser, tenant, page
) -> None:
    form, field, value = FORMS[page]
    opened = seen_in(browser.get(path(tenant, page)).text)
    browser.submit(path(tenant, page), **form, seen=opened)
    version = stored(tenant).catalog_version

    # What is wrong with the form is said first; it then still has the settings that it showed.
    invalid = "time_zone" if page == "sales" else "email" if page == "seller" else "support_email"
    first = browser.submit(path(tenant, page), **form | {field: value, invalid: "?"}, seen=opened)
    reply = browser.submit(path(tenant, page), **form | {field: value}, seen=seen_in(first.text))
    assert reply.status_code == 400
    assert "were changed meanwhile" in reply.text
    now = "5.50" if page == "seller" else form[field]
    assert f"Saved meanwhile: {now}" in reply.text
    assert stored(tenant).catalog_version == version

    again = browser.submit(path(tenant, page), **form | {field: value}, seen=seen_in(reply.text))
    assert again.status_code == 303
    assert stored(tenant).catalog_version == version + 1


def test_domains_that_another_operator_changed_meanwhile_are_shown_before_they_are_replaced(
    browser, tenant
) -> None:
    added = f"shop.{tenant.domain}"
    opened = seen_in(browser.get(path(tenant, "domains")).text)
    browser.submit(path(tenant, "domains"), domains=f"{tenant.domain} {added}", seen=opened)
    reply = browser.submit(path(tenant, "domains"), domains="", seen=opened)
    assert f"Saved meanwhile: {tenant.domain}\n{added}" in reply.text
    assert domains(tenant) == sorted([tenant.domain, added])
    browser.submit(path(tenant, "domains"), domains="", seen=seen_in(reply.text))
    assert domains(tenant) == []


def test_a_domain_can_sell_without_a_key_as_soon_as_it_is_saved(browser, client, tenant) -> None:
    added = f"shop.{tenant.domain}"
    browser.submit(path(tenant, "domains"), domains=f"{tenant.domain}\n{added.upper()}")
    assert domains(tenant) == sorted([tenant.domain, added])
    reply = client.get("/api/products", headers={"Host": added})
    assert reply.status_code == 200
    page = browser.get(path(tenant, "domains")).text
    assert f'href="https://{added}/checkout/{tenant.slug}"' in page
    assert f'action="/dashboard/{tenant.slug}/set-up/stripe"' in page


@pytest.mark.parametrize(
    "wrong", ["https://shop.example.com", "shop.example.com/buy", "a b*c", "-.example.com"]
)
def test_what_is_no_domain_is_refused(browser, tenant, wrong) -> None:
    reply = browser.submit(path(tenant, "domains"), domains=wrong)
    assert reply.status_code == 400
    assert "Must be a host name" in reply.text
    assert domains(tenant) == [tenant.domain]


def test_a_shop_takes_neither_the_domain_of_another_nor_that_of_the_installation(
    browser, tenant, other_tenant
) -> None:
    taken = browser.submit(path(tenant, "domains"), domains=f"{tenant.domain} {other_tenant.domain}")
    assert "belongs to another shop" in taken.text
    shared = browser.submit(path(tenant, "domains"), domains=f"{tenant.domain} localhost")
    assert "which all shops share" in shared.text
    assert (domains(tenant), domains(other_tenant)) == ([tenant.domain], [other_tenant.domain])


def test_no_file_undoes_a_setting_unless_it_may_overwrite(browser, tenant) -> None:
    original = stored(tenant)
    browser.submit(path(tenant), **BRAND)
    browser.submit(path(tenant, "seller"), **SELLER)
    with pytest.raises(EditedInDashboard, match=r"tenant\.name.*tenant\.seller"):
        apply(tenant, original)
    assert stored(tenant).name == "Maison Été"
    assert "tenant.brand_color" in apply(tenant, original, dry_run=True).overwritten

    apply(tenant, original, overwrite=True)
    assert (stored(tenant).name, stored(tenant).edited_fields) == (original.name, [])


def test_the_rules_about_goods_are_switched_on_and_off_and_no_file_undoes_them(browser, tenant) -> None:
    original = stored(tenant)
    assert (original.refund_on_return, original.ship_within_days) == (False, 7)
    browser.submit(path(tenant, "sales"), **SALES)
    assert (stored(tenant).refund_on_return, stored(tenant).ship_within_days) == (True, 3)
    with pytest.raises(EditedInDashboard, match=r"tenant\.refund_on_return.*tenant\.ship_within_days"):
        apply(tenant, original)
    off = SALES | {"refund_on_return": "", "ship_within_days": "0"}
    assert browser.submit(path(tenant, "sales"), **off).status_code == 303
    assert (stored(tenant).refund_on_return, stored(tenant).ship_within_days) == (False, 0)


def test_a_file_with_the_same_settings_is_applied_and_counts_again(browser, tenant) -> None:
    browser.submit(path(tenant), **BRAND)
    apply(tenant, stored(tenant))
    assert stored(tenant).edited_fields == []
    assert stored(tenant).name == "Maison Été"


def test_domains_of_the_dashboard_stay_until_a_file_may_overwrite_them(browser, tenant) -> None:
    added = f"shop.{tenant.domain}"
    browser.submit(path(tenant, "domains"), domains=added)
    apply(tenant, stored(tenant))
    assert stored(tenant).edited_fields == ["domains"]
    with pytest.raises(EditedInDashboard, match=r"tenant\.domains"):
        apply(tenant, stored(tenant), domains=(tenant.domain,))
    assert domains(tenant) == [added]
    apply(tenant, stored(tenant), domains=(tenant.domain,), overwrite=True)
    assert (domains(tenant), stored(tenant).edited_fields) == ([tenant.domain], [])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_other_roles_and_other_shops_change_no_setting(app, tenant, other_tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    names = {tenant.name, other_tenant.name}
    assert browser.submit(path(tenant), **BRAND).status_code == 403
    assert browser.submit(path(other_tenant), **BRAND).status_code == 404
    assert {stored(tenant).name, stored(other_tenant).name} == names
