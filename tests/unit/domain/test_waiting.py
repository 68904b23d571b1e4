"""An order says why it is not completed, and names what repairs it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lumira.domain.waiting import Repair, StuckEvent, Surroundings, Waiting, WaitReason, waiting_for
from lumira.domain.waiting_texts import sentence
from lumira.models import (
    AccessGrant,
    Alert,
    AlertKind,
    CheckoutSession,
    Decline,
    Dispute,
    DisputeStatus,
    EventStatus,
    FraudWarning,
    GrantReason,
    Language,
    MessageKind,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    Payment,
    PaymentRequest,
    PaymentState,
    RefundOrigin,
    RefundRequest,
    RequestKind,
    RequestState,
    ReservationState,
    ReviewReason,
    SessionState,
    StockReservation,
    Withdrawal,
    WithdrawalVia,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MESSAGE_ID, PAYMENT_ID = UUID(int=7), UUID(int=8)


def make_order(status: OrderStatus = OrderStatus.PENDING, **columns: object) -> Order:
    values = {
        "id": uuid4(),
        "status": status,
        "amount": 4700,
        "currency": "eur",
        "livemode": True,
        "customer_email": "buyer@example.com",
        "created_at": NOW - HOUR,
        "updated_at": NOW - HOUR,
    }
    order = Order(**(values | columns))
    order.requests.append(
        PaymentRequest(
            attempt=1,
            kind=RequestKind.PAYMENT_INTENT,
            state=RequestState.ACCEPTED,
            created_at=NOW - HOUR,
        )
    )
    return order


def with_payment(order: Order, **columns: object) -> Order:
    values = {
        "id": PAYMENT_ID,
        "stripe_payment_intent_id": "pi_1",
        "state": PaymentState.OPEN,
        "amount": 4700,
        "currency": "eur",
        "amount_received": 0,
        "amount_funded": 0,
        "attempts": [],
        "ended_attempts": [],
        "created_at": NOW - HOUR,
    }
    order.payments.append(Payment(**(values | columns)))
    return order


def reserved(order: Order, until: datetime) -> Order:
    order.reservations.append(
        StockReservation(product_id="shirt", quantity=1, state=ReservationState.RESERVED, expires_at=until)
    )
    return order


def pending() -> Order:
    return with_payment(make_order())


def completed(**columns: object) -> Order:
    order = make_order(OrderStatus.COMPLETED, completed_at=NOW - HOUR, **columns)
    return with_payment(order, state=PaymentState.SUCCEEDED, amount_received=4700, succeeded_at=NOW - HOUR)


def unanswered(age: timedelta) -> Order:
    order = make_order()
    order.requests[0].state, order.requests[0].created_at = RequestState.FROZEN, NOW - age
    return order


def refused_request() -> Order:
    order = make_order(OrderStatus.FAILED)
    order.requests[0].state = RequestState.REFUSED
    order.requests[0].refusal = {"code": "amount_too_small", "message": "…"}
    return order


def declined() -> Order:
    order = with_payment(make_order(OrderStatus.FAILED))
    order.declines.append(
        Decline(
            payment_id=PAYMENT_ID, subject="ch_1", code="card_declined", decline_code="insufficient_funds"
        )
    )
    return order


def processing(attempt: str, **columns: object) -> Order:
    return with_payment(make_order(OrderStatus.PROCESSING), attempts=[attempt], **columns)


def debit() -> Order:
    order = processing("py_1")
    order.charge_due_at = NOW + 20 * DAY
    return order


def transfer(funded: int = 0) -> Order:
    return processing("pm_1", transfer_began_at=NOW - DAY, amount_funded=funded)


def review(reason: ReviewReason) -> Order:
    order = make_order(OrderStatus.PROCESSING, review_reason=reason)
    return with_payment(order, state=PaymentState.SUCCEEDED, amount_received=100, succeeded_at=NOW)


def sold_out() -> Order:
    order = make_order(OrderStatus.PROCESSING, sold_out_at=NOW)
    return with_payment(order, state=PaymentState.SUCCEEDED, amount_received=4700, succeeded_at=NOW)


def cancelled(state: PaymentState) -> Order:
    return with_payment(make_order(OrderStatus.CANCELLED, closed_at=NOW), state=state)


def disputed(status: DisputeStatus) -> Order:
    order = completed()
    order.disputes.append(
        Dispute(stripe_dispute_id="du_1", status=status, due_at=NOW + 7 * DAY, amount=4700, currency="eur")
    )
    return order


def warned() -> Order:
    order = completed()
    order.fraud_warnings.append(
        FraudWarning(
            stripe_fraud_warning_id="issfr_1",
            stripe_charge_id="ch_1",
            stripe_payment_intent_id="pi_1",
            fraud_type="misc",
            actionable=True,
        )
    )
    return order


def with_message(status: MessageStatus, error: str | None = None, attempts: int = 1) -> Order:
    order = completed()
    order.messages.append(
        OutboxMessage(
            id=MESSAGE_ID,
            kind=MessageKind.ORDER_CONFIRMATION,
            subject="",
            status=status,
            last_error=error,
            attempts=attempts,
        )
    )
    return order


def withdrawn() -> Order:
    order = completed()
    order.withdrawals.append(Withdrawal(via=WithdrawalVia.PORTAL, requested_at=NOW, confirmed_at=NOW))
    return order


def refunding() -> Order:
    order = completed()
    order.refund_requests.append(
        RefundRequest(
            stripe_payment_intent_id="pi_1",
            amount=100,
            origin=RefundOrigin.REQUESTED,
            state=RequestState.FROZEN,
            parameters={},
        )
    )
    return order


def revoked_by_operator() -> Order:
    order = completed()
    order.grants.append(
        AccessGrant(
            product_id="mystique",
            active=False,
            reason=GrantReason.OPERATOR,
            operator_revoked_at=NOW,
            revoked_at=NOW,
            granted_at=NOW - HOUR,
        )
    )
    return order


def delayed_session() -> Order:
    order = make_order(OrderStatus.FAILED)
    order.sessions.append(
        CheckoutSession(stripe_session_id="cs_1", state=SessionState.COMPLETE, is_paid=False, has_failed=True)
    )
    return order


def stuck(status: EventStatus, age: timedelta = HOUR) -> StuckEvent:
    return StuckEvent("evt_1", "payment_intent.succeeded", status, NOW - age)


def alert(kind: AlertKind, subject: str = "pi_1", **details: object) -> Alert:
    return Alert(kind=kind, subject=subject, details=details)


W, R = WaitReason, Repair
TYPE = "payment_intent.succeeded"

STATES: dict[str, tuple[Callable[[], Order], Waiting | None]] = {
    "pending, just opened": (
        lambda: unanswered(timedelta(seconds=5)),
        Waiting(W.PAYMENT_AWAITED, R.ASK_STRIPE),
    ),
    "pending, opened at Stripe": (pending, Waiting(W.PAYMENT_AWAITED, R.ASK_STRIPE)),
    "pending, stock reserved": (
        lambda: reserved(pending(), NOW + HOUR),
        Waiting(W.PAYMENT_AWAITED, R.ASK_STRIPE, until=NOW + HOUR),
    ),
    "pending, reservation ended": (
        lambda: reserved(pending(), NOW - MINUTE),
        Waiting(W.RESERVATION_ENDED, R.ASK_STRIPE),
    ),
    "pending, reservation ended days ago": (
        lambda: reserved(pending(), NOW - 2 * DAY),
        Waiting(W.OVERDUE, R.CANCEL),
    ),
    "pending, Stripe did not respond": (lambda: unanswered(HOUR), Waiting(W.NO_RESPONSE, R.ASK_STRIPE)),
    "processing, the bank asks the buyer": (
        lambda: processing("pm_1"),
        Waiting(W.ACTION_REQUIRED, R.ASK_STRIPE),
    ),
    "processing, bank debit": (debit, Waiting(W.DEBIT_PROCESSING, R.ASK_STRIPE, until=NOW + 20 * DAY)),
    "processing, bank transfer": (transfer, Waiting(W.TRANSFER_AWAITED, R.ASK_STRIPE)),
    "processing, a part of a bank transfer": (
        lambda: transfer(funded=1000),
        Waiting(W.TRANSFER_INCOMPLETE, R.CANCEL),
    ),
    "review of the amount": (
        lambda: review(ReviewReason.AMOUNT_MISMATCH),
        Waiting(W.AMOUNT_MISMATCH, R.RELEASE),
    ),
    "review of the currency": (
        lambda: review(ReviewReason.CURRENCY_MISMATCH),
        Waiting(W.CURRENCY_MISMATCH, R.RELEASE),
    ),
    "sold out when paid": (sold_out, Waiting(W.SOLD_OUT)),
    "failed, declined": (declined, Waiting(W.DECLINED, R.ASK_STRIPE, code="insufficient_funds")),
    "failed, refused by Stripe": (refused_request, Waiting(W.REQUEST_REFUSED, code="amount_too_small")),
    "failed, delayed payment of a session": (delayed_session, Waiting(W.DECLINED, R.ASK_STRIPE)),
    "cancelled for good": (lambda: cancelled(PaymentState.CANCELED), Waiting(W.CANCELLED)),
    "cancelled here only": (lambda: cancelled(PaymentState.OPEN), Waiting(W.CANCELLED, R.ASK_STRIPE)),
    "completed": (completed, None),
    "refunded without being fulfilled": (lambda: make_order(OrderStatus.REFUNDED), None),
    "test sale that ended": (lambda: completed(test_ended_at=NOW), Waiting(W.TEST_SALE_ENDED)),
    "disputed": (
        lambda: disputed(DisputeStatus.NEEDS_RESPONSE),
        Waiting(W.DISPUTED, R.RESPOND_TO_DISPUTE, until=NOW + 7 * DAY, subject="du_1"),
    ),
    "inquiry": (
        lambda: disputed(DisputeStatus.WARNING_NEEDS_RESPONSE),
        Waiting(W.INQUIRY, R.RESPOND_TO_DISPUTE, until=NOW + 7 * DAY, subject="du_1"),
    ),
    "warned of fraud": (warned, Waiting(W.FRAUD_WARNING, R.REFUND, subject="issfr_1")),
    "withdrawn": (withdrawn, Waiting(W.WITHDRAWN, R.DECIDE_WITHDRAWAL, until=NOW + 14 * DAY)),
    "dispute won": (lambda: disputed(DisputeStatus.WON), None),
    "refund not sent yet": (refunding, Waiting(W.REFUND_PENDING, R.ASK_STRIPE)),
    "paid without an address": (
        lambda: completed(customer_email=None),
        Waiting(W.NO_RECIPIENT, R.SET_ADDRESS),
    ),
    "paid after the buyer was erased": (
        lambda: completed(customer_email=None, erased_at=NOW - DAY),
        Waiting(W.NO_RECIPIENT, R.REFUND),
    ),
    "message refused": (
        lambda: with_message(MessageStatus.DEAD),
        Waiting(W.MESSAGE_DEAD, R.RESEND, subject=str(MESSAGE_ID), code="order_confirmation"),
    ),
    "message that failed and is retried": (
        lambda: with_message(MessageStatus.PENDING, "refused"),
        Waiting(W.MESSAGE_DELAYED, R.RESEND, subject=str(MESSAGE_ID), code="order_confirmation"),
    ),
    "message about to be sent": (lambda: with_message(MessageStatus.PENDING, attempts=0), None),
    "message sent": (lambda: with_message(MessageStatus.SENT), None),
    "access revoked by an operator": (
        revoked_by_operator,
        Waiting(W.ACCESS_REVOKED, R.RESTORE_ACCESS, subject="mystique"),
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_an_order_says_why_it_is_not_completed_and_what_repairs_it(state: str) -> None:
    order, expected = STATES[state]
    assert waiting_for(order(), Surroundings(NOW)) == expected


KNOWN: dict[str, tuple[Callable[[], Order], Surroundings, Waiting | None]] = {
    "event failed": (
        pending,
        Surroundings(NOW, events=[stuck(EventStatus.FAILED)]),
        Waiting(W.EVENT_FAILED, R.REPLAY_EVENT, subject="evt_1", code=TYPE),
    ),
    "event of a completed order failed": (
        completed,
        Surroundings(NOW, events=[stuck(EventStatus.FAILED)]),
        Waiting(W.EVENT_FAILED, R.REPLAY_EVENT, subject="evt_1", code=TYPE),
    ),
    "event parked": (
        pending,
        Surroundings(NOW, events=[stuck(EventStatus.PARKED)]),
        Waiting(W.EVENT_WAITING, R.ASK_STRIPE, subject="evt_1", code=TYPE),
    ),
    "event received and no worker runs": (
        pending,
        Surroundings(NOW, events=[stuck(EventStatus.RECEIVED)]),
        Waiting(W.EVENT_WAITING, R.ASK_STRIPE, subject="evt_1", code=TYPE),
    ),
    "event received just now": (
        pending,
        Surroundings(NOW, events=[stuck(EventStatus.RECEIVED, timedelta(seconds=5))]),
        Waiting(W.PAYMENT_AWAITED, R.ASK_STRIPE),
    ),
    "Stripe is unavailable": (
        pending,
        Surroundings(NOW, alerts=[alert(AlertKind.STRIPE_UNAVAILABLE)]),
        Waiting(W.STRIPE_UNAVAILABLE, R.ASK_STRIPE),
    ),
    "Stripe is unavailable, and the order is completed": (
        completed,
        Surroundings(NOW, alerts=[alert(AlertKind.STRIPE_UNAVAILABLE)]),
        None,
    ),
    "Stripe refuses the key": (
        pending,
        Surroundings(NOW, alerts=[alert(AlertKind.STRIPE_KEY_REFUSED)]),
        Waiting(W.STRIPE_KEY_REFUSED, R.CHANGE_KEY),
    ),
    "Stripe does not know the payment": (
        pending,
        Surroundings(NOW, alerts=[alert(AlertKind.PAYMENT_MISSING_AT_STRIPE)]),
        Waiting(W.PAYMENT_MISSING, R.CHANGE_KEY),
    ),
    "refund refused by Stripe": (
        completed,
        Surroundings(NOW, alerts=[alert(AlertKind.REFUND_REFUSED, code="insufficient_balance")]),
        Waiting(W.REFUND_REFUSED, R.REFUND, code="insufficient_balance"),
    ),
    "refund of a sold out order refused": (
        sold_out,
        Surroundings(NOW, alerts=[alert(AlertKind.REFUND_REFUSED, code="insufficient_balance")]),
        Waiting(W.REFUND_REFUSED, R.REFUND, code="insufficient_balance"),
    ),
    "refund failed later": (
        completed,
        Surroundings(NOW, alerts=[alert(AlertKind.REFUND_FAILED, "re_1")]),
        Waiting(W.REFUND_FAILED, R.REFUND, subject="re_1"),
    ),
    "stock missing": (
        completed,
        Surroundings(NOW, alerts=[alert(AlertKind.STOCK_MISSING)]),
        Waiting(W.STOCK_MISSING, R.REFUND),
    ),
}


@pytest.mark.parametrize("state", KNOWN)
def test_events_and_alerts_about_the_order_explain_it_too(state: str) -> None:
    order, known, expected = KNOWN[state]
    assert waiting_for(order(), known) == expected


def test_every_reason_has_a_test_and_a_sentence_in_both_languages() -> None:
    expected = [case[-1] for case in (*STATES.values(), *KNOWN.values())]
    assert {waiting.reason for waiting in expected if waiting} == set(WaitReason)
    for reason in WaitReason:
        sentences = {
            sentence(Waiting(reason, until=NOW, subject="evt_1", code="why"), language, datetime.isoformat)
            for language in Language
        }
        assert len(sentences) == len(Language)
        for text in sentences:
            assert "{" not in text
            assert text.endswith(f"{NOW.isoformat()}.")


def test_a_time_in_a_sentence_is_written_for_the_reader() -> None:
    waiting = Waiting(W.DECLINED, R.ASK_STRIPE, until=NOW, code="expired_card")
    assert sentence(waiting, Language.ENGLISH, lambda at: f"{at:%H:%M}") == (
        "The last attempt to pay was declined (expired_card). The buyer may try again. At the latest: 12:00."
    )
    assert sentence(Waiting(W.DECLINED), Language.ENGLISH, datetime.isoformat) == (
        "The last attempt to pay was declined. The buyer may try again."
    )
