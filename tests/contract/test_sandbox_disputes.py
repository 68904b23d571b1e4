"""Disputes: creation, decisions of the bank, balance transactions and refundability."""

import time

import pytest
import stripe

from tests.contract.sandbox_driver import event_types_of

OPENED = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
WON = ["charge.dispute.closed", "charge.dispute.funds_reinstated"]


@pytest.fixture
def disputed(api, pay, control):
    """Pay with a dispute card; return the dispute."""

    def build(method="pm_card_createDispute", **more):
        intent = pay(method, **more)
        control.post("advance", seconds=5)
        return api.disputes.list({"payment_intent": intent.id}).data[0]

    return build


@pytest.fixture
def event_types(api):
    """The types of the events about a dispute."""

    def read(dispute):
        intent = api.payment_intents.retrieve(dispute.payment_intent)
        return [name for name in event_types_of(api, intent) if name.startswith("charge.dispute.")]

    return read


@pytest.mark.parametrize(
    ("method", "reason", "code"),
    [
        ("pm_card_createDispute", "fraudulent", "10.4"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "13.1"),
    ],
)
def test_a_payment_with_a_dispute_card_succeeds_and_is_disputed_later(
    *, api, pay, control, event_types, method, reason, code
):
    intent = pay(method, metadata={"orderNumber": "LUM-1"})
    assert intent.status == "succeeded"
    assert api.disputes.list().data == []
    control.post("advance", seconds=5)

    (dispute,) = api.disputes.list({"charge": intent.latest_charge}).data
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", reason, 1400)
    assert (dispute.payment_intent, dispute.is_charge_refundable) == (intent.id, False)
    assert dispute.metadata.to_dict() == {}
    card = dispute.payment_method_details.card
    assert (card.case_type, card.network_reason_code) == ("chargeback", code)
    assert time.time() + 20 * 24 * 3600 < dispute.evidence_details.due_by < time.time() + 22 * 24 * 3600
    (taken,) = dispute.balance_transactions
    assert (taken.amount, taken.fee, taken.net) == (-1400, 1500, -2900)
    assert api.charges.retrieve(intent.latest_charge).disputed is True
    assert api.payment_intents.retrieve(intent.id).status == "succeeded"
    assert event_types(dispute) == OPENED
    created = api.events.list({"type": "charge.dispute.created"}).data[0]
    assert created.data.object.balance_transactions == []
    assert created.request.id is None


def test_an_inquiry_moves_no_money_and_leaves_the_charge_refundable(api, disputed, event_types):
    dispute = disputed("pm_card_createDisputeInquiry")
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert (dispute.is_charge_refundable, dispute.payment_method_details.card.case_type) == (True, "inquiry")
    assert event_types(dispute) == ["charge.dispute.created"]
    assert api.refunds.create({"charge": dispute.charge}).status == "succeeded"


def test_one_payment_can_have_two_disputes(api, disputed):
    dispute = disputed("pm_card_createMultipleDisputes")
    reasons = [one.reason for one in api.disputes.list({"charge": dispute.charge})]
    assert reasons == ["product_not_received", "fraudulent"]


def test_the_dispute_of_a_returned_debit_is_created_as_lost(api, open_intent, control, sepa, event_types):
    api.payment_intents.confirm(open_intent().id, sepa("DE35370400440532013002"))
    control.post("advance", seconds=5)
    control.post("advance", seconds=5)
    (dispute,) = api.disputes.list().data
    assert (dispute.status, dispute.evidence_details.due_by) == ("lost", None)
    assert event_types(dispute) == [*OPENED, "charge.dispute.closed"]


def test_an_authorized_payment_is_disputed_only_after_its_capture(api, open_intent, control):
    intent = open_intent(capture_method="manual")
    sent = {"payment_method": "pm_card_createDispute", "return_url": "https://shop.example/"}
    api.payment_intents.confirm(intent.id, sent)
    control.post("advance", seconds=5)
    assert api.disputes.list().data == []
    api.payment_intents.capture(intent.id, {"amount_to_capture": 900})
    control.post("advance", seconds=5)
    assert [one.amount for one in api.disputes.list()] == [900]


@pytest.mark.parametrize(("outcome", "refundable"), [(None, False), ("lost", False), ("won", True)])
def test_a_disputed_charge_is_refundable_only_after_the_dispute_is_won(
    *, api, disputed, control, outcome, refundable
):
    dispute = disputed()
    if outcome:
        control.post("disputes/close", dispute=dispute.id, outcome=outcome)
    assert api.disputes.retrieve(dispute.id).is_charge_refundable is refundable
    if refundable:
        assert api.refunds.create({"charge": dispute.charge}).status == "succeeded"
        return
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.refunds.create({"charge": dispute.charge})
    assert (raised.value.http_status, raised.value.code) == (400, "charge_disputed")
    assert raised.value.user_message == (
        f"Charge {dispute.charge} has been charged back; cannot issue a refund."
    )


def test_a_chargeback_fails_a_pending_refund(api, pay, control):
    intent = pay("pm_card_pendingRefund")
    refund = api.refunds.create({"payment_intent": intent.id, "amount": 400})
    control.post("disputes", payment_intent=intent.id)
    failed = api.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "charge_for_pending_refund_disputed")
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 0
    control.post("advance", seconds=5)
    assert api.refunds.retrieve(refund.id).status == "failed"


@pytest.mark.parametrize(
    ("evidence", "status", "later_types"),
    [
        ("winning_evidence", "won", WON),
        ("losing_evidence", "lost", WON[:1]),
        ("other evidence", "under_review", []),
    ],
)
def test_the_bank_decides_a_chargeback_by_the_test_evidence(
    *, api, disputed, control, event_types, evidence, status, later_types
):
    dispute = disputed()
    sent = api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    assert (sent.status, sent.evidence.uncategorized_text) == ("under_review", evidence)
    details = sent.evidence_details
    assert (details.has_evidence, details.submission_count, details.submission_method) == (True, 1, "manual")
    control.post("advance", seconds=5)

    after = api.disputes.retrieve(dispute.id)
    assert after.status == status
    moved = [-1400, 1400] if status == "won" else [-1400]
    assert [one.amount for one in after.balance_transactions] == moved
    assert event_types(dispute) == [*OPENED, "charge.dispute.updated", *later_types]
    event = api.events.list({"type": "charge.dispute.updated"}).data[0]
    assert event.data.previous_attributes.status == "needs_response"


@pytest.mark.parametrize(
    ("evidence", "status", "later_types"),
    [
        ("escalate_inquiry_evidence", "needs_response", ["charge.dispute.updated", OPENED[1]]),
        ("losing_evidence", "warning_closed", ["charge.dispute.closed"]),
    ],
)
def test_the_bank_closes_or_escalates_an_inquiry_by_the_test_evidence(
    *, api, disputed, control, event_types, evidence, status, later_types
):
    dispute = disputed("pm_card_createDisputeInquiry")
    sent = api.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    assert sent.status == "warning_under_review"
    control.post("advance", seconds=5)
    assert api.disputes.retrieve(dispute.id).status == status
    assert event_types(dispute) == ["charge.dispute.created", "charge.dispute.updated", *later_types]


def test_staged_evidence_is_sent_to_the_bank_on_submit(api, disputed, control):
    dispute = disputed()
    text = {"uncategorized_text": "winning_evidence"}
    staged = api.disputes.update(dispute.id, {"evidence": text, "submit": False})
    assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)
    assert api.disputes.update(dispute.id, {"submit": True}).status == "under_review"
    control.post("advance", seconds=5)
    assert api.disputes.retrieve(dispute.id).status == "won"


def test_an_accepted_dispute_is_lost_and_cannot_be_reopened(api, disputed, event_types):
    dispute = disputed()
    assert api.disputes.close(dispute.id).status == "lost"
    assert event_types(dispute) == [*OPENED, "charge.dispute.closed"]
    late = {"evidence": {"uncategorized_text": "winning_evidence"}}
    for call in (api.disputes.close, lambda id_: api.disputes.update(id_, late)):
        with pytest.raises(stripe.InvalidRequestError, match="already closed"):
            call(dispute.id)
    assert api.disputes.update(dispute.id, {"metadata": {"seen": "yes"}}).metadata.seen == "yes"


@pytest.mark.parametrize(
    ("status", "first_types"),
    [
        ("needs_response", OPENED),
        ("warning_needs_response", OPENED[:1]),
        ("lost", [*OPENED, "charge.dispute.closed"]),
        ("prevented", [OPENED[0], "charge.dispute.closed"]),
    ],
)
def test_any_payment_can_be_disputed_on_demand(*, api, pay, control, event_types, status, first_types):
    intent = pay()
    opened = control.post(
        "disputes", payment_intent=intent.id, amount=1500, reason="duplicate", status=status
    )
    dispute = api.disputes.retrieve(opened["id"])
    assert (dispute.status, dispute.amount, dispute.reason) == (status, 1500, "duplicate")
    assert api.charges.retrieve(dispute.charge).disputed is True
    assert event_types(dispute) == first_types


def test_an_inquiry_escalates_on_demand(api, disputed, control, event_types):
    dispute = disputed("pm_card_createDisputeInquiry")
    escalated = control.post("disputes/escalate", dispute=dispute.id)
    assert (escalated["status"], escalated["is_charge_refundable"]) == ("needs_response", False)
    assert event_types(dispute) == ["charge.dispute.created", "charge.dispute.updated", OPENED[1]]
    event = api.events.list({"type": "charge.dispute.updated"}).data[0]
    assert event.data.previous_attributes.status == "warning_needs_response"


def test_a_lost_dispute_can_be_won_later(api, disputed, control, event_types):
    dispute = disputed()
    control.post("disputes/close", dispute=dispute.id, outcome="lost")
    won = control.post("disputes/close", dispute=dispute.id, outcome="won")
    assert (won["status"], len(won["balance_transactions"])) == ("won", 2)
    assert event_types(dispute) == [*OPENED, "charge.dispute.closed", *WON]


def test_an_impossible_dispute_outcome_is_rejected(disputed, control_error):
    dispute = disputed("pm_card_createDisputeInquiry")
    assert "cannot be closed as won" in control_error("disputes/close", dispute=dispute.id, outcome="won")
    assert "must be one of" in control_error("disputes/close", dispute=dispute.id, outcome="forgotten")
    assert "No such dispute" in control_error("disputes/close", dispute="du_none", outcome="won")
    assert "Missing required param" in control_error("disputes/escalate")


def test_an_unpaid_payment_cannot_be_disputed(api, open_intent, control_error, sepa):
    assert "successful charge" in control_error("disputes", payment_intent=open_intent().id)
    processing = api.payment_intents.confirm(open_intent().id, sepa("DE08370400440532013003"))
    assert "no captured amount" in control_error("disputes", payment_intent=processing.id)


def test_disputes_are_listed_by_charge_and_payment_intent(api, disputed):
    first, second = disputed(), disputed()
    listed = api.disputes.list
    assert [one.id for one in listed({"payment_intent": first.payment_intent})] == [first.id]
    assert [one.id for one in listed({"charge": second.charge})] == [second.id]
    assert [one.id for one in listed({"limit": 1}).auto_paging_iter()] == [second.id, first.id]
    assert api.disputes.retrieve(first.id, {"expand": ["charge"]}).charge.disputed is True


def test_a_prevented_dispute_can_have_moved_money(api, pay, control):
    intent = pay()
    dispute = control.post("disputes", payment_intent=intent.id, status="prevented", withdrawn=True)
    assert [movement["amount"] for movement in dispute["balance_transactions"]] == [-1400]
    assert event_types_of(api, intent)[-3:] == [*OPENED, "charge.dispute.closed"]
    assert control.post("disputes", payment_intent=pay().id, status="prevented")["balance_transactions"] == []


@pytest.mark.parametrize(("reinstated", "movements"), [(False, [-1400]), (True, [-1400, 1400])])
def test_a_dispute_prevented_later_returns_the_money_or_does_not(pay, control, reinstated, movements):
    dispute = control.post("disputes", payment_intent=pay().id)
    closed = control.post("disputes/close", dispute=dispute["id"], outcome="prevented", reinstated=reinstated)
    assert closed["status"] == "prevented"
    assert [movement["amount"] for movement in closed["balance_transactions"]] == movements


@pytest.mark.parametrize(("amount", "currency"), [(1355, "eur"), (1512, "usd")])
def test_a_dispute_can_be_lost_in_part_or_in_another_currency(*, api, pay, control, amount, currency):
    intent = pay()
    opened = control.post(
        "disputes", payment_intent=intent.id, amount=amount, currency=currency, status="lost"
    )
    dispute = api.disputes.retrieve(opened["id"])
    assert (dispute.status, dispute.amount, dispute.currency) == ("lost", amount, currency)
    (movement,) = dispute.balance_transactions
    assert (movement.amount, movement.currency) == (-amount, currency)
    assert api.charges.retrieve(intent.latest_charge).currency == "eur"


def test_money_that_was_not_withdrawn_cannot_be_reinstated(pay, control, control_error):
    dispute = control.post("disputes", payment_intent=pay().id, status="warning_needs_response")
    sent = {"dispute": dispute["id"], "outcome": "warning_closed", "reinstated": True}
    assert "No amount was withdrawn" in control_error("disputes/close", **sent)
