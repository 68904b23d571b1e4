"""The life of a Checkout Session."""

import pytest
import requests
import stripe

from tests.contract.sandbox_driver import CANCEL_URL, SUCCESS_URL, event_types, intent_of, line

PAID = [
    "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
]  # fmt: skip


def test_a_new_session_is_open_and_has_no_payment(api, sandbox_url, open_session):
    session = open_session(
        line_items=[line(4700, quantity=2), line(500, name="Candle")],
        client_reference_id="LUM-1",
        metadata={"orderNumber": "LUM-1"},
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_subtotal, session.amount_total, session.currency) == (9900, 9900, "eur")
    assert (session.mode, session.ui_mode, session.livemode) == ("payment", "hosted_page", False)
    assert (session.success_url, session.cancel_url) == (SUCCESS_URL, CANCEL_URL)
    assert (session.client_reference_id, session.metadata.to_dict()) == ("LUM-1", {"orderNumber": "LUM-1"})
    assert session.expires_at - session.created == 24 * 3600
    assert session.url == f"{sandbox_url}/c/pay/{session.id}"
    assert session.customer_details.email == "ada@example.com"
    assert api.payment_intents.list().data == []
    assert event_types(api) == []


def test_a_paid_session_emits_events_in_stripes_order(
    *, api, open_session, pay_session, control, endpoint, receiver
):
    session = open_session()
    paid = pay_session(session)

    assert (paid["outcome"], paid["error"]) == ("completed", None)
    assert paid["redirect_url"] == f"https://shop.example/done?session={session.id}"
    after = api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (after.status, after.payment_status, after.url) == ("complete", "paid", None)
    intent = after.payment_intent
    assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 4700, "eur")
    assert intent.latest_charge.billing_details.email == "ada@example.com"
    assert event_types(api) == PAID
    event = api.events.list({"type": "checkout.session.completed"}).data[0].data.object
    assert (event.payment_status, event.payment_intent) == ("paid", intent.id)
    control.flush()
    assert receiver.types == sorted(PAID)


def test_only_payment_intent_data_reaches_the_payment(*, api, open_session, pay_session):
    session = open_session(
        metadata={"of": "session"},
        payment_intent_data={
            "metadata": {"orderNumber": "LUM-1"},
            "description": "Mystique",
            "receipt_email": "bob@example.com",
            "statement_descriptor_suffix": "MYSTIQUE",
        },
    )
    pay_session(session)

    intent = intent_of(api, session)
    assert intent.metadata.to_dict() == {"orderNumber": "LUM-1"}
    assert (intent.description, intent.receipt_email) == ("Mystique", "bob@example.com")
    charge = api.charges.retrieve(intent.latest_charge)
    assert charge.metadata.to_dict() == {"orderNumber": "LUM-1"}
    assert charge.calculated_statement_descriptor == "LUMIRA* MYSTIQUE"
    assert api.checkout.sessions.retrieve(session.id).metadata.to_dict() == {"of": "session"}


def test_a_declined_session_stays_open_and_is_paid_with_the_same_intent(*, api, open_session, pay_session):
    session = open_session()
    declined = pay_session(session, "pm_card_visa_chargeDeclinedInsufficientFunds")

    assert (declined["outcome"], declined["redirect_url"]) == ("declined", None)
    assert (declined["error"]["code"], declined["error"]["decline_code"]) == (
        "card_declined",
        "insufficient_funds",
    )
    between = api.checkout.sessions.retrieve(session.id)
    assert (between.status, between.payment_status) == ("open", "unpaid")
    assert between.url == session.url

    assert pay_session(session)["outcome"] == "completed"
    after = api.checkout.sessions.retrieve(session.id)
    assert after.payment_intent == between.payment_intent
    assert len(api.payment_intents.list().data) == 1
    assert event_types(api) == [
        "payment_intent.created", "charge.failed", "payment_intent.payment_failed",
        "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "payment_status", "ends"),
    [
        (
            "pm_success_de",
            "paid",
            ["charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"],
        ),
        (
            "pm_failed_de",
            "unpaid",
            ["charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed"],
        ),
    ],
)
def test_a_delayed_payment_completes_the_session_before_it_is_paid(
    *, api, open_session, pay_session, control, method, payment_status, ends
):
    control.post("settings", delay_ms=60_000)
    session = open_session()
    assert pay_session(session, method)["outcome"] == "completed"
    unpaid = api.checkout.sessions.retrieve(session.id)
    assert (unpaid.status, unpaid.payment_status) == ("complete", "unpaid")
    assert intent_of(api, session).status == "processing"

    assert control.post("advance", seconds=61)["tasks_run"] == 1

    after = api.checkout.sessions.retrieve(session.id)
    assert (after.status, after.payment_status) == ("complete", payment_status)
    assert event_types(api) == [
        "payment_intent.created", "charge.pending", "payment_intent.processing",
        "checkout.session.completed", *ends,
    ]  # fmt: skip


def test_a_session_cannot_be_paid_again_after_a_failed_delayed_payment(
    *, open_session, pay_session, control, control_error
):
    session = open_session()
    pay_session(session, "pm_failed_de")
    control.post("advance", seconds=10)
    assert "status of `complete`" in control_error(f"checkout/sessions/{session.id}/pay")


def test_a_us_bank_account_payment_in_dollars_succeeds_later(api, open_session, pay_session, control):
    session = open_session(line_items=[line(currency="usd")])
    assert session.payment_method_types == ["card", "us_bank_account"]
    pay_session(session, "pm_usBankAccount_success")
    control.post("advance", seconds=10)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"


@pytest.mark.parametrize(
    ("outcome", "status", "ends"),
    [
        (
            "authorize",
            "complete",
            ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"],
        ),
        ("fail", "open", ["payment_intent.payment_failed"]),
    ],
)
def test_a_session_completes_only_after_authentication(
    *, api, open_session, pay_session, outcome, status, ends
):
    session = open_session()
    challenge = pay_session(session, "pm_card_threeDSecure2Required")
    assert (challenge["outcome"], challenge["session"]["status"]) == ("requires_action", "open")

    requests.post(challenge["redirect_url"], data={"outcome": outcome}, allow_redirects=False, timeout=10)

    assert api.checkout.sessions.retrieve(session.id).status == status
    assert event_types(api) == ["payment_intent.created", "payment_intent.requires_action", *ends]


def test_a_decline_after_authentication_leaves_the_session_open(api, open_session, pay_session):
    session = open_session()
    challenge = pay_session(session, "pm_card_threeDSecureRequiredChargeDeclined")
    requests.post(challenge["redirect_url"], data={"outcome": "authorize"}, allow_redirects=False, timeout=10)
    assert api.checkout.sessions.retrieve(session.id).status == "open"
    assert pay_session(session)["outcome"] == "completed"


def test_another_payment_method_can_replace_a_pending_authentication(api, open_session, pay_session):
    session = open_session()
    challenge = pay_session(session, "pm_card_threeDSecure2Required")
    pay_session(session)
    requests.post(challenge["redirect_url"], data={"outcome": "authorize"}, allow_redirects=False, timeout=10)
    (charge,) = api.charges.list({"payment_intent": intent_of(api, session).id}).data
    assert charge.amount == 4700


def test_a_free_session_needs_no_payment(api, open_session, pay_session):
    session = open_session(line_items=[line(0)])
    result = pay_session(session)
    assert result["outcome"] == "completed"
    after = api.checkout.sessions.retrieve(session.id)
    assert (after.status, after.payment_status, after.payment_intent) == (
        "complete",
        "no_payment_required",
        None,
    )
    assert event_types(api) == ["checkout.session.completed"]
    assert api.payment_intents.list().data == []


def test_the_payment_of_a_session_can_be_refunded_and_disputed(*, api, open_session, pay_session, control):
    session = open_session()
    pay_session(session)
    intent = intent_of(api, session)
    refund = api.refunds.create({"payment_intent": intent.id, "amount": 700})
    dispute = control.post("disputes", payment_intent=intent.id, amount=4000)
    assert (refund.status, refund.payment_intent) == ("succeeded", intent.id)
    assert (dispute["status"], dispute["payment_intent"]) == ("needs_response", intent.id)
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 700
    after = api.checkout.sessions.retrieve(session.id)
    assert (after.status, after.payment_status) == ("complete", "paid")


def test_dispute_test_cards_work_in_a_session(api, open_session, pay_session, control):
    pay_session(open_session(), "pm_card_createDispute")
    control.post("advance", seconds=5)
    assert len(api.disputes.list().data) == 1


def test_the_payment_of_a_session_cannot_be_confirmed_or_canceled_directly(api, open_session, pay_session):
    session = open_session()
    pay_session(session, "pm_card_visa_chargeDeclined")
    intent = intent_of(api, session).id
    for call in (
        lambda: api.payment_intents.cancel(intent),
        lambda: api.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"}),
        lambda: api.payment_intents.update(intent, {"amount": 5000}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            call()
        assert raised.value.http_status == 400
        assert "PaymentIntents created by Checkout" in raised.value.user_message
    assert api.payment_intents.update(intent, {"metadata": {"a": "b"}}).metadata.to_dict() == {"a": "b"}


def test_the_account_captures_or_cancels_the_authorized_payment_of_a_session(
    *, api, open_session, pay_session
):
    captured, canceled = (open_session(payment_intent_data={"capture_method": "manual"}) for _ in range(2))
    assert captured.payment_method_types == ["card"]
    for session in (captured, canceled):
        assert pay_session(session)["session"]["payment_status"] == "unpaid"

    api.payment_intents.capture(intent_of(api, captured).id)
    api.payment_intents.cancel(intent_of(api, canceled).id)

    states = [api.checkout.sessions.retrieve(one.id) for one in (captured, canceled)]
    assert [(one.status, one.payment_status) for one in states] == [
        ("complete", "paid"),
        ("complete", "unpaid"),
    ]
    assert not any("async" in event for event in event_types(api))


def test_a_session_created_twice_under_one_key_is_one_session(api):
    sale = {"mode": "payment", "line_items": [line()], "success_url": SUCCESS_URL}
    first, again = (api.checkout.sessions.create(sale, {"idempotency_key": "order-1"}) for _ in range(2))
    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        api.checkout.sessions.create({**sale, "line_items": [line(500)]}, {"idempotency_key": "order-1"})
    assert len(api.checkout.sessions.list().data) == 1


def test_sessions_are_listed_by_their_fields(*, api, open_session, pay_session):
    customer = api.customers.create({"email": "ada@example.com"})
    first, second = open_session(customer=customer.id), open_session(customer_email="bob@example.com")
    pay_session(second)
    paid = api.checkout.sessions.retrieve(second.id)

    def listed(**filters):
        return [one.id for one in api.checkout.sessions.list(filters).data]

    assert listed() == [second.id, first.id]
    assert listed(payment_intent=paid.payment_intent) == [second.id]
    assert listed(customer=customer.id) == [first.id]
    assert (listed(status="open"), listed(status="complete")) == ([first.id], [second.id])
    assert listed(customer_details={"email": "bob@example.com"}) == [second.id]
    assert listed(created={"gt": first.created + 60}) == []
    assert listed(limit=1, starting_after=second.id) == [first.id]


def test_line_items_are_included_only_where_expanded(api, open_session):
    lines = [line(100 + number, name=f"Candle {number}") for number in range(12)]
    session = open_session(line_items=lines, expand=["line_items"])
    assert [item.amount_total for item in session.line_items.data] == list(range(100, 110))
    assert session.line_items.has_more is True
    assert "line_items" not in api.checkout.sessions.retrieve(session.id)
    deep = {"expand": ["line_items.data.price.product", "line_items"]}
    item = api.checkout.sessions.retrieve(session.id, deep).line_items.data[0]
    assert (item.price.unit_amount, item.price.product.name) == (100, "Candle 0")

    items = api.checkout.sessions.line_items.list(session.id, {"limit": 5})
    assert [item.description for item in items.data] == [f"Candle {number}" for number in range(5)]
    assert len(list(items.auto_paging_iter())) == 12
    before = api.checkout.sessions.line_items.list(
        session.id, {"ending_before": items.data[3].id, "limit": 2}
    )
    assert [item.description for item in before.data] == ["Candle 1", "Candle 2"]
    listed = api.checkout.sessions.list({"expand": ["data.line_items"]})
    assert len(listed.data[0].line_items.data) == 10
    with pytest.raises(stripe.InvalidRequestError, match="No such item"):
        api.checkout.sessions.line_items.list(session.id, {"starting_after": "li_none"})


def test_a_sessions_metadata_can_be_changed(api, open_session):
    session = open_session(metadata={"a": "1", "b": "2"})
    api.checkout.sessions.update(session.id, {"metadata": {"a": "", "c": "3"}})
    assert api.checkout.sessions.retrieve(session.id).metadata.to_dict() == {"b": "2", "c": "3"}
    with pytest.raises(stripe.InvalidRequestError, match="other than `hosted_page`"):
        api.checkout.sessions.update(session.id, {"line_items": [{"id": "li_x", "quantity": 2}]})


def test_a_session_of_another_account_is_unknown(*, connect, sandbox_url, key, open_session):
    other_account = connect(sandbox_url, key + "_other")
    session = open_session()
    for call in (
        lambda: other_account.checkout.sessions.retrieve(session.id),
        lambda: other_account.checkout.sessions.expire(session.id),
        lambda: other_account.checkout.sessions.line_items.list(session.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            call()
        assert (raised.value.http_status, raised.value.code) == (404, "resource_missing")


def test_a_session_accepts_only_stripes_test_payment_methods(api, open_session, control_error):
    session = open_session(line_items=[line(currency="gbp")])
    path = f"checkout/sessions/{session.id}/pay"
    assert "No such PaymentMethod" in control_error(path, payment_method="pm_mine")
    assert "only the following currencies: eur" in control_error(path, payment_method="pm_success_de")
    assert "Unknown parameter: amount" in control_error(path, amount=5)
    # The rejected requests had no effect.
    assert event_types(api) == []
    assert api.checkout.sessions.retrieve(session.id).payment_intent is None
