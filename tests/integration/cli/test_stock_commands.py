"""Stock is shown, corrected and verified from the command line."""

import pytest
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import StockItem
from tests.support.factories import load_stock, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_stock_of_a_tenant_is_shown_with_its_figures(run_flask, tenant, other_tenant):
    open_payment(tenant, "shirt", quantity=3)

    shown = run_flask("stock", "show", tenant.slug).stdout

    assert table(shown) == [
        ["TENANT", "PRODUCT", "ON", "HAND", "RESERVED", "AVAILABLE", "SOLD"],
        [tenant.slug, "shirt", "100", "3", "97", "0"],
        [tenant.slug, "cap", "50", "0", "50", "0"],
    ]
    assert other_tenant.slug in run_flask("stock", "show").stdout


def test_one_product_is_shown_with_its_reservations_and_movements(run_flask, tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    run_flask("stock", "adjust", tenant.slug, "shirt", "-4")

    figures, reservations, movements = run_flask("stock", "show", tenant.slug, "shirt").stdout.split("\n\n")

    assert table(figures)[1:] == [[tenant.slug, "shirt", "96", "3", "93", "0"]]
    assert reservations.startswith("reserved now (Europe/Paris)\n")
    assert table(reservations)[2][:2] == [opened.order_number, "3"]
    assert movements.startswith("last movements (Europe/Paris)\n")
    assert [row[3:] for row in table(movements)[2:]] == [
        ["correction", "-4", "operator"],
        ["reserve", "+3", opened.order_number, "buyer"],
        ["correction", "+100", "test"],
    ]


def test_setting_stock_prints_the_change(run_flask, tenant):
    output = run_flask("stock", "set", tenant.slug, "shirt", 42).stdout

    assert output == f"{tenant.slug} shirt: 100 → 42 on hand, 0 reserved, 42 available.\n"
    assert load_stock(tenant, "shirt").on_hand == 42


def test_setting_the_same_number_says_that_nothing_changed(run_flask, tenant):
    output = run_flask("stock", "set", tenant.slug, "shirt", 100).stdout

    assert output == (
        f"{tenant.slug} shirt: still 100 on hand, 0 reserved, 100 available.\nNothing was changed.\n"
    )


@pytest.mark.parametrize(
    ("typed", "on_hand"), [("+5", 105), ("5", 105), ("-5", 95), ("-100", 0), ("-0", 100), ("+007", 107)]
)
def test_a_difference_is_accepted_with_any_sign(run_flask, tenant, typed, on_hand):
    run_flask("stock", "adjust", tenant.slug, "shirt", typed)

    assert load_stock(tenant, "shirt").on_hand == on_hand


def test_two_dashes_before_a_negative_number_are_accepted(run_flask, tenant):
    run_flask("stock", "adjust", "--", tenant.slug, "shirt", "-5")

    assert load_stock(tenant, "shirt").on_hand == 95


@pytest.mark.parametrize(
    ("command", "product", "quantity", "what"),
    [
        ("adjust", "shirt", "-101", "-1 units on hand"),
        ("adjust", "shirt", "100000000", "shirt cannot have 100000100 units on hand"),
        ("adjust", "nope", "1", "There is no product nope."),
        ("set", "nope", "1", "There is no product nope."),
        ("set", "mystique", "1", "mystique has kind digital: only physical products have stock."),
        ("set", "simple", "1", "simple has kind level: only physical products have stock."),
    ],
)
def test_an_impossible_correction_is_refused_in_one_line(run_flask, tenant, command, product, quantity, what):
    assert what in run_flask("stock", command, tenant.slug, product, quantity, code=1).stderr
    assert load_stock(tenant, "shirt").on_hand == 100


@pytest.mark.parametrize("command", ["set", "adjust"])
@pytest.mark.parametrize(
    "quantity", ["1.5", "1,5", "", " ", "many", "1e3", "1_000", "٣", "0x10", "+", "-", "--3", "9" * 400]
)
def test_a_quantity_that_is_not_a_whole_number_is_refused(run_flask, tenant, command, quantity):
    refused = run_flask("stock", command, tenant.slug, "shirt", quantity, code=2)

    assert refused.stderr.splitlines()[-1].startswith("Error: Invalid value for 'QUANTITY': ")
    assert load_stock(tenant, "shirt").on_hand == 100


def test_stock_cannot_be_set_to_a_negative_number(run_flask, tenant):
    refused = run_flask("stock", "set", tenant.slug, "shirt", "-5", code=2)

    assert "'-5' is not a whole number of units." in refused.stderr


def test_reserved_units_cannot_be_removed(run_flask, tenant):
    open_payment(tenant, "shirt", quantity=3)

    error = run_flask("stock", "set", tenant.slug, "shirt", 2, code=1).stderr

    assert error == (
        "Error: shirt cannot have 2 units on hand: 3 of 100 are reserved for orders that are being paid.\n"
    )


@pytest.mark.parametrize(
    "arguments", [("show", "unknown"), ("set", "unknown", "shirt", 1), ("verify", "--tenant", "unknown")]
)
def test_an_unknown_tenant_is_named(run_flask, arguments):
    assert "There is no tenant unknown" in run_flask("stock", *arguments, code=1).stderr


@pytest.mark.parametrize("product", ["nope", "mystique"])
def test_a_product_without_stock_cannot_be_shown(run_flask, tenant, product):
    assert f"has no product {product} " in run_flask("stock", "show", tenant.slug, product, code=1).stderr


def test_verify_confirms_that_stock_agrees(run_flask, tenant):
    open_payment(tenant, "shirt", quantity=3)
    run_flask("stock", "set", tenant.slug, "cap", 7)

    assert run_flask("stock", "verify", "--tenant", tenant.slug).stdout == "Stock agrees: 2 products.\n"


def test_verify_prints_each_disagreement_and_ends_with_exit_code_one(app, tenant, other_tenant):
    with atomic(tenant.id):
        db.session.execute(update(StockItem).where(StockItem.product_id == "shirt").values(on_hand=99))

    result = app.test_cli_runner().invoke(args=["stock", "verify"])

    assert result.exit_code == 1
    assert f"{tenant.slug} shirt: on hand (by its movements) 99, should be 100\n" in result.stdout
    assert other_tenant.slug not in result.stdout
    assert "1 stock figure disagrees" in result.stderr
