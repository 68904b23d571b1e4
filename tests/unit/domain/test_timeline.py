"""The timeline of an order, derived from its rows."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from lumira.domain.timeline import OrderEvent, TimelineEntry, timeline
from lumira.models import (
    AccessGrant,
    Decline,
    Dispute,
    DisputeStatus,
    EventStatus,
    GrantReason,
    MessageKind,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    Payment,
    PaymentRequest,
    PaymentState,
    Refund,
    RefundStatus,
    RequestState,
    ReviewReason,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def make_order(**columns: object) -> Order:
    values = {"tenant_id": 1, "id": uuid4(), "currency": "eur", "amount": 4700, "status": OrderStatus.PENDING}
    return Order(**(values | {"created_at": NOON} | columns))


def make_payment(**columns: object) -> Payment:
    values = {
        "id": uuid4(),
        "stripe_payment_intent_id": "pi_1",
        "state": PaymentState.OPEN,
        "amount": 4700,
        "amount_received": 0,
        "currency": "eur",
        "created_at": after(1),
    }
    return Payment(**(values | columns))


def paid_payment(at: float = 3, **columns: object) -> Payment:
    return make_payment(
        state=PaymentState.SUCCEEDED, succeeded_at=after(at), **({"amount_received": 4700} | columns)
    )


def make_grant(**columns: object) -> AccessGrant:
    values = {"product_id": "mystique", "active": True, "reason": GrantReason.PAID, "granted_at": after(4)}
    return AccessGrant(**(values | columns))


def make_message(**columns: object) -> OutboxMessage:
    values = {
        "kind": MessageKind.ORDER_CONFIRMATION,
        "subject": "",
        "status": MessageStatus.PENDING,
        "created_at": after(4),
        "updated_at": after(4),
    }
    return OutboxMessage(**(values | columns))


def entries_of(order: Order, *events: OrderEvent) -> list[tuple[str, str | None]]:
    return [(entry.what, entry.why) for entry in timeline(order, events)]


def test_the_timeline_shows_a_sale_from_creation_to_message():
    order = make_order(completed_at=after(4))
    order.payments.append(paid_payment())
    order.grants.append(make_grant())
    order.messages.append(make_message(status=MessageStatus.SENT, sent_at=after(5)))

    assert timeline(order, [OrderEvent("payment_intent.succeeded", after(3.5), EventStatus.PROCESSED)]) == [
        TimelineEntry(NOON, "opened"),
        TimelineEntry(after(1), "payment_created", "pi_1"),
        TimelineEntry(after(3), "paid"),
        TimelineEntry(after(3.5), "webhook", "payment_intent.succeeded"),
        TimelineEntry(after(4), "completed"),
        TimelineEntry(after(4), "granted", "mystique: paid"),
        TimelineEntry(after(4), "message_enqueued", "order_confirmation"),
        TimelineEntry(after(5), "message_sent", "order_confirmation"),
    ]


def test_entries_of_the_same_time_are_in_causal_order():
    order = make_order(completed_at=NOON)
    order.messages.append(make_message(created_at=NOON, sent_at=NOON, status=MessageStatus.SENT))
    order.grants.append(make_grant(granted_at=NOON))
    order.payments.append(paid_payment(at=0, created_at=NOON))

    assert [
        what
        for what, _ in entries_of(order, OrderEvent("payment_intent.succeeded", NOON, EventStatus.PROCESSED))
    ] == [
        "opened",
        "payment_created",
        "paid",
        "webhook",
        "completed",
        "granted",
        "message_enqueued",
        "message_sent",
    ]


def test_a_success_in_the_second_of_a_decline_comes_after_it():
    payment = paid_payment(at=2)
    order = make_order()
    order.payments.append(payment)
    order.declines.append(
        Decline(payment_id=payment.id, subject="ch_1", code="card_declined", recorded_at=after(2.4))
    )

    assert [what for what, _ in entries_of(order)] == ["opened", "payment_created", "declined", "paid"]


def test_a_decline_that_is_reported_days_late_does_not_move_the_success():
    payment = paid_payment(at=2)
    order = make_order()
    order.payments.append(payment)
    order.declines.append(Decline(payment_id=payment.id, subject="ch_1", recorded_at=after(86_400)))

    assert TimelineEntry(after(2), "paid") in timeline(order, [])


def test_a_decline_shows_the_banks_most_specific_code():
    payment = make_payment()
    order = make_order()
    order.payments.append(payment)
    order.declines.append(
        Decline(payment_id=payment.id, subject="a", code="card_declined", recorded_at=after(2))
    )
    order.declines.append(
        Decline(
            payment_id=payment.id,
            subject="b",
            code="card_declined",
            decline_code="insufficient_funds",
            recorded_at=after(3),
        )
    )

    assert entries_of(order)[2:] == [("declined", "card_declined"), ("declined", "insufficient_funds")]


def test_a_refusal_by_stripe_shows_its_code():
    order = make_order()
    order.requests.append(
        PaymentRequest(
            attempt=1,
            state=RequestState.REFUSED,
            refusal={"code": "amount_too_small", "message": "…"},
            responded_at=after(1),
        )
    )

    assert entries_of(order) == [("opened", None), ("payment_refused", "amount_too_small")]


def test_a_canceled_payment_is_shown_unless_it_succeeded():
    order = make_order()
    order.payments.append(make_payment(state=PaymentState.CANCELED, canceled_at=after(2)))
    order.payments.append(paid_payment(canceled_at=after(2)))

    assert [what for what, _ in entries_of(order)].count("canceled") == 1


def test_an_order_under_review_shows_the_reason():
    order = make_order(review_reason=ReviewReason.AMOUNT_MISMATCH)
    order.payments.append(paid_payment(amount_received=100))

    assert entries_of(order)[2:] == [("paid", None), ("review", "amount_mismatch")]


def test_a_released_order_still_shows_the_reason_of_its_review():
    order = make_order(review_released_at=after(60), completed_at=after(60))
    order.payments.append(paid_payment(currency="usd"))

    assert entries_of(order)[3:] == [("review", "currency_mismatch"), ("released", None), ("completed", None)]


def test_revoked_access_shows_the_reason_of_the_revocation():
    order = make_order()
    order.grants.append(make_grant(active=False, reason=GrantReason.REFUNDED, revoked_at=after(9)))

    assert entries_of(order)[1:] == [("granted", "mystique"), ("revoked", "mystique: refunded")]


def test_access_that_was_never_active_is_not_shown_as_granted():
    order = make_order()
    order.grants.append(
        make_grant(active=False, reason=GrantReason.DISPUTED, granted_at=after(4), revoked_at=after(4))
    )

    assert entries_of(order)[1:] == [("revoked", "mystique: disputed")]


def test_a_message_that_was_not_sent_shows_its_status():
    order = make_order()
    order.messages.append(
        make_message(kind=MessageKind.PAYMENT_FAILED, status=MessageStatus.SUPERSEDED, updated_at=after(8))
    )

    assert entries_of(order)[1:] == [
        ("message_enqueued", "payment_failed"),
        ("message_superseded", "payment_failed"),
    ]


def test_refunds_and_disputes_show_their_creation_and_end():
    order = make_order()
    order.refunds.append(
        Refund(
            stripe_refund_id="re_1",
            amount=100,
            status=RefundStatus.FAILED,
            created_at=after(1),
            updated_at=after(5),
        )
    )
    order.refunds.append(
        Refund(
            stripe_refund_id="re_2",
            amount=100,
            status=RefundStatus.PENDING,
            created_at=after(2),
            updated_at=after(2),
        )
    )
    order.disputes.append(
        Dispute(
            stripe_dispute_id="du_1",
            status=DisputeStatus.WON,
            reason="fraudulent",
            created_at=after(3),
            updated_at=after(9),
        )
    )

    assert entries_of(order)[1:] == [
        ("refund_created", "re_1"),
        ("refund_created", "re_2"),
        ("disputed", "fraudulent"),
        ("refund_failed", "re_1"),
        ("dispute_won", "du_1"),
    ]


def test_an_event_that_was_not_processed_shows_its_status_and_reason():
    seen = OrderEvent("payment_intent.succeeded", after(1), EventStatus.IGNORED, "other_mode")
    assert timeline(make_order(), [seen])[-1].why == "payment_intent.succeeded (ignored: other_mode)"
    failed = OrderEvent("refund.created", after(1), EventStatus.FAILED)
    assert timeline(make_order(), [failed])[-1].why == "refund.created (failed)"
