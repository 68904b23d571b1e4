"""An operator lists, accepts, refuses and records withdrawals."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from lumira.clock import utc_now
from tests.support import refunds
from tests.support.factories import load_order

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_withdrawal_is_recorded_listed_and_accepted(run_flask, tenant) -> None:
    number = refunds.pay(tenant).order_number
    zone = ZoneInfo("Europe/Paris")
    today = f"{utc_now().astimezone(zone):%Y-%m-%d}"

    recorded = run_flask("withdrawals", "record", number, "--reason", "Two\nlines").stdout
    assert recorded == f"{number}: recorded, waits for a decision\n"
    listed = run_flask("withdrawals", "list", "--tenant", tenant.slug).stdout
    assert number in listed
    assert "Two lines" in listed
    assert f"{(utc_now() + timedelta(days=14)).astimezone(zone):%Y-%m-%d}" in listed
    report = run_flask("orders", "show", number).stdout
    assert "withdrawals\n" in report
    assert "1 x mystique  waits for a decision" in report

    assert "Nothing was done" in run_flask("withdrawals", "accept", number, stdin="n\n", code=1).stderr
    accepted = run_flask("withdrawals", "accept", number, "--yes").stdout
    assert accepted == f"{number}: accepted. A worker refunds 47.00 EUR.\n"
    assert number not in run_flask("withdrawals", "list").stdout
    assert number in run_flask("withdrawals", "list", "--all").stdout
    refused = run_flask("withdrawals", "record", number, "--received", today, code=1).stderr
    assert "already" in refused


def test_goods_that_were_sent_back_are_refunded_before_they_arrive(run_flask, make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = refunds.pay(brand, "shirt").order_number
    run_flask("shipments", "create", number)
    run_flask("withdrawals", "record", number)
    accepted = run_flask("withdrawals", "accept", number, "--yes").stdout
    assert accepted == f"{number}: accepted. Nothing has to be refunded now.\n"
    assert "Nothing was done" in run_flask("withdrawals", "proof", number, stdin="n\n", code=1).stderr
    proved = run_flask("withdrawals", "proof", number, "--yes").stdout
    assert proved == f"{number}: recorded. A worker refunds 59.00 EUR.\n"
    assert "waits for goods" in run_flask("withdrawals", "proof", number, "--yes", code=1).stderr


def test_a_withdrawal_is_refused_with_a_note(run_flask, tenant) -> None:
    number = refunds.pay(tenant).order_number
    run_flask("withdrawals", "record", number)
    refused = run_flask("withdrawals", "refuse", number, "--note", "Made for you.", "--yes").stdout
    assert refused == f"{number}: refused.\n"
    [withdrawal] = load_order(tenant, number).withdrawals
    assert withdrawal.decision_note == "Made for you."
    assert "waits for a decision" in run_flask("withdrawals", "refuse", number, "--yes", code=1).stderr


def test_a_time_in_the_future_and_an_unknown_order_are_refused(run_flask, tenant) -> None:
    number = refunds.pay(tenant).order_number
    later = f"{utc_now() + timedelta(days=3):%Y-%m-%d}"
    assert "in the future" in run_flask("withdrawals", "record", number, "--received", later, code=2).stderr
    assert "no order" in run_flask("withdrawals", "accept", "ABC-0123456789", "--yes", code=1).stderr


def test_the_help_shows_examples(run_flask) -> None:
    for command in ("list", "accept", "refuse", "record"):
        assert "Example: flask withdrawals" in run_flask("withdrawals", command, "--help").stdout
