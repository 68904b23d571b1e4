"""Pieces are shown, counted and proved from the command line."""

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import StockItem
from tests.support.factories import load_stock, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_goods_of_a_tenant_are_shown_with_their_figures(run_flask, tenant, other_tenant):
    open_payment(tenant, "shirt", quantity=3)

    shown = run_flask("stock", "show", tenant.slug).stdout

    assert table(shown) == [
        ["TENANT", "PRODUCT", "ON", "HAND", "HELD", "AVAILABLE", "SOLD"],
        [tenant.slug, "shirt", "100", "3", "97", "0"],
        [tenant.slug, "cap", "50", "0", "50", "0"],
    ]
    assert other_tenant.slug in run_flask("stock", "show").stdout


def test_one_product_is_shown_with_who_holds_it_and_what_moved(run_flask, tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    run_flask("stock", "adjust", tenant.slug, "shirt", "-4")

    figures, holds, movements = run_flask("stock", "show", tenant.slug, "shirt").stdout.split("\n\n")

    assert table(figures)[1:] == [[tenant.slug, "shirt", "96", "3", "93", "0"]]
    assert holds.startswith("reserved now (Europe/Paris)\n")
    assert table(holds)[2][:2] == [opened.order_number, "3"]
    assert movements.startswith("last movements (Europe/Paris)\n")
    assert [row[2:] for row in table(movements)[2:]] == [
        ["correction", "-4", "operator"],
        ["reserve", "+3", opened.order_number, "buyer"],
        ["correction", "+100", "test"],
    ]


def test_a_count_is_put_down_and_told(run_flask, tenant):
    told = run_flask("stock", "set", tenant.slug, "shirt", 42).stdout

    assert told == f"{tenant.slug} shirt: 100 → 42 on hand, 0 reserved, 42 available.\n"
    assert load_stock(tenant, "shirt").on_hand == 42


def test_the_same_count_again_changes_nothing_and_says_so(run_flask, tenant):
    told = run_flask("stock", "set", tenant.slug, "shirt", 100).stdout

    assert told == (
        f"{tenant.slug} shirt: still 100 on hand, 0 reserved, 100 available.\nNothing was changed.\n"
    )


@pytest.mark.parametrize(
    ("typed", "on_hand"), [("+5", 105), ("5", 105), ("-5", 95), ("-100", 0), ("-0", 100), ("+007", 107)]
)
def test_pieces_come_and_go_as_they_are_typed(run_flask, tenant, typed, on_hand):
    run_flask("stock", "adjust", tenant.slug, "shirt", typed)

    assert load_stock(tenant, "shirt").on_hand == on_hand


def test_who_is_used_to_two_dashes_may_type_them(run_flask, tenant):
    run_flask("stock", "adjust", "--", tenant.slug, "shirt", "-5")

    assert load_stock(tenant, "shirt").on_hand == 95


@pytest.mark.parametrize(
    ("command", "product", "quantity", "what"),
    [
        ("adjust", "shirt", "-101", "-1 pieces cannot be"),
        ("adjust", "shirt", "100000000", "pieces cannot be"),
        ("adjust", "nope", "1", "There is no product nope."),
        ("set", "nope", "1", "There is no product nope."),
        ("set", "mystique", "1", "mystique is digital: only physical products are counted."),
        ("set", "simple", "1", "simple is level: only physical products are counted."),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(run_flask, tenant, command, product, quantity, what):
    assert what in run_flask("stock", command, tenant.slug, product, quantity, code=1).stderr
    assert load_stock(tenant, "shirt").on_hand == 100


@pytest.mark.parametrize("command", ["set", "adjust"])
@pytest.mark.parametrize(
    "quantity", ["1.5", "1,5", "", " ", "many", "1e3", "1_000", "٣", "0x10", "+", "-", "--3", "9" * 400]
)
def test_what_is_no_number_of_pieces_is_said_to_be_none(run_flask, tenant, command, quantity):
    refused = run_flask("stock", command, tenant.slug, "shirt", quantity, code=2)

    assert refused.stderr.splitlines()[-1].startswith("Error: Invalid value for 'QUANTITY': ")
    assert load_stock(tenant, "shirt").on_hand == 100


def test_a_count_has_no_sign_below_zero(run_flask, tenant):
    refused = run_flask("stock", "set", tenant.slug, "shirt", "-5", code=2)

    assert "'-5' is no whole number of pieces." in refused.stderr


def test_pieces_that_buyers_are_paying_for_cannot_be_counted_away(run_flask, tenant):
    open_payment(tenant, "shirt", quantity=3)

    told = run_flask("stock", "set", tenant.slug, "shirt", 2, code=1).stderr

    assert told == ("Error: shirt: 3 of 100 are reserved for buyers who are paying, so there cannot be 2.\n")


@pytest.mark.parametrize(
    "arguments", [("show", "nobody"), ("set", "nobody", "shirt", 1), ("verify", "--tenant", "nobody")]
)
def test_an_unknown_tenant_is_named(run_flask, arguments):
    assert "There is no tenant nobody" in run_flask("stock", *arguments, code=1).stderr


@pytest.mark.parametrize("product", ["nope", "mystique"])
def test_what_is_not_counted_cannot_be_shown(run_flask, tenant, product):
    assert f"has no product {product} " in run_flask("stock", "show", tenant.slug, product, code=1).stderr


def test_stock_that_adds_up_is_said_to(run_flask, tenant):
    open_payment(tenant, "shirt", quantity=3)
    run_flask("stock", "set", tenant.slug, "cap", 7)

    assert run_flask("stock", "verify", "--tenant", tenant.slug).stdout == "Stock adds up: 2 products.\n"


def test_whatever_does_not_add_up_is_told_and_ends_with_one(app, tenant, other_tenant):
    with atomic(tenant.id):
        db.session.execute(update(StockItem).where(StockItem.product_id == "shirt").values(on_hand=99))

    result = app.test_cli_runner().invoke(args=["stock", "verify"])

    assert result.exit_code == 1
    assert f"{tenant.slug} shirt: on hand (by its movements) 99, should be 100\n" in result.stdout
    assert other_tenant.slug not in result.stdout
    assert "of stock disagree" in result.stderr
