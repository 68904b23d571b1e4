"""Balance transactions and payouts."""

import pytest
import stripe

from tests.contract.sandbox_driver import event_types_of


@pytest.fixture
def booked(api, pay, control):
    """Pay, and let Stripe add the balance transaction; return the charge."""

    def build(**more):
        intent = pay(**more)
        control.post("advance", seconds=5)
        return api.charges.retrieve(intent.latest_charge)

    return build


def test_a_charge_gets_its_balance_transaction_after_the_payment_succeeded(api, pay, control):
    intent = pay()
    assert api.charges.retrieve(intent.latest_charge).balance_transaction is None
    control.post("advance", seconds=5)

    transaction = api.balance_transactions.retrieve(
        api.charges.retrieve(intent.latest_charge).balance_transaction
    )
    assert (transaction.amount, transaction.fee, transaction.net) == (1400, 46, 1354)
    assert (transaction.type, transaction.source) == ("charge", intent.latest_charge)
    assert [detail.amount for detail in transaction.fee_details] == [46]
    assert event_types_of(api, intent)[-1] == "charge.updated"
    event = api.events.list({"type": "charge.updated"}).data[0]
    assert event.data.object.balance_transaction == transaction.id
    assert event.data.previous_attributes.to_dict() == {"balance_transaction": None}


def test_a_charge_can_be_listed_with_its_balance_transaction(api, booked):
    charge = booked()
    expanded = api.charges.retrieve(charge.id, {"expand": ["balance_transaction"]})
    assert expanded.balance_transaction.net == 1354


def test_a_refund_its_failure_and_a_dispute_move_the_balance(api, booked, control):
    charge = booked()
    refund = api.refunds.create({"charge": charge.id, "amount": 400})
    control.post("refunds/finish", refund=refund.id, outcome="failed")
    dispute = control.post("disputes", charge=charge.id)
    moved = [
        (one.type, one.source, one.amount, one.fee) for one in reversed(api.balance_transactions.list().data)
    ]
    assert moved == [
        ("charge", charge.id, 1400, 46),
        ("refund", refund.id, -400, 0),
        ("refund_failure", refund.id, 400, 0),
        ("adjustment", dispute["id"], -1400, 1500),
    ]


def test_a_payment_in_another_currency_is_converted(booked, api, control):
    control.post("settings", settlement_currency="usd", exchange_rate=1.1)
    transaction = api.balance_transactions.retrieve(booked().balance_transaction)
    assert (transaction.currency, transaction.amount, transaction.exchange_rate) == ("usd", 1540, 1.1)


def test_a_payout_lists_what_it_contains_and_itself(api, booked, control):
    charge = booked()
    payout = control.post("payouts")
    assert (payout["amount"], payout["status"], payout["reconciliation_status"]) == (
        1354,
        "pending",
        "in_progress",
    )
    booked()

    lines = api.balance_transactions.list({"payout": payout["id"]}).data
    assert [(line.type, line.net) for line in lines] == [("payout", -1354), ("charge", 1354)]
    assert lines[1].source == charge.id
    assert sum(line.net for line in lines) == 0
    assert control.post("payouts")["amount"] == 1354


def test_a_payout_arrives_and_is_reconciled(api, booked, control):
    booked()
    payout = control.post("payouts")
    control.post("payouts/finish", payout=payout["id"], outcome="paid")
    control.post("payouts/complete", payout=payout["id"])
    found = api.payouts.retrieve(payout["id"])
    assert (found.status, found.reconciliation_status) == ("paid", "completed")
    types = [event.type for event in api.events.list({"limit": 4}).data]
    assert types == ["payout.reconciliation_completed", "payout.paid", "payout.updated", "payout.created"]


def test_a_paid_payout_can_still_fail_and_returns_to_the_balance(api, booked, control):
    booked()
    payout = control.post("payouts")
    control.post("payouts/finish", payout=payout["id"], outcome="paid")
    failed = control.post("payouts/finish", payout=payout["id"], outcome="failed")
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    returned = api.balance_transactions.retrieve(failed["failure_balance_transaction"])
    assert (returned.type, returned.amount) == ("payout_failure", 1354)


def test_a_manual_payout_is_not_reconciled(control, booked):
    booked()
    payout = control.post("payouts", amount=500)
    assert (payout["automatic"], payout["reconciliation_status"]) == (False, "not_applicable")


def test_a_payout_of_another_account_is_not_found(connect, sandbox_url, booked, control):
    booked()
    payout = control.post("payouts")
    other = connect(sandbox_url, "sk_test_contract_other_account")
    for call in (
        lambda: other.payouts.retrieve(payout["id"]),
        lambda: other.balance_transactions.list({"payout": payout["id"]}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            call()
        assert raised.value.code == "resource_missing"
    assert other.payouts.list().data == []


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("payouts", {}),
        ("payouts/finish", {"outcome": "paid"}),
        ("payouts/finish", {"payout": "po_none", "outcome": "paid"}),
        ("payouts/complete", {"payout": "po_none"}),
        ("payouts/change", {"transaction": "txn_none", "fee": 1}),
    ],
)
def test_a_payout_action_without_its_object_is_rejected(control_error, action, body):
    assert control_error(action, **body)
