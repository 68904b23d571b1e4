"""`flask promotions`."""

import pytest

from lumira.database import atomic, db
from lumira.models import PromotionCode
from tests.support.factories import Brand, make_promotion, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_code_is_created_listed_and_ended(run_flask, tenant: Brand) -> None:
    created = run_flask("promotions", "create", tenant.slug, "summer", "--percent", "25", "--max-uses", "3")
    assert created.output == "SUMMER: created.\n"
    again = run_flask("promotions", "create", tenant.slug, "SUMMER", "--percent", "25", "--max-uses", "3")
    assert again.output == "SUMMER: exists already, with these terms.\n"
    assert open_payment(tenant, promotion_code="SUMMER").amount == 3525
    listed = run_flask("promotions", "list", tenant.slug).output
    assert "SUMMER" in listed
    assert "25%" in listed
    assert "1 of 3 (1 being paid)" in listed
    assert run_flask("promotions", "disable", tenant.slug, "summer").output == "SUMMER: disabled.\n"
    assert (
        run_flask("promotions", "disable", tenant.slug, "summer").output == "SUMMER: was disabled already.\n"
    )
    assert "disabled" in run_flask("promotions", "list", tenant.slug).output
    assert run_flask("promotions", "enable", tenant.slug, "summer").output == "SUMMER: enabled.\n"


def test_the_order_shows_its_code(run_flask, tenant: Brand) -> None:
    make_promotion(tenant)
    opened = open_payment(tenant, promotion_code="WELCOME10")
    shown = run_flask("orders", "show", opened.order_number).output
    assert "promotion code WELCOME10  -4.70 EUR  reserved" in shown


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        ((), "Must be either a percentage or an amount.", 1),
        (("--percent", "10", "--amount", "5"), "Must be either a percentage or an amount.", 1),
        (("--amount", "x"), "is not an amount", 2),
        (("--percent", "10", "--product", "not-here"), "Must be ids of products of this shop.", 1),
        (
            ("--percent", "10", "--from", "2026-12-02", "--until", "2026-12-01"),
            "Must end after it begins.",
            1,
        ),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    run_flask, tenant: Brand, options: tuple[str, ...], said: str, code: int
) -> None:
    refused = run_flask("promotions", "create", tenant.slug, "SUMMER", *options, code=code)
    assert said in refused.output
    assert "SUMMER" not in run_flask("promotions", "list", tenant.slug).output


def test_a_code_that_does_not_exist_cannot_be_ended(run_flask, tenant: Brand) -> None:
    refused = run_flask("promotions", "disable", tenant.slug, "NOTHING", code=1)
    assert "There is no promotion code NOTHING." in refused.output


def test_the_uses_are_compared_with_the_orders(run_flask, tenant: Brand) -> None:
    code = make_promotion(tenant)
    open_payment(tenant, promotion_code="WELCOME10")
    assert run_flask("promotions", "verify", "--tenant", tenant.slug).stdout == (
        "Promotion codes agree with their orders.\n"
    )
    with atomic(tenant.id):
        db.session.get_one(PromotionCode, (tenant.id, code)).redeemed = 3
    wrong = run_flask("promotions", "verify", "--tenant", tenant.slug, code=1)
    assert "WELCOME10: 1 reserved and 3 redeemed, should be 1 and 0" in wrong.stdout
