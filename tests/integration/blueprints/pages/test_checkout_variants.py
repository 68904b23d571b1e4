"""The checkout page of a variant: its options lead to the other ones, without a script."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from lumira.database import atomic
from lumira.models import PartialRefundPolicy, Product, ProductKind
from tests.support.checkout_pages import change_product, orders_of, session_of, submit, text_of
from tests.support.factories import Brand, load_order
from tests.support.variants import add_variants

pytestmark = pytest.mark.usefixtures("app_context")
ENGLISH = {"Accept-Language": "en"}


def choices(html: str) -> list[tuple[str, str, bool]]:
    """The links of all options: the text, the path, and whether it is the current value."""
    menus = "".join(re.findall(r'<nav class="variants".*?</nav>', html, flags=re.S))
    return [
        (
            " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split()),
            unescape(re.search(r'href="([^"]+)"', tag)[1]),  # type: ignore[index]
            "aria-current" in tag,
        )
        for tag, inner in re.findall(r"(<a [^>]+>)(.*?)</a>", menus, flags=re.S)
    ]


def test_each_value_leads_to_its_variant_and_says_what_changes_with_it(
    client: FlaskClient, tenant: Brand
) -> None:
    add_variants(tenant)
    shop = f"/checkout/{tenant.slug}"

    small_blue = client.get(f"{shop}/tee-s-blue?code=NONE", headers=ENGLISH)
    assert choices(small_blue.text) == [
        ("S", f"{shop}/tee-s-blue?code=NONE", True),
        ("M Sold out", f"{shop}/tee-m-blue?code=NONE", False),
        ("blue", f"{shop}/tee-s-blue?code=NONE", True),
        ("red €29.00", f"{shop}/tee-s-red?code=NONE", False),
    ]
    # There is no red M: the choice says that it becomes blue.
    two_red = client.get(f"{shop}?items=tee-s-red:2", headers=ENGLISH)
    assert choices(two_red.text)[1] == (
        "M only blue €25.00 Sold out",
        f"{shop}?items=tee-m-blue:2",
        False,
    )
    assert choices(client.get(f"{shop}/cap").text) == []
    assert choices(client.get(f"{shop}?items=cap,tee-s-red").text) == []


def test_the_sold_variant_is_named_on_the_order(client: FlaskClient, tenant: Brand) -> None:
    add_variants(tenant)
    session_of(submit(client, f"/checkout/{tenant.slug}/tee-s-red"))
    [order] = orders_of(tenant)
    [line] = load_order(tenant, order.order_number).lines
    assert (line.product_name, line.unit_amount) == ("Tee, S, red", 2900)


def test_a_sold_out_variant_is_not_sold_and_the_others_can_be_chosen(
    client: FlaskClient, tenant: Brand
) -> None:
    add_variants(tenant)
    page = client.get(f"/checkout/{tenant.slug}/tee-m-blue", headers=ENGLISH)
    assert "Sold out" in text_of(page)
    assert 'name="shown"' not in page.text
    assert choices(page.text)[0][:2] == ("S", f"/checkout/{tenant.slug}/tee-s-blue")


def test_the_shop_shows_a_group_once_and_leads_to_a_variant_in_stock(
    client: FlaskClient, tenant: Brand
) -> None:
    add_variants(tenant)
    shop = client.get(f"/checkout/{tenant.slug}", headers=ENGLISH)
    assert text_of(shop).count("Tee") == 1
    assert "From €25.00" in text_of(shop)
    assert "Size: S, M" in text_of(shop)
    assert f'href="/checkout/{tenant.slug}/tee-s-blue"' in shop.text

    for other in ("tee-s-blue", "tee-m-blue"):
        change_product(tenant, other, active=False)
    alone = client.get(f"/checkout/{tenant.slug}", headers=ENGLISH)
    assert "Tee, S, red €29.00" in text_of(alone)


def test_a_choice_in_a_frame_stays_in_the_frame(client: FlaskClient, tenant: Brand) -> None:
    add_variants(tenant)
    framed = client.get(f"/checkout/{tenant.slug}/tee-s-blue?frame=1", headers=ENGLISH)
    assert choices(framed.text)[3][1] == f"/checkout/{tenant.slug}/tee-s-red?frame=1"


def test_a_digital_variant_leads_to_the_goods_of_its_group_that_are_in_stock(
    client: FlaskClient, tenant: Brand
) -> None:
    add_variants(tenant)
    with atomic(tenant.id) as session:
        pattern = Product(
            tenant_id=tenant.id,
            id="tee-m-red",
            kind=ProductKind.DIGITAL,
            name="Pattern",
            description="",
            amount=900,
            currency="eur",
            position=110,
            active=True,
            on_partial_refund=PartialRefundPolicy.KEEP,
            group_id="tee",
            options={"Size": "M", "Colour": "red"},
        )
        session.add(pattern)
    page = client.get(f"/checkout/{tenant.slug}/tee-m-red", headers=ENGLISH)
    assert [text for text, *_ in choices(page.text)] == ["S €29.00", "M", "blue €25.00 Sold out", "red"]
