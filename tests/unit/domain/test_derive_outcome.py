"""The outcome of an order follows from its facts, in whatever order they were recorded."""

import itertools
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from lumira.domain import payments
from lumira.domain.checkout_sessions import SessionFacts, attach_session, record_session
from lumira.domain.order_money import money_of
from lumira.domain.outcome import derive
from lumira.domain.payments import AttemptFailure, IntentFacts
from lumira.models import (
    Charge,
    Dispute,
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    PaymentRequest,
    ProductKind,
    Refund,
    RefundOrigin,
    RefundStatus,
    ReleaseOnFailure,
    RequestKind,
    RequestState,
    ReservationState,
    ReviewReason,
    SessionState,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_order(*, amount: int = 4700, policy: PartialRefundPolicy = PartialRefundPolicy.KEEP) -> Order:
    order = Order(
        tenant_id=1,
        id=uuid4(),
        order_number="TST-1",
        amount=amount,
        currency="eur",
        customer_email="buyer@example.com",
        status=OrderStatus.PENDING,
        livemode=False,
    )
    order.lines.append(
        OrderLine(
            id=uuid4(),
            position=0,
            product_id="mystique",
            product_name="Niveau Mystique",
            kind=ProductKind.DIGITAL,
            quantity=1,
            unit_amount=amount,
            on_partial_refund=policy,
        )
    )
    return order


def intent(intent_id: str = "pi_1", **fields: Any) -> IntentFacts:
    values: dict[str, Any] = {
        "id": intent_id,
        "status": "requires_payment_method",
        "amount": 4700,
        "currency": "eur",
    }
    return IntentFacts(**(values | fields))


def opened() -> Order:
    order = make_order()
    payments.attach_intent(order, intent(), now=NOW)
    return order


def paid(*, received: int = 4700, **options: Any) -> Order:
    order = make_order(**options)
    payments.record_succeeded(
        order, intent(amount_received=received, charge_id="ch_1", reported_at=NOW), now=NOW
    )
    return order


def processing(order: Order, charge: str = "ch_1") -> None:
    payments.record_processing(order, intent(charge_id=charge, payment_method_id="pm_1"), now=NOW)


def acting(order: Order, method: str = "pm_1") -> None:
    payments.record_requires_action(order, intent(payment_method_id=method), now=NOW)


def declined(order: Order, charge: str | None = "ch_1", method: str | None = "pm_1") -> None:
    payments.record_declined(
        order,
        intent(failure=AttemptFailure(charge, method, "card_declined", "generic_decline")),
        now=NOW,
    )


def succeeded(order: Order) -> None:
    payments.record_succeeded(order, intent(amount_received=4700, charge_id="ch_9", reported_at=NOW), now=NOW)


def canceled(order: Order) -> None:
    payments.record_canceled(order, intent(), now=NOW)


STORIES = [
    ("nothing yet", [], OrderStatus.PENDING),
    ("asked to act", [acting], OrderStatus.PROCESSING),
    ("on its way", [processing], OrderStatus.PROCESSING),
    ("paid", [succeeded], OrderStatus.COMPLETED),
    ("declined", [declined], OrderStatus.FAILED),
    ("declined, then paid", [declined, succeeded], OrderStatus.COMPLETED),
    ("acted, then declined", [acting, declined], OrderStatus.FAILED),
    ("refused to act", [acting, lambda order: declined(order, None)], OrderStatus.FAILED),
    ("bank debit bounced", [processing, declined], OrderStatus.FAILED),
    (
        "declined, then another card acts",
        [lambda o: declined(o, "ch_0", "pm_0"), acting],
        OrderStatus.PROCESSING,
    ),
    (
        "declined, then a debit on its way",
        [lambda o: declined(o, "ch_0", "pm_0"), processing],
        OrderStatus.PROCESSING,
    ),
    ("canceled", [canceled], OrderStatus.CANCELLED),
    ("declined, then canceled", [declined, canceled], OrderStatus.CANCELLED),
    ("acting, then canceled", [acting, canceled], OrderStatus.CANCELLED),
    ("every event there is, and paid", [acting, processing, declined, succeeded], OrderStatus.COMPLETED),
]


@pytest.mark.parametrize(("story", "facts", "status"), STORIES, ids=[story for story, *_ in STORIES])
def test_status_is_the_same_in_whatever_order_facts_are_recorded(story, facts, status) -> None:
    for permutation in itertools.permutations(facts):
        order = opened()
        for record in (*permutation, *permutation):
            record(order)
        assert derive(order).status is status


def test_a_canceled_payment_that_succeeds_after_all_is_paid() -> None:
    order = opened()
    canceled(order)
    succeeded(order)
    assert derive(order).status is OrderStatus.COMPLETED


@pytest.mark.parametrize("received", [1, 4699, 4701])
def test_a_payment_of_another_amount_is_reviewed_and_grants_nothing(received: int) -> None:
    outcome = derive(paid(received=received))
    assert outcome.status is OrderStatus.PROCESSING
    assert outcome.review is ReviewReason.AMOUNT_MISMATCH
    assert outcome.grants == {}
    assert outcome.messages == frozenset()


def test_a_payment_in_another_currency_is_reviewed() -> None:
    order = paid()
    order.payments[0].currency = "usd"
    assert derive(order).review is ReviewReason.CURRENCY_MISMATCH


def test_a_released_order_is_fulfilled() -> None:
    order = paid(received=4600)
    order.review_released_at = NOW
    outcome = derive(order)
    assert (outcome.status, outcome.review) == (OrderStatus.COMPLETED, None)
    assert [state.active for state in outcome.grants.values()] == [True]


def test_a_payment_grants_every_digital_product_and_no_physical_one() -> None:
    order = paid()
    order.lines.append(
        OrderLine(
            id=uuid4(), product_id="shirt", product_name="Chemise", kind=ProductKind.PHYSICAL, quantity=2
        )
    )
    assert list(derive(order).grants) == [order.lines[0].id]


def test_each_decline_and_the_confirmation_is_one_message() -> None:
    order = opened()
    declined(order, "ch_1")
    declined(order, "ch_1")
    declined(order, "ch_2", "pm_2")
    succeeded(order)
    assert derive(order).messages == {
        (MessageKind.PAYMENT_FAILED, "ch_1"),
        (MessageKind.PAYMENT_FAILED, "ch_2"),
        (MessageKind.ORDER_CONFIRMATION, ""),
    }


def test_an_order_without_an_email_address_has_no_message() -> None:
    order = paid()
    order.customer_email = None
    assert derive(order).messages == frozenset()


def test_a_refused_request_fails_the_order_until_the_next_attempt() -> None:
    order = make_order()
    order.requests.append(
        PaymentRequest(attempt=1, state=RequestState.REFUSED, refusal={"code": "x", "message": "y"})
    )
    assert derive(order).status is OrderStatus.FAILED
    order.requests.append(PaymentRequest(attempt=2, state=RequestState.FROZEN))
    assert derive(order).status is OrderStatus.PENDING


def refund(order: Order, amount: int, status: RefundStatus = RefundStatus.SUCCEEDED, number: int = 1) -> None:
    order.refunds.append(
        Refund(
            stripe_refund_id=f"re_{number}",
            stripe_charge_id="ch_1",
            amount=amount,
            currency="eur",
            status=status,
        )
    )


def report_refunded(order: Order, amount: int) -> None:
    order.charges.append(Charge(stripe_charge_id="ch_1", amount_refunded=amount, uncaptured=0))


REFUNDS = [
    ("whole", [(4700, RefundStatus.SUCCEEDED)], None, OrderStatus.REFUNDED, False),
    ("whole, still pending", [(4700, RefundStatus.PENDING)], None, OrderStatus.REFUNDED, False),
    ("whole, then failed", [(4700, RefundStatus.FAILED)], 4700, OrderStatus.COMPLETED, True),
    ("in full, reported by the charge alone", [], 4700, OrderStatus.REFUNDED, False),
    ("part", [(1000, RefundStatus.SUCCEEDED)], 1000, OrderStatus.PARTIALLY_REFUNDED, True),
    ("two parts that make the whole", [(1700, RefundStatus.SUCCEEDED), (3000, RefundStatus.SUCCEEDED)], 4700,
     OrderStatus.REFUNDED, False),
    ("two parts, one known", [(1700, RefundStatus.SUCCEEDED)], 4700, OrderStatus.REFUNDED, False),
    ("a part that was canceled", [(1000, RefundStatus.CANCELED)], 1000, OrderStatus.COMPLETED, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "refunded", "charge", "status", "live"), REFUNDS, ids=[r[0] for r in REFUNDS]
)
def test_refunds_decide_status_and_access(story, refunded, charge, status, live) -> None:
    order = paid()
    for number, (amount, state) in enumerate(refunded):
        refund(order, amount, state, number)
    if charge is not None:
        report_refunded(order, charge)
    outcome = derive(order)
    assert outcome.status is status
    assert [state.active for state in outcome.grants.values()] == [live]


def test_a_partial_refund_revokes_access_by_the_products_policy() -> None:
    order = paid(policy=PartialRefundPolicy.REVOKE)
    refund(order, 1)
    [state] = derive(order).grants.values()
    assert (state.active, state.reason) == (False, GrantReason.REFUNDED)


def test_the_refund_of_a_duplicate_payment_revokes_nothing() -> None:
    order = paid()
    payments.record_succeeded(
        order, intent("pi_2", amount_received=4700, charge_id="ch_2", reported_at=NOW), now=NOW
    )
    order.refunds.append(
        Refund(
            stripe_refund_id="re_1",
            stripe_charge_id="ch_2",
            amount=4700,
            currency="eur",
            status=RefundStatus.SUCCEEDED,
        )
    )
    outcome = derive(order)
    assert outcome.status is OrderStatus.COMPLETED
    assert [state.active for state in outcome.grants.values()] == [True]


DISPUTES = [
    (DisputeStatus.WARNING_NEEDS_RESPONSE, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.WARNING_CLOSED, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.PREVENTED, 4700, OrderStatus.COMPLETED, True),
    (DisputeStatus.NEEDS_RESPONSE, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.APPEAL_UNDER_REVIEW, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.LOST, 4700, OrderStatus.DISPUTED, False),
    (DisputeStatus.LOST, 1000, OrderStatus.PARTIALLY_REFUNDED, True),
    (DisputeStatus.WON, 4700, OrderStatus.COMPLETED, True),
]


def add_dispute(order: Order, status: DisputeStatus, amount: int, movements: int = 0, **columns: Any) -> None:
    columns = {"stripe_dispute_id": "du_1", "currency": "eur"} | columns
    order.disputes.append(Dispute(amount=amount, status=status, movements=movements, **columns))


@pytest.mark.parametrize(("dispute", "amount", "status", "live"), DISPUTES)
def test_a_dispute_suspends_revokes_and_restores_access(dispute, amount, status, live) -> None:
    order = paid()
    add_dispute(order, dispute, amount)
    outcome = derive(order)
    assert outcome.status is status
    assert [state.active for state in outcome.grants.values()] == [live]
    # The buyer gets a message once access is restored.
    is_notified = (MessageKind.ACCESS_READY, "du_1") in outcome.messages
    assert is_notified is (dispute is DisputeStatus.WON)


LOSSES = [
    ("nearly all, less a fee", DisputeStatus.LOST, 4655, "eur", 1, 0, OrderStatus.DISPUTED, 0),
    ("a part", DisputeStatus.LOST, 4400, "eur", 1, 0, OrderStatus.PARTIALLY_REFUNDED, 300),
    ("nearly all that a refund left", DisputeStatus.LOST, 3650, "eur", 1, 1000, OrderStatus.DISPUTED, 0),
    ("a small amount of another currency", DisputeStatus.LOST, 50, "usd", 1, 0, OrderStatus.DISPUTED, 0),
    ("a large amount of another currency", DisputeStatus.LOST, 750_000, "jpy", 1, 1000, OrderStatus.DISPUTED, 0),
    ("prevented, with the money gone", DisputeStatus.PREVENTED, 4700, "eur", 1, 0, OrderStatus.DISPUTED, 0),
    ("prevented, and the money returned", DisputeStatus.PREVENTED, 4700, "eur", 2, 0, OrderStatus.COMPLETED, 4700),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "dispute", "amount", "currency", "movements", "refunded", "status", "net_paid"),
    LOSSES,
    ids=[story for story, *_ in LOSSES],
)
def test_a_dispute_that_took_the_money_revokes_access(
    story, dispute, amount, currency, movements, refunded, status, net_paid
) -> None:
    order = paid()
    if refunded:
        refund(order, refunded)
    add_dispute(order, dispute, amount, movements, currency=currency)
    outcome = derive(order)
    assert (outcome.status, money_of(order).net_paid) == (status, net_paid)
    assert [state.active for state in outcome.grants.values()] == [status is not OrderStatus.DISPUTED]


def test_a_lost_dispute_of_a_duplicate_payment_leaves_the_order_paid() -> None:
    order = opened()
    pay(order, 1)
    pay(order, 2)
    add_dispute(order, DisputeStatus.LOST, 50, 1, currency="usd", stripe_charge_id="ch_2")
    assert (derive(order).status, money_of(order).net_paid) == (OrderStatus.COMPLETED, 4700)


def test_a_free_order_is_complete_and_never_refunded() -> None:
    order = make_order(amount=0)
    outcome = derive(order)
    assert outcome.status is OrderStatus.COMPLETED
    assert [state.reason for state in outcome.grants.values()] == [GrantReason.FREE]


def test_a_fully_refunded_mismatch_needs_no_review() -> None:
    order = paid(received=4600)
    refund(order, 4600)
    outcome = derive(order)
    assert (outcome.status, outcome.review, outcome.grants) == (OrderStatus.REFUNDED, None, {})


def test_a_refund_that_names_no_charge_is_counted_once() -> None:
    order = paid()
    report_refunded(order, 2350)
    refund(order, 2350)
    order.refunds[0].stripe_charge_id = None
    assert derive(order).status is OrderStatus.PARTIALLY_REFUNDED


def test_an_attempt_that_stripe_no_longer_reports_is_over() -> None:
    order = opened()
    acting(order)
    declined(order, "ch_2", "pm_2")
    assert derive(order).status is OrderStatus.PROCESSING
    payments.end_attempts(order, "pi_1", ["pm_1"])
    assert derive(order).status is OrderStatus.FAILED


RESERVED, SOLD, RELEASED = ReservationState.RESERVED, ReservationState.SOLD, ReservationState.RELEASED


def make_cart(policy: ReleaseOnFailure = ReleaseOnFailure.AT_DEADLINE) -> Order:
    """Goods that come back to the shelf with the money, goods that do not, and something digital."""
    order = make_order()
    order.release_on_failure = policy
    for product_id, restock in (("shirt", True), ("cap", False)):
        order.lines.append(
            OrderLine(
                id=uuid4(),
                position=len(order.lines),
                product_id=product_id,
                product_name=product_id,
                kind=ProductKind.PHYSICAL,
                quantity=2,
                unit_amount=0,
                on_partial_refund=PartialRefundPolicy.KEEP,
                restock_on_refund=restock,
            )
        )
    return order


def session_facts(number: int = 1, **fields: Any) -> SessionFacts:
    values: dict[str, Any] = {
        "id": f"cs_{number}",
        "state": SessionState.OPEN,
        "is_paid": False,
        "amount": 4700,
        "currency": "eur",
        "expires_at": NOW,
    }
    return SessionFacts(**(values | fields))


def on_page(policy: ReleaseOnFailure = ReleaseOnFailure.AT_DEADLINE) -> Order:
    order = make_cart(policy)
    attach_session(order, session_facts(), now=NOW)
    return order


def page_paid(order: Order) -> None:
    facts = session_facts(state=SessionState.COMPLETE, is_paid=True, payment_intent_id="pi_1")
    record_session(order, facts, reported_at=NOW, now=NOW)


def page_finished(order: Order) -> None:
    record_session(
        order,
        session_facts(state=SessionState.COMPLETE, payment_intent_id="pi_1"),
        reported_at=NOW,
        now=NOW,
    )


def page_failed(order: Order) -> None:
    facts = session_facts(state=SessionState.COMPLETE, payment_intent_id="pi_1")
    record_session(order, facts, reported_at=NOW, has_failed=True, now=NOW)


def page_expired(order: Order) -> None:
    record_session(order, session_facts(state=SessionState.EXPIRED, payment_intent_id="pi_1"), now=NOW)


PAGES = [
    ("nothing yet", [], OrderStatus.PENDING, RESERVED),
    ("asked to act", [acting], OrderStatus.PROCESSING, RESERVED),
    ("declined", [declined], OrderStatus.FAILED, RESERVED),
    ("paid", [succeeded, page_paid], OrderStatus.COMPLETED, SOLD),
    ("only the session reports that it was paid", [page_paid], OrderStatus.COMPLETED, SOLD),
    ("only the payment reports that it was paid", [succeeded], OrderStatus.COMPLETED, SOLD),
    ("declined, then paid", [declined, page_paid], OrderStatus.COMPLETED, SOLD),
    ("finished, no money yet", [page_finished], OrderStatus.PROCESSING, RESERVED),
    ("finished, a debit on its way", [processing, page_finished], OrderStatus.PROCESSING, RESERVED),
    ("a debit that arrived", [processing, page_finished, page_paid], OrderStatus.COMPLETED, SOLD),
    ("a debit that failed", [processing, page_finished, declined, page_failed], OrderStatus.FAILED, RELEASED),
    ("only the session reports that its debit failed", [processing, page_failed], OrderStatus.FAILED, RELEASED),
    ("only the payment reports that its debit failed", [processing, page_finished, declined], OrderStatus.FAILED,
     RELEASED),
    ("expired", [page_expired], OrderStatus.CANCELLED, RELEASED),
    ("declined, then expired", [declined, page_expired], OrderStatus.CANCELLED, RELEASED),
    ("declined, canceled and expired", [declined, canceled, page_expired], OrderStatus.CANCELLED, RELEASED),
    ("expired before the bank was answered", [acting, page_expired], OrderStatus.CANCELLED, RELEASED),
    ("expired, and paid in the same second", [page_expired, page_paid], OrderStatus.COMPLETED, SOLD),
]  # fmt: skip


def card_declined(order: Order) -> None:
    """A card is declined on the page, before the buyer pays by bank debit there."""
    declined(order, "ch_0", "pm_0")


@pytest.mark.parametrize(
    ("records", "status", "stock"),
    [
        ([card_declined, page_finished], OrderStatus.PROCESSING, RESERVED),
        ([card_declined, page_finished, processing], OrderStatus.PROCESSING, RESERVED),
        ([card_declined, page_finished, processing, page_paid], OrderStatus.COMPLETED, SOLD),
        ([card_declined, page_finished, processing, declined], OrderStatus.FAILED, RELEASED),
    ],
)
def test_a_bank_debit_after_a_declined_card_is_awaited_until_the_debit_ends(records, status, stock) -> None:
    for permutation in itertools.permutations(records):
        order = on_page()
        for record in permutation:
            # A payment that is not attached yet is attached by the event that is recorded first.
            record(order)
        outcome = derive(order)
        assert outcome.status is status, permutation
        assert set(outcome.stock.values()) == {stock}, permutation


@pytest.mark.parametrize(
    ("story", "facts", "status", "stock_state"), PAGES, ids=[story for story, *_ in PAGES]
)
def test_a_session_has_one_outcome_in_whatever_order_its_events_arrive(
    story, facts, status, stock_state
) -> None:
    for permutation in itertools.permutations(facts):
        order = on_page()
        for record in (*permutation, *permutation):
            record(order)
        outcome = derive(order)
        assert outcome.status is status
        assert outcome.stock == {"shirt": stock_state, "cap": stock_state}


def next_request(kind: RequestKind) -> PaymentRequest:
    return PaymentRequest(attempt=2, kind=kind, state=RequestState.FROZEN)


EARLIER_PAGES = [
    ("declined and expired", [declined, page_expired]),
    ("declined, canceled and expired", [declined, canceled, page_expired]),
    ("left at the bank and expired", [acting, page_expired]),
    ("a debit that failed", [processing, page_finished, declined, page_failed]),
]


@pytest.mark.parametrize(("story", "facts"), EARLIER_PAGES, ids=[story for story, _ in EARLIER_PAGES])
@pytest.mark.parametrize("policy", list(ReleaseOnFailure))
def test_a_new_session_keeps_its_reservation_whatever_happened_to_the_earlier_one(
    story, facts, policy
) -> None:
    order = on_page(policy)
    for record in facts:
        record(order)
    attach_session(order, session_facts(2), now=NOW)

    outcome = derive(order)
    assert outcome.status is OrderStatus.PENDING
    assert outcome.stock == {"shirt": RESERVED, "cap": RESERVED}


@pytest.mark.parametrize(("story", "facts"), EARLIER_PAGES, ids=[story for story, _ in EARLIER_PAGES])
def test_a_late_event_of_an_earlier_session_does_not_answer_the_request_for_the_next_one(
    story, facts
) -> None:
    order = on_page()
    order.requests.append(next_request(RequestKind.CHECKOUT_SESSION))
    for record in facts:
        record(order)

    outcome = derive(order)
    assert order.requests[-1].state is RequestState.FROZEN
    assert outcome.status is OrderStatus.PENDING
    assert outcome.stock == {"shirt": RESERVED, "cap": RESERVED}


def test_a_late_event_of_an_earlier_payment_does_not_answer_the_request_for_the_next_one() -> None:
    order = opened()
    order.requests.append(next_request(RequestKind.PAYMENT_INTENT))
    canceled(order)

    assert order.requests[-1].state is RequestState.FROZEN
    assert derive(order).status is OrderStatus.PENDING


def test_a_session_that_only_its_event_reports_answers_the_request_for_it() -> None:
    order = on_page()
    order.requests.append(next_request(RequestKind.CHECKOUT_SESSION))
    attach_session(order, session_facts(2), now=NOW)

    assert order.requests[-1].state is RequestState.ACCEPTED


def test_a_declined_attempt_in_a_new_session_fails_the_order() -> None:
    order = on_page(ReleaseOnFailure.AT_ONCE)
    for record in (processing, page_finished, declined, page_failed):
        record(order)
    attach_session(order, session_facts(2), now=NOW)
    payments.record_declined(
        order,
        intent("pi_2", failure=AttemptFailure("ch_2", "pm_2", "card_declined", "generic_decline")),
        now=NOW,
    )

    outcome = derive(order)
    assert outcome.status is OrderStatus.FAILED
    assert outcome.stock == {"shirt": RELEASED, "cap": RELEASED}


FAILURES = [
    ("a card is declined", [declined], ReleaseOnFailure.AT_DEADLINE, RESERVED),
    ("a card is declined, and the tenant is strict", [declined], ReleaseOnFailure.AT_ONCE, RELEASED),
    ("the bank is not answered, and the tenant is strict", [acting, lambda o: declined(o, None)],
     ReleaseOnFailure.AT_ONCE, RELEASED),
    ("a debit bounces", [processing, declined], ReleaseOnFailure.AT_DEADLINE, RELEASED),
    ("declined, and another card acts", [lambda o: declined(o, "ch_0", "pm_0"), acting],
     ReleaseOnFailure.AT_ONCE, RESERVED),
    ("nothing yet, and the tenant is strict", [], ReleaseOnFailure.AT_ONCE, RESERVED),
    ("canceled", [canceled], ReleaseOnFailure.AT_DEADLINE, RELEASED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("story", "facts", "policy", "stock_state"), FAILURES, ids=[story for story, *_ in FAILURES]
)
def test_a_failed_payment_releases_stock_by_the_tenants_policy(story, facts, policy, stock_state) -> None:
    for permutation in itertools.permutations(facts):
        order = make_cart(policy)
        payments.attach_intent(order, intent(), now=NOW)
        for record in permutation:
            record(order)
        assert derive(order).stock == {"shirt": stock_state, "cap": stock_state}


def test_a_refused_request_releases_stock_at_once() -> None:
    order = make_cart()
    order.requests.append(
        PaymentRequest(attempt=1, state=RequestState.REFUSED, refusal={"code": "x", "message": "y"})
    )
    assert set(derive(order).stock.values()) == {RELEASED}


RETURNS = [
    ("nothing went back", [], SOLD),
    ("all of it", [(4700, RefundStatus.SUCCEEDED)], RELEASED),
    ("all of it in parts", [(1700, RefundStatus.SUCCEEDED), (3000, RefundStatus.SUCCEEDED)], RELEASED),
    ("a part", [(4699, RefundStatus.SUCCEEDED)], SOLD),
    ("all of it, still on its way", [(4700, RefundStatus.PENDING)], SOLD),
    ("all of it, and it failed", [(4700, RefundStatus.FAILED)], SOLD),
    ("a part, the rest on its way", [(1700, RefundStatus.SUCCEEDED), (3000, RefundStatus.PENDING)], SOLD),
]


@pytest.mark.parametrize(("story", "refunded", "shirts"), RETURNS, ids=[story for story, *_ in RETURNS])
def test_a_full_refund_restocks_by_the_products_policy(story, refunded, shirts) -> None:
    order = make_cart()
    succeeded(order)
    for number, (amount, status) in enumerate(refunded):
        refund(order, amount, status, number)
    assert derive(order).stock == {"shirt": shirts, "cap": SOLD}


def test_an_order_under_review_keeps_its_reservation() -> None:
    order = make_cart()
    payments.record_succeeded(order, intent(amount_received=4600, charge_id="ch_1", reported_at=NOW), now=NOW)
    outcome = derive(order)
    assert outcome.review is ReviewReason.AMOUNT_MISMATCH
    assert outcome.stock == {"shirt": RESERVED, "cap": RESERVED}


def pay(order: Order, number: int, received: int = 4700) -> None:
    payments.record_succeeded(
        order,
        intent(f"pi_{number}", amount_received=received, charge_id=f"ch_{number}", reported_at=NOW),
        now=NOW,
    )


SECOND_PAYMENTS = [
    ("paid once", [4700], []),
    ("paid twice", [4700, 4700], ["pi_2"]),
    ("paid three times", [4700, 4700, 4700], ["pi_2", "pi_3"]),
    ("first wrong, then right", [4600, 4700], ["pi_1"]),
    ("first right, then wrong", [4700, 4600], ["pi_2"]),
    # Which of them was meant is unknown: an operator decides.
    ("wrong twice", [4600, 4600], []),
]


@pytest.mark.parametrize(
    ("story", "received", "returned"), SECOND_PAYMENTS, ids=[story for story, *_ in SECOND_PAYMENTS]
)
def test_every_duplicate_payment_is_refunded_automatically(story, received, returned) -> None:
    order = make_cart()
    numbered = list(enumerate(received, start=1))
    for number, _ in numbered:
        payments.attach_intent(order, intent(f"pi_{number}"), now=NOW)
    # The order of the events must not matter.
    for number, amount in reversed(numbered):
        pay(order, number, amount)

    outcome = derive(order)
    assert [(p.stripe_payment_intent_id, origin) for p, origin in outcome.refunds] == [
        (intent_id, RefundOrigin.DUPLICATE_PAYMENT) for intent_id in returned
    ]
    assert outcome.is_paid is (4700 in received)


def sold_out() -> Order:
    """Paid after its stock had been released, when no unit was left."""
    order = make_cart()
    pay(order, 1)
    order.sold_out_at = NOW
    return order


def test_a_sold_out_order_grants_nothing_and_is_refunded_in_full() -> None:
    outcome = derive(sold_out())
    assert (outcome.status, outcome.is_paid, outcome.grants) == (OrderStatus.PROCESSING, False, {})
    assert outcome.stock == {"shirt": RELEASED, "cap": RELEASED}
    assert [(p.stripe_payment_intent_id, origin) for p, origin in outcome.refunds] == [
        ("pi_1", RefundOrigin.SOLD_OUT)
    ]
    assert outcome.messages == frozenset()


def test_every_payment_of_a_sold_out_order_is_refunded() -> None:
    order = sold_out()
    pay(order, 2)
    assert {origin for _, origin in derive(order).refunds} == {RefundOrigin.SOLD_OUT}
    assert len(derive(order).refunds) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RefundStatus.PENDING, OrderStatus.REFUNDED),
        (RefundStatus.SUCCEEDED, OrderStatus.REFUNDED),
        # The refund failed: the order stays unfulfilled.
        (RefundStatus.FAILED, OrderStatus.PROCESSING),
    ],
)
def test_the_buyer_of_a_sold_out_order_gets_only_the_refund_message(status, expected) -> None:
    order = sold_out()
    refund(order, 4700, status)
    order.refunds[0].has_succeeded = status is RefundStatus.SUCCEEDED
    outcome = derive(order)
    assert (outcome.status, outcome.is_paid) == (expected, False)
    assert outcome.stock == {"shirt": RELEASED, "cap": RELEASED}
    expected_messages = {(MessageKind.ORDER_REFUNDED, "re_1")} if status is RefundStatus.SUCCEEDED else set()
    assert outcome.messages == expected_messages


def test_an_order_abandoned_before_its_payment_was_requested_releases_its_stock() -> None:
    order = make_cart()
    order.closed_at = NOW
    outcome = derive(order)
    assert outcome.status is OrderStatus.CANCELLED
    assert outcome.stock == {"shirt": RELEASED, "cap": RELEASED}
