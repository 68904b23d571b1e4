"""`flask payouts`: what arrived, and what does not match."""

import pytest

from tests.support import stripe_sandbox
from tests.support.payouts import control, pay_out, read, sell

pytestmark = pytest.mark.usefixtures("app_context")


def test_payouts_are_listed_with_whether_they_match(app, tenant) -> None:
    sell(tenant)
    payout_id = pay_out(tenant)
    read(tenant)
    printed = app.test_cli_runner().invoke(args=["payouts", "list", tenant.slug]).output
    [row] = [line for line in printed.splitlines() if payout_id in line]
    assert row.split()[2:] == ["46.04", "EUR", "paid", "yes"]


def test_a_payout_is_shown_with_its_lines_and_what_does_not_match(app, tenant) -> None:
    number = sell(tenant)
    payout_id = pay_out(tenant)
    [charge] = stripe_sandbox.call(tenant, "GET", "/v1/balance_transactions?type=charge")["data"]
    control(tenant, "payouts/change", transaction=charge["id"], fee=100)
    read(tenant)
    printed = (
        app.test_cli_runner().invoke(args=["payouts", "show", payout_id, "--tenant", tenant.slug]).output
    )
    assert "matches: no: 1\n" in printed
    assert "mismatch: sum, expected 46.04 EUR, found 46.00 EUR\n" in printed
    assert number in printed


def test_an_unknown_payout_is_named_in_one_line(app, tenant) -> None:
    result = app.test_cli_runner().invoke(args=["payouts", "show", "po_none", "--tenant", tenant.slug])
    assert (result.exit_code, result.output) == (1, "Error: There is no payout po_none.\n")
