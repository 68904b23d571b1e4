"""``flask sandbox …``: refunds, disputes and Checkout Sessions from the command line."""

import re

import pytest
from click.testing import CliRunner

from lumira.cli.sandbox import sandbox


@pytest.fixture
def run(sandbox_url, key):
    def invoke(*arguments, **environment):
        options = ["--url", sandbox_url, "--key", key]
        return CliRunner().invoke(sandbox, [*arguments, *options], env=environment)

    return invoke


def test_a_command_refunds_a_payment(api, pay, run):
    intent = pay()
    result = run("refund", intent.id, "--amount", "400")
    assert result.exit_code == 0, result.output
    (refund,) = api.refunds.list({"payment_intent": intent.id}).data
    assert result.output == f"{refund.id} succeeded: 400 eur of {intent.id}\n"
    assert "1000 eur" in run("refund", intent.id).output


@pytest.mark.parametrize(
    ("options", "status", "outcome"),
    [
        ([], "needs_response", "won"),
        (["--inquiry", "--amount", "900"], "warning_needs_response", "warning_closed"),
    ],
)
def test_commands_open_and_close_a_dispute(*, api, pay, run, options, status, outcome):
    opened = run("dispute", pay().id, *options)
    assert opened.exit_code == 0, opened.output
    (dispute,) = api.disputes.list().data
    assert (dispute.status, dispute.amount) == (status, 900 if options else 1400)
    assert opened.output.startswith(f"{dispute.id} {status}: {dispute.amount} eur")

    assert run("close", dispute.id, "--outcome", outcome).output.startswith(f"{dispute.id} {outcome}")
    assert api.disputes.retrieve(dispute.id).status == outcome


def test_a_command_pays_a_checkout_session(api, open_session, run):
    session = open_session()
    declined = run("pay", session.id, "--method", "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert declined.output == f"{session.id} declined: Your card has insufficient funds.\n"
    challenge = run("pay", session.id, "--method", "pm_card_threeDSecure2Required")
    assert challenge.output.startswith(f"{session.id} requires_action: http")
    assert run("pay", session.id).output == f"{session.id} complete, paid: 4700 eur\n"
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_the_pay_command_accepts_the_buyers_email(api, open_session, run):
    session = open_session(customer_email=None)
    assert run("pay", session.id).output == "Error: Missing required param: email.\n"
    assert run("pay", session.id, "--email", "bob@example.com").exit_code == 0
    assert api.checkout.sessions.retrieve(session.id).customer_details.email == "bob@example.com"


def test_a_command_expires_a_checkout_session(api, open_session, run):
    session, later = open_session(), open_session()
    assert run("expire", session.id).output == f"{session.id} expired, unpaid: 4700 eur\n"
    assert "can be expired" in run("expire", session.id).output
    assert run("advance", "86401").output == "Advanced by 86401 s; scheduled tasks run: 2.\n"
    assert [api.checkout.sessions.retrieve(one.id).status for one in (session, later)] == ["expired"] * 2


def test_a_command_advances_time(api, pay, run):
    pay("pm_card_createDispute")
    assert run("advance", "5").output == "Advanced by 5 s; scheduled tasks run: 2.\n"
    assert len(api.disputes.list().data) == 1


def test_the_key_can_come_from_the_environment(pay, sandbox_url, key):
    arguments = ["refund", pay().id, "--url", sandbox_url]
    assert CliRunner().invoke(sandbox, arguments, env={"STRIPE_SECRET_KEY": key}).exit_code == 0
    without = CliRunner().invoke(sandbox, arguments, env={"STRIPE_SECRET_KEY": None})
    assert without.exit_code == 2
    assert "--key" in without.output


def test_an_error_response_is_printed_as_one_line(pay, run):
    intent = pay()
    assert run("refund", intent.id, "--amount", "9900").output == (
        "Error: Refund amount (€99.00) is greater than unrefunded amount on charge (€14.00)\n"
    )
    assert run("refund", "pi_none").output == "Error: No such payment_intent: 'pi_none'\n"
    assert run("close", "du_none", "--outcome", "won").exit_code == 1


def test_a_missing_sandbox_is_reported_in_one_line(key):
    arguments = ["advance", "5", "--key", key, "--url", "http://127.0.0.1:1"]
    stopped = CliRunner().invoke(sandbox, arguments)
    assert stopped.exit_code == 1
    assert re.fullmatch(r"Error: No sandbox is running at http://127\.0\.0\.1:1\. .*\n", stopped.output)


def test_a_live_key_is_never_sent(receiver):
    live = "sk_" + "live_0123456789"
    rejection = CliRunner().invoke(sandbox, ["advance", "5", "--key", live, "--url", receiver.url])
    assert rejection.exit_code == 1
    assert "test keys only" in rejection.output
    assert receiver.arrived == []
