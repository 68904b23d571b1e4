"""Owners add, change and end promotion codes; each change is audited with its operator."""

import re

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.domain.operators import Role
from lumira.models import AuditEntry, PromotionCode
from lumira.repositories.catalog import promotions
from tests.support.checkout_pages import text_of
from tests.support.dashboard import Operator, OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand, make_promotion, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    return make_operator(tenant)


@pytest.fixture
def browser(app, owner) -> OperatorBrowser:
    return sign_in(app, owner)


def path(brand: Brand, rest: str = "") -> str:
    return f"/dashboard/{brand.slug}/promotions{rest}"


def find(brand: Brand, code: str) -> PromotionCode | None:
    with atomic(brand.id):
        return promotions.find_by_code(brand.id, code)


def add(browser: OperatorBrowser, brand: Brand, **entered: object):
    return browser.submit(path(brand, "/-/new"), page=path(brand, "/-/new"), **entered)


def actions(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = select(AuditEntry.action).where(AuditEntry.subject.startswith("promotion:"))
        return list(db.session.execute(query.order_by(AuditEntry.id)).scalars())


def test_an_owner_adds_a_code_that_sells_at_once(browser, tenant: Brand, owner) -> None:
    reply = add(
        browser,
        tenant,
        code=" ete-25 ",
        amount="10,00",
        minimum_amount="20",
        first_day="2026-01-01",
        last_day="2099-12-31",
        max_uses="100",
        max_uses_per_customer="1",
        products=["mystique", "cap"],
    )
    assert reply.status_code == 303
    promotion = find(tenant, "ETE-25")
    assert promotion is not None
    assert (promotion.percent, promotion.amount, promotion.minimum_amount) == (None, 1000, 2000)
    assert (promotion.max_uses, promotion.max_uses_per_customer) == (100, 1)
    assert (promotion.currency, promotion.product_ids) == ("eur", ["mystique", "cap"])
    # The last day is included: until the midnight after it, in Paris.
    assert promotion.valid_until is not None
    assert promotion.valid_until.isoformat() == "2099-12-31T23:00:00+00:00"
    assert open_payment(tenant, promotion_code="ete-25").amount == 3700
    [entry] = entries_of(tenant)
    assert (entry.action, entry.actor) == ("promotion_added", owner.actor)


def entries_of(brand: Brand) -> list[AuditEntry]:
    with atomic(brand.id):
        query = select(AuditEntry).where(AuditEntry.subject.startswith("promotion:"))
        return list(db.session.execute(query.order_by(AuditEntry.id)).scalars())


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"code": "A B", "percent": "10"}, "3 to 40 letters"),
        ({"code": "SUMMER"}, "a percentage or an amount"),
        ({"code": "SUMMER", "percent": "10", "amount": "5"}, "a percentage or an amount"),
        ({"code": "SUMMER", "percent": "0"}, "from 1 to 100"),
        ({"code": "SUMMER", "percent": "101"}, "from 1 to 100"),
        ({"code": "SUMMER", "percent": "ten"}, "from 1 to 100"),
        ({"code": "SUMMER", "amount": "1,2345"}, "above zero, such as"),
        ({"code": "SUMMER", "amount": "-5"}, "above zero, such as"),
        ({"code": "SUMMER", "percent": "10", "first_day": "tomorrow"}, "a day, such as"),
        (
            {"code": "SUMMER", "percent": "10", "first_day": "2026-12-02", "last_day": "2026-12-01"},
            "must follow the first",
        ),
        ({"code": "SUMMER", "percent": "10", "max_uses": "0"}, "above zero"),
        ({"code": "SUMMER", "percent": "10", "products": "not-here"}, "does not exist in this shop"),
        ({"code": "WELCOME10", "percent": "20"}, "Another code has this name"),
    ],
)
def test_a_form_that_makes_no_sense_is_said_beside_its_field_and_keeps_what_was_written(
    browser, tenant: Brand, entered: dict[str, str], said: str
) -> None:
    make_promotion(tenant)
    reply = add(browser, tenant, **entered)
    assert reply.status_code == 400
    assert said in text_of(reply)
    assert f'value="{entered["code"]}"' in reply.text
    assert find(tenant, "SUMMER") is None
    assert actions(tenant) == []


def test_a_form_that_is_sent_twice_adds_one_code(browser, tenant: Brand) -> None:
    for _ in range(2):
        assert add(browser, tenant, code="SUMMER", percent="10").status_code == 303
    assert actions(tenant) == ["promotion_added"]


def test_the_terms_are_changed_and_open_orders_keep_their_price(browser, tenant: Brand) -> None:
    make_promotion(tenant)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    here = path(tenant, "/WELCOME10")
    shown = browser.get(here).text
    seen = re.search(r'name="seen" value="([^"]+)"', shown)
    assert seen
    assert 'value="10"' in shown
    reply = browser.submit(here, page=here, seen=seen[1], percent="20", max_uses="5")
    assert reply.status_code == 303
    assert opened.amount == 4230
    assert open_payment(tenant, promotion_code="WELCOME10").amount == 3760
    assert actions(tenant) == ["promotion_changed"]
    # The form of another operator who saw the old terms does not overwrite these.
    late = browser.submit(here, page=here, seen=seen[1], percent="50")
    assert late.status_code == 400
    assert "meanwhile" in text_of(late)


def test_a_limit_below_the_uses_is_refused(browser, tenant: Brand) -> None:
    make_promotion(tenant)
    for _ in range(2):
        open_payment(tenant, promotion_code="WELCOME10")
    here = path(tenant, "/WELCOME10")
    reply = browser.submit(here, page=here, percent="10", max_uses="1")
    assert reply.status_code == 400
    assert "More orders use" in text_of(reply)


def test_a_code_is_ended_and_resumed(browser, tenant: Brand) -> None:
    make_promotion(tenant)
    here = path(tenant, "/WELCOME10")
    browser.submit(f"{here}/disable", page=here)
    assert "disabled" in text_of(browser.get(path(tenant)))
    browser.submit(f"{here}/enable", page=here)
    assert "active" in text_of(browser.get(path(tenant)))
    assert actions(tenant) == ["promotion_disabled", "promotion_enabled"]


def test_the_page_shows_the_orders_of_a_code_and_its_link(browser, tenant: Brand) -> None:
    make_promotion(tenant, max_uses=10)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    reply = browser.get(path(tenant, "/WELCOME10"))
    assert opened.order_number in reply.text
    assert f"/checkout/{tenant.slug}?code=WELCOME10" in reply.text
    assert "1 of 10, 1 of them being paid" in text_of(reply)
    order = text_of(browser.get(f"/dashboard/{tenant.slug}/orders/{opened.order_number}"))
    assert "Discount, code WELCOME10" in order


def test_a_viewer_sees_no_codes_which_are_as_good_as_money(app, tenant: Brand) -> None:
    make_promotion(tenant)
    viewer = sign_in(app, make_operator(tenant, role=Role.VIEWER))
    for page in ("", "/WELCOME10", "/-/new"):
        assert viewer.get(path(tenant, page)).status_code in (403, 404)


def test_a_code_of_another_shop_is_not_found(browser, tenant: Brand, other_tenant: Brand) -> None:
    make_promotion(other_tenant)
    assert browser.get(path(tenant, "/WELCOME10")).status_code == 404


def test_many_codes_are_shown_in_pages_and_found_by_a_part(browser, tenant: Brand) -> None:
    for number in range(52):
        make_promotion(tenant, f"CODE-{number:02}")
    first = browser.get(path(tenant)).text
    assert "CODE-51" in first
    assert "CODE-01" not in first
    following = re.search(r'href="([^"]*after=[^"]+)"', first)
    assert following
    assert "CODE-01" in browser.get(following[1]).text
    found = text_of(browser.get(f"{path(tenant)}?q=code-07"))
    assert "CODE-07" in found
    assert "CODE-08" not in found
