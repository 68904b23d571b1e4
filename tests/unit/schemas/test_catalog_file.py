"""The catalog file: what it accepts, and its error messages."""

from pathlib import Path
from typing import Any

import pytest

from lumira.errors.catalog import CatalogError
from lumira.models import ContentKind, PartialRefundPolicy, ProductKind, ReleaseOnFailure
from lumira.schemas import catalog_product, catalog_tenant
from lumira.schemas.catalog_file import parse, read

CATALOGS = Path(__file__).resolve().parents[3] / "config" / "catalogs"

TENANT = """
[tenant]
slug = "maison"
name = "Maison"
currency = "eur"
"""
PRODUCT = """
[[products]]
id = "mystique"
kind = "digital"
name = "Niveau Mystique"
amount = 4700
"""
LEVEL = """
[[products]]
id = "simple"
kind = "level"
level = 1
name = "Simple"
amount = 0
"""
GOODS = """
[[products]]
id = "bonnet"
kind = "physical"
name = "Bonnet"
amount = 2900
"""
MINIMAL = TENANT + PRODUCT


def error_of(text: str) -> str:
    with pytest.raises(CatalogError) as caught:
        parse(text.encode())
    return str(caught.value)


def with_line(line: str) -> str:
    """The minimal file with one more line in its product."""
    return MINIMAL + line + "\n"


def with_goods_line(line: str) -> str:
    return TENANT + GOODS + line + "\n"


def part(name: str, *, times: int = 1, **changes: str | None) -> str:
    """A list of one content or deliverable, or of several equal ones."""
    values = {"key": "carte", "title": "Votre carte", "kind": "card"} | changes
    table = ", ".join(f'{key} = "{value}"' for key, value in values.items() if value is not None)
    return f"{name} = [{', '.join(['{' + table + '}'] * times)}]"


def with_tenant_line(line: str) -> str:
    return TENANT + line + "\n" + PRODUCT


def priced(amount: str, currency: str = "eur") -> str:
    return MINIMAL.replace("4700", amount).replace('"eur"', f'"{currency}"')


def test_optional_keys_have_defaults():
    loaded = parse((MINIMAL + LEVEL).encode())

    assert loaded["tenant"] == {
        "slug": "maison",
        "name": "Maison",
        "currency": "eur",
        "order_prefix": None,
        "time_zone": "Europe/Paris",
        "domains": None,
        "statement_descriptor_suffix": None,
        "release_on_failure": "at_deadline",
        "email_required": False,
        "terms_version": None,
        "terms_url": None,
        "payment_page": "hosted",
        "withdrawal_policy": "review",
        "withdrawal_days": 14,
        "delivery_days": 30,
        "refund_on_return": False,
        "ship_within_days": 7,
        "on_fraud_warning": "alert",
        "alert_email": None,
        "support_email": None,
        "shop_url": None,
        "brand_color": None,
        "brand_background": None,
        "brand_radius": None,
        "seller": None,
        "crm": None,
        "accounting": None,
    }
    assert loaded["products"][0] == {
        "id": "mystique",
        "kind": "digital",
        "level_number": None,
        "name": "Niveau Mystique",
        "description": "",
        "group": None,
        "options": None,
        "amount": 4700,
        "currency": None,
        "on_partial_refund": "keep",
        "stock": 0,
        "restock_on_refund": True,
        "delayed_methods": True,
        "access_days": None,
        "includes_lower_levels": False,
        "weight": None,
        "contents": [],
        "deliverables": [],
    }
    assert loaded["products"][1]["level_number"] == 1


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "tenant", "Missing data"),
        (TENANT, "products", "Missing data"),
        ("products = []" + TENANT, "products", "Must contain at least one product."),
        (PRODUCT, "tenant", "Missing data"),
        (MINIMAL + "[stock]\nmystique = 3\n", "stock", "Unknown key."),
        (
            with_line("stock = 3"),
            "products[0].stock",
            'Only a product of kind "physical" has stock, and is sent.',
        ),
        (
            with_line("stock = 0"),
            "products[0].stock",
            'Only a product of kind "physical" has stock, and is sent.',
        ),
        (with_line("restock_on_refund = true"), "products[0].restock_on_refund", 'kind "physical"'),
        (with_goods_line("stock = -1"), "products[0].stock", "between 0 and 100000000"),
        (with_line('contents = "carte"'), "products[0].contents", "Not a valid list."),
        (with_line(part("contents", kind="film")), "products[0].contents[0].kind", "Must be one of: card"),
        (with_line(part("contents", kind=None)), "products[0].contents[0].kind", "Missing data"),
        (with_line(part("contents", key="../carte")), "products[0].contents[0].key", "lower-case letters"),
        (with_line(part("contents", title="")), "products[0].contents[0].title", "Must not be empty."),
        (with_line(part("contents", file="a.pdf")), "products[0].contents[0].file", "Unknown key."),
        (with_line(part("contents", times=2)), "products[0].contents", "Two of them have the key carte."),
        (with_line(part("contents", times=51)), "products[0].contents", "Must be 50 at most."),
        (with_line(part("deliverables")), "products[0].deliverables[0].kind", "Unknown key."),
        (
            with_line(part("deliverables", kind=None, times=2)),
            "products[0].deliverables",
            "Two of them have the key carte.",
        ),
        (with_goods_line(part("contents")), "products[0].contents", "A physical product has no files"),
        (
            with_goods_line(part("deliverables", kind=None)),
            "products[0].deliverables",
            "A physical product has no files",
        ),
        (with_goods_line("stock = 100000001"), "products[0].stock", "between 0 and 100000000"),
        (with_goods_line("stock = 3.0"), "products[0].stock", "whole number of units"),
        (with_goods_line('stock = "3"'), "products[0].stock", "whole number of units"),
        (with_goods_line("stock = true"), "products[0].stock", "whole number of units"),
        (with_goods_line("stock = nan"), "products[0].stock", "whole number of units"),
        (with_goods_line("restock_on_refund = 1"), "products[0].restock_on_refund", "true or false"),
        (with_goods_line("delayed_methods = 0"), "products[0].delayed_methods", "true or false"),
        (with_goods_line('restock_on_refund = "no"'), "products[0].restock_on_refund", "true or false"),
        (with_line("level_number = 3"), "products[0].level_number", "Unknown key."),
        (with_tenant_line("stripe_secret_key = 'sk'"), "tenant.stripe_secret_key", "Unknown key."),
        (MINIMAL.replace('slug = "maison"', ""), "tenant.slug", "Missing data"),
        (MINIMAL.replace('"maison"', '"Maison"'), "tenant.slug", "lower-case"),
        (MINIMAL.replace('"maison"', '"-maison"'), "tenant.slug", "lower-case"),
        (MINIMAL.replace('"maison"', '"maison\\n"'), "tenant.slug", "lower-case"),
        (MINIMAL.replace('"maison"', f'"{"m" * 64}"'), "tenant.slug", "63 at most"),
        (MINIMAL.replace('"maison"', "7"), "tenant.slug", "Not a valid string"),
        (MINIMAL.replace('"Maison"', '""'), "tenant.name", "Must not be empty."),
        (MINIMAL.replace('"eur"', '"euro"'), "tenant.currency", "ISO code"),
        (with_tenant_line('order_prefix = "lum"'), "tenant.order_prefix", "2 to 8 capital letters"),
        (with_tenant_line('order_prefix = "L"'), "tenant.order_prefix", "2 to 8 capital letters"),
        (with_tenant_line('time_zone = "Europe/Atlantis"'), "tenant.time_zone", "is not a time zone"),
        (with_tenant_line('time_zone = "../../etc/passwd"'), "tenant.time_zone", "is not a time zone"),
        (with_tenant_line('time_zone = ""'), "tenant.time_zone", "is not a time zone"),
        (with_tenant_line('time_zone = "Europe"'), "tenant.time_zone", "is not a time zone"),
        (with_tenant_line('alert_email = "team"'), "tenant.alert_email", "Must be an e-mail address."),
        (with_tenant_line('alert_email = ""'), "tenant.alert_email", "Must not be empty."),
        (
            with_tenant_line('alert_email = "No-Reply@x.example"'),
            "tenant.alert_email",
            "not a no-reply address",
        ),
        (
            with_tenant_line('support_email = "noreply@x.example"'),
            "tenant.support_email",
            "not a no-reply address",
        ),
        (
            with_tenant_line('terms_version = "1"'),
            "tenant.terms_version",
            "Set both terms_version and terms_url",
        ),
        (
            with_tenant_line('terms_version = "1"\nterms_url = "terms"'),
            "tenant.terms_url",
            "Must be an address such as https://",
        ),
        (
            with_tenant_line('shop_url = "shop.example"'),
            "tenant.shop_url",
            "Must be an address such as https://",
        ),
        (
            with_tenant_line('shop_url = "http://shop.example"'),
            "tenant.shop_url",
            "Must be an address such as",
        ),
        (
            with_tenant_line('shop_url = "javascript:alert(1)"'),
            "tenant.shop_url",
            "Must be an address such as",
        ),
        (MINIMAL.replace('"mystique"', '"4242424242424242"'), "products[0].id", "card number"),
        (with_tenant_line("alert_email = 7"), "tenant.alert_email", "Must be a string."),
        (with_tenant_line('domains = "a.example"'), "tenant.domains", "Not a valid list"),
        (with_tenant_line('domains = ["a.example", "https://b.example"]'), "tenant.domains[1]", "host name"),
        (with_tenant_line('domains = ["b.example:8000"]'), "tenant.domains[0]", "host name"),
        (
            with_tenant_line('payment_page = "popup"'),
            "tenant.payment_page",
            "Must be one of: element, hosted.",
        ),
        (with_tenant_line('refund_on_return = "yes"'), "tenant.refund_on_return", "true or false"),
        (with_tenant_line("ship_within_days = 366"), "tenant.ship_within_days", "between 0 and 365"),
        (
            with_tenant_line('release_on_failure = "never"'),
            "tenant.release_on_failure",
            "at_once, at_deadline",
        ),
        (
            with_tenant_line('statement_descriptor_suffix = "1234"'),
            "tenant.statement_descriptor_suffix",
            "from A to Z",
        ),
        (
            with_tenant_line('statement_descriptor_suffix = "CAFÉ"'),
            "tenant.statement_descriptor_suffix",
            "Latin",
        ),
        (
            with_tenant_line("statement_descriptor_suffix = 'A*B'"),
            "tenant.statement_descriptor_suffix",
            "refuses",
        ),
        (
            with_tenant_line(f'statement_descriptor_suffix = "{"A" * 19}"'),
            "tenant.statement_descriptor_suffix",
            "at most 18",
        ),
        (MINIMAL.replace('id = "mystique"', ""), "products[0].id", "Missing data"),
        (MINIMAL.replace('"mystique"', '"Mystique"'), "products[0].id", "lower-case"),
        (MINIMAL.replace('"mystique"', '"_mystique"'), "products[0].id", "lower-case"),
        (MINIMAL.replace('"mystique"', f'"{"m" * 65}"'), "products[0].id", "64 at most"),
        (MINIMAL + PRODUCT, "products[1].id", "products[0]"),
        (MINIMAL.replace('"digital"', '"book"'), "products[0].kind", "level, digital, physical"),
        (with_line("level = 1"), "products[0].level", 'Only a product of kind "level"'),
        (
            TENANT + LEVEL.replace("level = 1", ""),
            "products[0].level",
            'A product of kind "level" needs a level number.',
        ),
        (TENANT + LEVEL.replace("level = 1", "level = 0"), "products[0].level", "between 1 and 999"),
        (TENANT + LEVEL.replace("level = 1", 'level = "1"'), "products[0].level", "Not a valid integer"),
        (TENANT + LEVEL + LEVEL.replace("simple", "double"), "products[1].level", "products[0]"),
        (MINIMAL.replace("Niveau Mystique", " "), "products[0].name", "space"),
        (
            MINIMAL.replace("Niveau Mystique", "x" * 201),
            "products[0].name",
            "at most 200 characters, not 201",
        ),
        (MINIMAL.replace("Niveau Mystique", "a\\u0000b"), "products[0].name", "control character"),
        (MINIMAL.replace("Niveau Mystique", "a\\nb"), "products[0].name", "control character"),
        (MINIMAL.replace("Niveau Mystique", "a\\u2028b"), "products[0].name", "control character"),
        (with_line(f'description = "{"x" * 501}"'), "products[0].description", "at most 500"),
        (with_line('description = "a\\tb"'), "products[0].description", "control character"),
        (with_line('currency = "usd"'), "products[0].currency", "sells in eur"),
        (with_line('on_partial_refund = "ask"'), "products[0].on_partial_refund", "keep, revoke"),
        (priced("49"), "products[0].amount", "at least 50"),
        (priced("-1"), "products[0].amount", "between 0 and 99999999"),
        (priced("100000000"), "products[0].amount", "between 0 and 99999999"),
        (priced("47.00"), "products[0].amount", "whole number of minor units"),
        (priced("4700.0"), "products[0].amount", "whole number of minor units"),
        (priced('"4700"'), "products[0].amount", "whole number of minor units"),
        (priced("true"), "products[0].amount", "whole number of minor units"),
        (priced("17499", "huf"), "products[0].amount", "at least 17500"),
        (priced("4705", "kwd"), "products[0].amount", "multiple of 10"),
        (priced("4750", "isk"), "products[0].amount", "multiple of 100"),
    ],
)
def test_an_error_is_named_by_its_key(text: str, where: str, what: str):
    message = error_of(text)

    assert message.startswith(f"{where}: ")
    assert what in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0", "eur"), ("50", "eur"), ("99999999", "eur"), ("30", "gbp"), ("47", "xof"), ("999999999999", "idr")],
)
def test_an_amount_is_free_or_what_stripe_can_charge(amount: str, currency: str):
    assert parse(priced(amount, currency).encode())["products"][0]["amount"] == int(amount)


def test_the_invalid_product_is_named_among_many():
    text = MINIMAL + LEVEL + PRODUCT.replace("mystique", "autre").replace("4700", "20")

    assert error_of(text).startswith("products[2].amount: ")


def test_several_errors_are_reported_in_one_line():
    message = error_of(MINIMAL.replace("4700", "-1").replace('"maison"', '"M"'))

    assert "tenant.slug: " in message
    assert "; products[0].amount: " in message


def test_many_errors_are_counted_instead_of_listed():
    text = TENANT + "".join(PRODUCT.replace("mystique", f"p{n}").replace("4700", "1") for n in range(30))

    assert error_of(text).endswith("; and 20 more")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[tenant\n", "line 1"),
        (b'[tenant]\nslug = "a"\nslug = "b"\n', "line 3"),
        (b"[tenant]\nname = 'a\x00b'\n", "line 2"),
        (b'[tenant]\nname = "a\xffb"\n', "line 2"),
        (b"[tenant]\namount = 0x\n", "line 2"),
        ("[tenant]\nslug = 'a'\n".encode("utf-16"), "line 1"),
    ],
)
def test_invalid_toml_is_named_by_its_line(content: bytes, line: str):
    with pytest.raises(CatalogError, match=line) as caught:
        parse(content)

    assert "\n" not in str(caught.value)


def test_endless_nesting_is_refused_in_one_line():
    assert error_of("a = " + "[" * 100_000).startswith("not TOML")


def test_a_number_of_thousands_of_digits_is_refused_in_one_line():
    assert "\n" not in error_of(priced("9" * 5000))


def test_a_byte_order_mark_is_ignored():
    assert parse(b"\xef\xbb\xbf" + MINIMAL.encode())["tenant"]["slug"] == "maison"


def test_domains_are_unique_and_in_lower_case():
    loaded = parse(with_tenant_line('domains = ["B.example", "a.example", "b.example"]').encode())

    assert loaded["tenant"]["domains"] == ("a.example", "b.example")


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(CatalogError, match=r"none\.toml: No such file or directory\."):
        read(tmp_path / "none.toml")


def test_a_directory_is_refused(tmp_path: Path):
    with pytest.raises(CatalogError, match="Is a directory"):
        read(tmp_path)


def test_an_error_in_a_file_names_the_file(tmp_path: Path):
    path = tmp_path / "maison.toml"
    path.write_text(priced("1"))

    with pytest.raises(CatalogError, match=r"maison\.toml: products\[0\]\.amount: "):
        read(path)


@pytest.mark.parametrize("units", [0, 1, 100_000_000])
def test_a_physical_product_has_a_first_stock(units: int):
    assert parse(with_goods_line(f"stock = {units}").encode())["products"][0]["stock"] == units


def test_by_default_a_physical_product_has_no_stock_and_is_restocked_on_refund():
    [product] = parse(with_goods_line("").encode())["products"]

    assert (product["stock"], product["restock_on_refund"]) == (0, True)


def test_a_physical_product_can_stay_unstocked_on_refund():
    [product] = parse(with_goods_line("restock_on_refund = false").encode())["products"]

    assert product["restock_on_refund"] is False


def test_the_choices_are_those_of_the_models():
    assert set(catalog_product.KINDS) == set(ProductKind)
    assert set(catalog_product.PARTIAL_REFUND_POLICIES) == set(PartialRefundPolicy)
    assert set(catalog_product.CONTENT_KINDS) == set(ContentKind)
    assert set(catalog_tenant.RELEASE_POLICIES) == set(ReleaseOnFailure)


@pytest.mark.parametrize(
    ("file", "prefix"), [("oracle-lumira", "LUM"), ("reboul", "REB"), ("boutique", "BTQ")]
)
def test_the_shipped_catalogs_are_valid(file: str, prefix: str):
    tenant: dict[str, Any] = read(CATALOGS / f"{file}.toml")["tenant"]

    assert (tenant["slug"], tenant["order_prefix"], tenant["currency"]) == (file, prefix, "eur")


@pytest.mark.parametrize("file", ["reboul", "boutique"])
def test_all_physical_products_of_the_shipped_catalogs_have_stock(file: str):
    assert all(product["stock"] > 0 for product in read(CATALOGS / f"{file}.toml")["products"])


def test_oracle_lumira_sells_four_levels_and_one_product():
    products = read(CATALOGS / "oracle-lumira.toml")["products"]

    assert [(p["level_number"], p["id"], p["name"], p["description"], p["amount"]) for p in products] == [
        (1, "simple", "Simple", "1 carte + PDF 2p", 0),
        (2, "intuitive", "Intuitive", "Profil âme + PDF 4p + audio 5min", 1400),
        (3, "alchimique", "Alchimique", "Blocages + rituel + PDF 6-8p + audio 12min", 2900),
        (4, "integrale", "Intégrale", "Cartographie + mandala + PDF 15p + audio 25min", 4900),
        (None, "mystique", "Niveau Mystique", "", 4700),
    ]


ZONE = """
[[shipping_zones]]
name = "France"
countries = ["fr", "MC", "FR"]
amount = 490
free_from = 6000
[[shipping_zones.steps]]
heavier_than = 1000
amount = 790
"""


def test_shipping_zones_have_countries_and_amounts() -> None:
    [zone] = parse((MINIMAL + ZONE).encode())["shipping_zones"]
    assert zone == {
        "name": "France",
        "countries": ["FR", "MC"],
        "amount": 490,
        "free_from": 6000,
        "phone": False,
        "steps": [{"heavier_than": 1000, "amount": 790}],
    }
    assert parse(MINIMAL.encode())["shipping_zones"] == []


@pytest.mark.parametrize(
    ("zones", "where", "message"),
    [
        (ZONE.replace("490", "20"), "shipping_zones[0].amount", "Stripe's minimum charge"),
        (ZONE.replace("490", "-1"), "shipping_zones[0].amount", "between"),
        (ZONE.replace("790", "4.9"), "shipping_zones[0].steps[0].amount", "whole number of minor units"),
        (ZONE.replace('"MC"', '"XX"'), "shipping_zones[0].countries[1]", "ISO 3166-1"),
        (ZONE.replace('["fr", "MC", "FR"]', "[]"), "shipping_zones[0].countries", "at least one"),
        (ZONE + ZONE, "shipping_zones[1].name", "has the same one"),
        (ZONE + ZONE.replace("France", "Too"), "shipping_zones[1].countries", "a country has one zone"),
        (
            ZONE + "[[shipping_zones.steps]]\nheavier_than = 500\namount = 900\n",
            ".steps",
            "ordered by heavier_than",
        ),
        (ZONE.replace("free_from", "free"), "shipping_zones[0].free", "Unknown key"),
    ],
)
def test_shipping_zones_that_cannot_be_charged_are_refused(zones: str, where: str, message: str) -> None:
    error = error_of(MINIMAL + zones)
    assert where in error
    assert message in error
