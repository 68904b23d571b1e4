"""A state that Stripe lists is known if recording it would change nothing; only then may a poll be postponed."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from lumira.domain import checkout_sessions, payments
from lumira.domain.checkout_sessions import SessionFacts
from lumira.domain.payments import AttemptFailure, IntentFacts
from lumira.models import CheckoutSession, Order, OrderStatus, Payment, PaymentState, SessionState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_order(*recorded: IntentFacts) -> Order:
    order = Order(status=OrderStatus.PENDING, amount=4700, currency="eur", created_at=NOW)
    order.payments.append(
        Payment(
            stripe_payment_intent_id="pi_1",
            state=PaymentState.OPEN,
            amount=4700,
            currency="eur",
            amount_received=0,
            amount_funded=0,
            attempts=[],
            ended_attempts=[],
            created_at=NOW,
        )
    )
    for facts in recorded:
        payments.record_state(order, facts, now=NOW)
    return order


def intent(status: str = "requires_payment_method", **changes: Any) -> IntentFacts:
    return IntentFacts(**{"id": "pi_1", "status": status, "amount": 4700, "currency": "eur", **changes})


def failed(charge: str | None = "ch_1", method: str | None = "pm_1") -> IntentFacts:
    return intent(failure=AttemptFailure(charge, method, "card_declined", None))


def facts_of(order: Order) -> tuple[object, ...]:
    payment = order.payments[0]
    return (
        payment.state,
        payment.attempts,
        payment.amount_received,
        payment.transfer_began_at,
        [decline.subject for decline in order.declines],
    )


WAITING = intent()
PROCESSING = intent("processing", charge_id="ch_1")
ASKING = intent("requires_action", payment_method_id="pm_1")


@pytest.mark.parametrize(
    ("recorded", "listed"),
    [
        ([], WAITING),
        ([failed()], failed()),
        ([failed()], WAITING),
        ([ASKING, failed()], failed()),
        ([PROCESSING], PROCESSING),
        ([ASKING], ASKING),
    ],
)
def test_a_state_that_is_recorded_is_known_and_recording_it_changes_nothing(recorded, listed) -> None:
    order = make_order(*recorded)
    assert payments.is_known(order, listed)
    before = copy.deepcopy(facts_of(order))
    payments.record_state(order, listed, now=NOW)
    assert facts_of(order) == before


@pytest.mark.parametrize(
    ("recorded", "listed"),
    [
        ([], failed()),
        ([failed()], failed("ch_2")),
        ([], PROCESSING),
        ([failed()], PROCESSING),
        ([], ASKING),
        # The buyer has left the bank's page, or the list is older than the attempt: the order's own poll decides.
        ([ASKING], WAITING),
        ([PROCESSING], WAITING),
        ([], intent("succeeded", amount_received=4700)),
        ([], intent("canceled")),
        ([], intent("requires_capture")),
        ([], intent(id="pi_other")),
        ([ASKING], intent("requires_action", payment_method_id="pm_1", is_paid_offline=True)),
        ([intent("canceled")], WAITING),
    ],
)
def test_a_state_that_says_anything_new_is_not_known(recorded, listed) -> None:
    assert not payments.is_known(make_order(*recorded), listed)


def session(**changes: Any) -> SessionFacts:
    values = {"id": "cs_1", "state": SessionState.OPEN, "is_paid": False, "amount": 4700, "currency": "eur"}
    return SessionFacts(**{**values, "expires_at": NOW, **changes})


def make_cart(**recorded: Any) -> Order:
    order = Order(status=OrderStatus.PENDING, amount=4700, currency="eur", customer_email=None)
    values = {"state": SessionState.OPEN, "is_paid": False, "has_failed": False} | recorded
    order.sessions.append(CheckoutSession(stripe_session_id="cs_1", expires_at=NOW, **values))
    return order


def test_an_open_page_is_known_and_so_is_a_form_whose_payment_is_awaited() -> None:
    assert checkout_sessions.is_known(make_cart(), session())
    awaited = make_cart(state=SessionState.COMPLETE, stripe_payment_intent_id="pi_1")
    assert checkout_sessions.is_known(awaited, session(state=SessionState.COMPLETE, payment_intent_id="pi_1"))


@pytest.mark.parametrize(
    "listed",
    [
        session(state=SessionState.EXPIRED),
        session(state=SessionState.COMPLETE, payment_intent_id="pi_1"),
        session(state=SessionState.COMPLETE, is_paid=True, payment_intent_id="pi_1"),
        session(payment_intent_id="pi_1"),
        session(customer_email="buyer@example.com"),
        session(id="cs_other"),
    ],
)
def test_a_page_on_which_anything_happened_is_not_known(listed) -> None:
    assert not checkout_sessions.is_known(make_cart(), listed)
