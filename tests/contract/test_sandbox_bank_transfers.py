"""Bank transfers: instructions, partial funding, and transfers that never arrive."""

import pytest
import stripe

from tests.contract.sandbox_driver import event_types, intent_of

BANK_TRANSFER = {
    "payment_method_data": {"type": "customer_balance"},
    "return_url": "https://shop.example/thanks",
}


@pytest.fixture
def customer(api, control):
    control.post("settings", bank_transfers=True)
    return api.customers.create({"email": "ada@example.com"})


@pytest.fixture
def await_transfer(api, open_intent, customer):
    """Confirm a payment by bank transfer."""

    def build(**more):
        intent = open_intent(customer=customer.id, **more)
        return api.payment_intents.confirm(intent.id, BANK_TRANSFER)

    return build


def test_a_bank_transfer_requires_action_and_shows_where_to_send_the_money(await_transfer, api):
    intent = await_transfer()
    assert (intent.status, intent.amount_received, intent.latest_charge) == ("requires_action", 0, None)
    assert intent.next_action.type == "display_bank_transfer_instructions"
    instructions = intent.next_action.display_bank_transfer_instructions
    assert (instructions.amount_remaining, instructions.currency) == (1400, "eur")
    assert instructions.type == "eu_bank_transfer"
    (address,) = instructions.financial_addresses
    declared = stripe.PaymentIntent.NextAction.DisplayBankTransferInstructions
    assert set(instructions.to_dict()) == set(declared.__annotations__)
    assert set(address.iban.to_dict()) == set(declared.FinancialAddress.Iban.__annotations__)
    assert event_types(api)[-1] == "payment_intent.requires_action"


def test_a_transfer_that_arrives_in_part_leaves_the_payment_open(await_transfer, api, control):
    intent = await_transfer()
    control.post("bank_transfers", payment_intent=intent.id, amount=1000)

    event = api.events.list().data[0]
    assert event.type == "payment_intent.partially_funded"
    for seen in (event.data.object, api.payment_intents.retrieve(intent.id)):
        assert seen.status == "requires_action"
        assert seen.next_action.display_bank_transfer_instructions.amount_remaining == 400


def test_the_payment_succeeds_when_the_rest_arrives(await_transfer, api, control):
    intent = await_transfer()
    control.post("bank_transfers", payment_intent=intent.id, amount=1000)
    control.post("bank_transfers", payment_intent=intent.id)

    paid = api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (paid.status, paid.amount_received, paid.next_action) == ("succeeded", 1400, None)
    assert paid.latest_charge.payment_method_details.to_dict() == {
        "type": "customer_balance",
        "customer_balance": {},
    }
    assert event_types(api)[-2:] == ["charge.succeeded", "payment_intent.succeeded"]


def test_a_transfer_that_never_arrives_can_be_canceled(await_transfer, api, control):
    intent = await_transfer()
    control.post("advance", seconds=90 * 24 * 3600)
    assert api.payment_intents.retrieve(intent.id).status == "requires_action"

    canceled = api.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.next_action) == ("canceled", None)


def test_a_buyer_can_choose_another_method_before_the_transfer_arrives(await_transfer, api, control_error):
    intent = await_transfer()
    paid = api.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.example/thanks"}
    )
    assert paid.status == "succeeded"
    assert "does not wait" in control_error("bank_transfers", payment_intent=intent.id)


def test_no_more_than_the_missing_amount_can_arrive(await_transfer, control_error):
    assert "Only €14.00 is missing" in control_error(
        "bank_transfers", payment_intent=await_transfer().id, amount=1401
    )


def test_bank_transfers_are_offered_only_to_a_customer_and_only_where_they_are_enabled(
    *, api, control, open_intent, customer
):
    assert "customer_balance" in open_intent(customer=customer.id).payment_method_types
    assert "customer_balance" not in open_intent().payment_method_types
    control.post("settings", bank_transfers=False)
    intent = open_intent(customer=customer.id)
    with pytest.raises(stripe.InvalidRequestError, match="is not allowed for this PaymentIntent"):
        api.payment_intents.confirm(intent.id, BANK_TRANSFER)


def test_a_session_paid_by_bank_transfer_is_complete_and_unpaid_until_the_money_arrives(
    *, api, control, customer, open_session, pay_session
):
    session = open_session(customer=customer.id)
    result = pay_session(session, "customer_balance")
    assert result["outcome"] == "completed"
    assert (result["session"]["status"], result["session"]["payment_status"]) == ("complete", "unpaid")
    intent = intent_of(api, session)
    assert intent.status == "requires_action"

    control.post("bank_transfers", payment_intent=intent.id, amount=4000)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    control.post("bank_transfers", payment_intent=intent.id, amount=700)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert [name for name in event_types(api) if name.startswith(("checkout", "payment_intent"))] == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "checkout.session.completed",
        "payment_intent.partially_funded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_session_whose_transfer_never_arrives_can_be_neither_expired_nor_canceled(
    *, api, customer, open_session, pay_session
):
    session = open_session(customer=customer.id)
    pay_session(session, "customer_balance")
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        api.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="created by Checkout"):
        api.payment_intents.cancel(intent_of(api, session).id)


def test_a_refund_of_a_bank_transfer_is_pending_first(await_transfer, api, control):
    intent = await_transfer()
    control.post("bank_transfers", payment_intent=intent.id)
    refund = api.refunds.create({"payment_intent": intent.id})
    assert refund.status == "pending"
    control.post("advance", seconds=3600)
    assert api.refunds.retrieve(refund.id).status == "succeeded"
