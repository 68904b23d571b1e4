"""Access is shown, given, taken away and restored by an operator."""

import pytest

from lumira.services.access.view_access import view_access
from tests.support.factories import BUYER, Brand
from tests.support.refunds import audited, pay

pytestmark = pytest.mark.usefixtures("app_context")


def is_open(brand: Brand, product: str) -> bool | None:
    return view_access(brand.id, customer_email=BUYER, product_id=product).active


def test_somebody_who_never_bought_is_given_access(run_flask, tenant):
    given = run_flask(
        "access", "give", BUYER, "integrale", "--tenant", tenant.slug, "--days", 30, "--note", "a prize"
    ).stdout

    assert given.startswith("integrale  active  operator  given ")
    assert "(a prize)  until " in given
    assert is_open(tenant, "integrale")
    assert audited(tenant, "access_granted")[0].actor == "operator"


def test_access_is_closed_and_opened_again(run_flask, tenant):
    opened = pay(tenant)
    about = (BUYER, "mystique", "--tenant", tenant.slug)

    closed = run_flask("access", "revoke", *about).stdout
    assert closed == f"mystique  revoked  operator  order {opened.order_number}\n"
    assert not is_open(tenant, "mystique")

    restored = run_flask("access", "restore", *about).stdout
    assert restored == f"mystique  active  paid  order {opened.order_number}\n"
    assert is_open(tenant, "mystique")
    assert run_flask("access", "show", BUYER, "--tenant", tenant.slug).stdout == restored


def test_whoever_has_nothing_is_told_so(run_flask, tenant):
    pay(tenant, "shirt")
    shown = run_flask("access", "show", BUYER, "--tenant", tenant.slug).stdout
    assert shown == f"{BUYER} has no access to anything.\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("give", "nobody", "mystique"), "is no e-mail address"),
        (("give", BUYER, "nothing"), "There is no product nothing on sale."),
        (("give", BUYER, "shirt"), "is sent, not opened"),
        (("revoke", BUYER, "strict"), "no access to strict to take away"),
        (("restore", BUYER, "mystique"), "No access to mystique was taken away by hand"),
        (("revoke", "nobody@example.com", "mystique"), "has no customer"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(run_flask, tenant, command, why):
    pay(tenant)

    told = run_flask("access", *command, "--tenant", tenant.slug, code=1).stderr

    assert why in told
    assert is_open(tenant, "mystique")


@pytest.mark.parametrize("days", ["0", "-3", "many", "99999999"])
def test_an_impossible_number_of_days_is_refused(run_flask, tenant, days):
    run_flask("access", "give", BUYER, "mystique", "--tenant", tenant.slug, "--days", days, code=2)
    assert not is_open(tenant, "mystique")
