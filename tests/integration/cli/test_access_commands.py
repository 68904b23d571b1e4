"""An operator shows, grants, revokes and restores access."""

import pytest

from lumira.services.access.view_access import view_access
from tests.support.factories import BUYER, Brand
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


def is_open(brand: Brand, product: str) -> bool | None:
    return view_access(brand.id, customer_email=BUYER, product_id=product).active


def test_access_is_granted_to_an_address_without_orders(run_flask, tenant):
    given = run_flask(
        "access", "give", BUYER, "integrale", "--tenant", tenant.slug, "--days", 30, "--note", "a prize"
    ).stdout

    assert given.startswith("integrale  active  operator  granted ")
    assert "(a prize)  until " in given
    assert is_open(tenant, "integrale")
    assert audited(tenant, "access_granted")[0].actor == "operator"


def test_access_is_revoked_and_restored(run_flask, tenant):
    opened = pay(tenant)
    about = (BUYER, "mystique", "--tenant", tenant.slug)

    closed = run_flask("access", "revoke", *about).stdout
    assert closed == f"mystique  revoked  operator  order {opened.order_number}\n"
    assert not is_open(tenant, "mystique")

    restored = run_flask("access", "restore", *about).stdout
    assert restored == f"mystique  active  paid  order {opened.order_number}\n"
    assert is_open(tenant, "mystique")
    assert run_flask("access", "show", BUYER, "--tenant", tenant.slug).stdout == restored


def test_a_customer_without_grants_is_reported(run_flask, tenant):
    pay(tenant, "shirt")
    shown = run_flask("access", "show", BUYER, "--tenant", tenant.slug).stdout
    assert shown == f"{BUYER} has no access to any product.\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("give", "unknown", "mystique"), "is not a valid e-mail address"),
        (("give", BUYER, "nothing"), "There is no product nothing on sale."),
        (
            ("give", BUYER, "shirt"),
            "shirt is a physical product: access can be granted to digital products only.",
        ),
        (("revoke", BUYER, "strict"), "The customer has no access to strict that could be revoked."),
        (("restore", BUYER, "mystique"), "No operator has revoked the customer's access to mystique."),
        (("revoke", "unknown@example.com", "mystique"), "has no customer"),
    ],
)
def test_an_impossible_change_is_one_line_and_changes_nothing(run_flask, tenant, command, why):
    pay(tenant)

    output = run_flask("access", *command, "--tenant", tenant.slug, code=1).stderr

    assert why in output
    assert is_open(tenant, "mystique")


@pytest.mark.parametrize("days", ["0", "-3", "many", "99999999"])
def test_an_impossible_number_of_days_is_refused(run_flask, tenant, days):
    run_flask("access", "give", BUYER, "mystique", "--tenant", tenant.slug, "--days", days, code=2)
    assert not is_open(tenant, "mystique")
