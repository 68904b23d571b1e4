"""From what a buyer may withdraw, until when, and what is refunded for it."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from lumira.domain import payments, refund_lines, refund_requests
from lumira.domain.commands import RefundLine
from lumira.domain.outcome import derive
from lumira.domain.payments import IntentFacts
from lumira.domain.refunds import RefundFacts, record_refund
from lumira.domain.withdrawal import NoRight, is_whole_order_withdrawn, record_withdrawal, right_of
from lumira.domain.withdrawal_period import last_day
from lumira.errors.orders import NotRefundable
from lumira.models import (
    Dispute,
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    ProductKind,
    RefundOrigin,
    RefundStatus,
    Withdrawal,
    WithdrawalDecision,
    WithdrawalVia,
)

PARIS = ZoneInfo("Europe/Paris")
#: A Monday.
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CONSENTED = {"terms": "2026-11", "immediate_delivery": True}


def line(name: str, amount: int, quantity: int = 1, **changes: object) -> OrderLine:
    is_goods = name in ("mug", "pen")
    values = {
        "id": uuid4(),
        "product_id": name,
        "product_name": name,
        "kind": ProductKind.PHYSICAL if is_goods else ProductKind.DIGITAL,
        "quantity": quantity,
        "unit_amount": amount,
        "on_partial_refund": PartialRefundPolicy.KEEP,
        "restock_on_refund": True,
        "is_repeated": False,
    }
    return OrderLine(**values | changes)


def sold(*lines: OrderLine, paid: bool = True, **changes: object) -> Order:
    """A completed order of these lines, paid unless it is free."""
    amount = sum(each.quantity * each.unit_amount for each in lines)
    values = {
        "tenant_id": 1,
        "id": uuid4(),
        "order_number": "LUM-1",
        "customer_email": "ana@example.com",
        "amount": amount,
        "currency": "eur",
        "status": OrderStatus.COMPLETED,
        "completed_at": NOW,
        "withdrawal_days": 14,
        "delivery_days": 30,
    }
    order = Order(**values | changes)
    order.lines.extend(lines)
    if amount and paid:
        pay(order, "pi_1")
    return order


def pay(order: Order, intent_id: str, amount: int | None = None) -> None:
    received = amount or order.amount
    facts = IntentFacts(
        intent_id,
        "succeeded",
        order.amount,
        "eur",
        amount_received=received,
        charge_id=f"ch_{intent_id}",
    )
    payments.record_succeeded(order, facts, now=NOW)


def withdraw(order: Order, units: dict[str, int] | None = None, *, accepted: bool = True) -> Withdrawal:
    ids = {each.product_id: each for each in order.lines}
    chosen = units or {name: each.quantity for name, each in ids.items()}
    return record_withdrawal(
        order,
        {ids[name].id: quantity for name, quantity in chosen.items()},
        via=WithdrawalVia.PORTAL,
        reason=None,
        requested_at=NOW,
        now=NOW,
        is_accepted=accepted,
    )


def decide(withdrawal: Withdrawal, decision: WithdrawalDecision) -> None:
    withdrawal.decision, withdrawal.decided_at = decision, NOW


def dispute(order: Order, status: DisputeStatus) -> None:
    order.disputes.append(
        Dispute(
            stripe_dispute_id="du_1",
            stripe_charge_id="ch_pi_1",
            amount=order.amount,
            currency="eur",
            status=status,
            was_inquiry=False,
        )
    )


def due(order: Order) -> list[tuple[str, int]]:
    return [(each.payment.stripe_payment_intent_id, each.amount) for each in derive(order).withdrawal_refunds]


def request(order: Order) -> None:
    """Decide the refunds that are due, as settling does."""
    for each in derive(order).withdrawal_refunds:
        refund_requests.freeze_withdrawal_request(order, each, NOW)


def refund(order: Order, status: RefundStatus = RefundStatus.SUCCEEDED) -> None:
    """Let Stripe carry out every request that is under way."""
    for number, each in enumerate(order.refund_requests):
        if each.is_under_way:
            facts = RefundFacts(
                f"re_{number}",
                f"ch_{each.stripe_payment_intent_id}",
                each.amount,
                "eur",
                status,
                each.stripe_payment_intent_id,
                str(each.id),
            )
            record_refund(order, facts, now=NOW)


def grants(order: Order) -> dict[str, GrantReason | None]:
    """The reason why each line gives no access; `None` where it gives access."""
    names = {each.id: each.product_id for each in order.lines}
    return {
        names[line_id]: None if state.active else state.reason
        for line_id, state in derive(order).grants.items()
    }


def reasons(order: Order, at: datetime = NOW) -> dict[str, NoRight | None]:
    return {each.line.product_id: each.why_not for each in right_of(order, zone=PARIS, at=at).lines}


# Until when


@pytest.mark.parametrize(
    ("completed", "expected"),
    [
        # The first day is not counted; a Monday is followed by a Monday.
        (datetime(2026, 11, 2, 12, tzinfo=UTC), date(2026, 11, 16)),
        # In the tenant's time zone it is the next day already.
        (datetime(2026, 11, 2, 23, 30, tzinfo=UTC), date(2026, 11, 17)),
        # A Saturday and a Sunday are extended to Monday.
        (datetime(2026, 11, 7, 12, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 8, 12, tzinfo=UTC), date(2026, 11, 23)),
        # Christmas is a Friday: until Monday.
        (datetime(2026, 12, 11, 12, tzinfo=UTC), date(2026, 12, 28)),
        # Easter Monday, Ascension Day and Whit Monday of 2026.
        (datetime(2026, 3, 23, 12, tzinfo=UTC), date(2026, 4, 7)),
        (datetime(2026, 4, 30, 12, tzinfo=UTC), date(2026, 5, 15)),
        (datetime(2026, 5, 11, 12, tzinfo=UTC), date(2026, 5, 26)),
    ],
)
def test_the_period_ends_on_the_fourteenth_day_or_the_next_working_day(completed, expected):
    assert last_day(sold(line("course", 4700), completed_at=completed), PARIS) == expected


def test_goods_count_from_their_delivery_and_so_does_all_of_their_order():
    order = sold(line("course", 4700), line("mug", 2900))
    # Thirty days for the delivery, then fourteen.
    assert last_day(order, PARIS) == date(2026, 12, 16)
    order.delivery_days, order.withdrawal_days = 5, 30
    assert last_day(order, PARIS) == date(2026, 12, 7)


def test_the_last_day_counts_whole():
    order = sold(line("course", 4700))
    last_second = datetime(2026, 11, 16, 23, 59, 59, tzinfo=PARIS)
    assert reasons(order, last_second) == {"course": None}
    assert reasons(order, last_second + timedelta(seconds=1)) == {"course": NoRight.ENDED}


def test_the_period_has_not_begun_before_the_order_is_completed():
    order = sold(line("course", 4700), paid=False, status=OrderStatus.PROCESSING, completed_at=None)
    right = right_of(order, zone=PARIS, at=NOW + timedelta(days=60))
    assert (right.last_day, right.is_open) == (None, True)


# From what


def test_a_consent_to_immediate_delivery_ends_the_right_of_digital_content_only():
    order = sold(line("course", 4700), line("mug", 2900), consents=CONSENTED)
    assert reasons(order) == {"course": NoRight.WAIVED, "mug": None}
    order.consents = CONSENTED | {"immediate_delivery": False}
    assert reasons(order) == {"course": None, "mug": None}


def test_a_consent_ends_the_right_only_once_the_delivery_has_begun():
    order = sold(
        line("course", 4700), paid=False, consents=CONSENTED, status=OrderStatus.PROCESSING, completed_at=None
    )
    assert reasons(order) == {"course": None}


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.CANCELLED])
def test_an_unpaid_order_has_nothing_to_withdraw_from(status):
    order = sold(line("course", 4700), paid=False, status=status, completed_at=None)
    assert reasons(order) == {"course": NoRight.NOTHING}


def test_a_refunded_order_has_nothing_to_withdraw_from():
    order = sold(line("course", 4700))
    withdraw(order)
    request(order)
    refund(order)
    assert reasons(order) == {"course": NoRight.REFUNDED}


def test_an_order_that_was_lost_to_a_dispute_has_nothing_to_withdraw_from():
    order = sold(line("course", 4700))
    dispute(order, DisputeStatus.LOST)
    assert reasons(order) == {"course": NoRight.REFUNDED}


def test_a_sold_out_order_and_an_ended_test_sale_have_nothing_to_withdraw_from():
    assert reasons(sold(line("mug", 2900), sold_out_at=NOW)) == {"mug": NoRight.NOTHING}
    assert reasons(sold(line("mug", 2900), test_ended_at=NOW)) == {"mug": NoRight.NOTHING}


def test_units_are_withdrawn_from_once():
    order = sold(line("mug", 2900, 3))
    withdraw(order, {"mug": 2}, accepted=False)
    assert [(each.quantity, each.why_not) for each in right_of(order, zone=PARIS, at=NOW).lines] == [
        (1, None)
    ]
    withdraw(order, {"mug": 1}, accepted=False)
    assert reasons(order) == {"mug": NoRight.WITHDRAWN}


def test_a_refused_withdrawal_is_not_repeated_by_the_buyer_but_may_be_recorded_by_an_operator():
    order = sold(line("mug", 2900))
    decide(withdraw(order, accepted=False), WithdrawalDecision.REFUSED)
    assert reasons(order) == {"mug": NoRight.REFUSED}
    assert right_of(order, zone=PARIS, at=NOW, is_by_operator=True).is_open


# What follows


def test_access_is_suspended_until_an_operator_decides():
    order = sold(line("course", 4700))
    withdrawal = withdraw(order, accepted=False)
    assert grants(order) == {"course": GrantReason.WITHDRAWN}
    assert due(order) == []

    decide(withdrawal, WithdrawalDecision.REFUSED)
    assert grants(order) == {"course": None}
    assert due(order) == []


def test_an_accepted_withdrawal_ends_the_access_and_is_refunded_once():
    order = sold(line("course", 4700))
    withdraw(order)
    assert due(order) == [("pi_1", 4700)]
    assert grants(order) == {"course": GrantReason.WITHDRAWN}
    request(order)
    assert due(order) == []
    refund(order)
    assert (derive(order).status, grants(order)) == (OrderStatus.REFUNDED, {"course": GrantReason.REFUNDED})
    assert due(order) == []


def test_a_refund_that_fails_restores_no_access():
    order = sold(line("course", 4700))
    withdraw(order)
    request(order)
    refund(order)
    refund_failed = order.refunds[0]
    refund_failed.status = RefundStatus.FAILED
    assert grants(order) == {"course": GrantReason.WITHDRAWN}
    assert due(order) == []


def test_a_part_is_refunded_with_the_prices_of_its_units():
    order = sold(line("mug", 2900, 3), line("pen", 900))
    withdraw(order, {"mug": 2})
    assert due(order) == [("pi_1", 5800)]
    request(order)
    refund(order)
    assert derive(order).status is OrderStatus.PARTIALLY_REFUNDED
    # The last part is refunded with what remains.
    withdraw(order, {"mug": 1, "pen": 1})
    assert due(order) == [("pi_1", 3800)]


def test_what_was_refunded_before_is_not_refunded_again():
    order = sold(line("mug", 2900), line("pen", 900))
    record_refund(order, RefundFacts("re_x", "ch_pi_1", 1000, "eur", RefundStatus.SUCCEEDED, "pi_1"), now=NOW)
    withdraw(order, {"mug": 1})
    assert due(order) == [("pi_1", 2800)]


def test_a_withdrawal_leaves_the_access_of_other_lines_whatever_their_policy():
    strict = line("strict", 3000, on_partial_refund=PartialRefundPolicy.REVOKE)
    order = sold(strict, line("course", 4700))
    withdraw(order, {"course": 1})
    request(order)
    assert grants(order) == {"strict": None, "course": GrantReason.WITHDRAWN}
    refund(order)
    assert grants(order) == {"strict": None, "course": GrantReason.WITHDRAWN}
    # Another partial refund revokes it.
    record_refund(order, RefundFacts("re_x", "ch_pi_1", 500, "eur", RefundStatus.SUCCEEDED, "pi_1"), now=NOW)
    assert grants(order)["strict"] is GrantReason.REFUNDED


def test_a_free_contract_ends_with_its_access():
    order = sold(line("taster", 0))
    withdraw(order)
    assert (derive(order).status, grants(order), due(order)) == (
        OrderStatus.COMPLETED,
        {"taster": GrantReason.WITHDRAWN},
        [],
    )


def test_a_withdrawal_before_the_payment_is_refunded_once_it_arrives_and_gives_no_access():
    order = sold(line("course", 4700), paid=False, status=OrderStatus.PROCESSING, completed_at=None)
    withdraw(order)
    assert due(order) == []
    pay(order, "pi_1")
    assert due(order) == [("pi_1", 4700)]
    assert grants(order) == {"course": GrantReason.WITHDRAWN}


def test_a_payment_of_another_amount_is_refunded_whole():
    order = sold(line("course", 4700), paid=False, status=OrderStatus.PROCESSING, completed_at=None)
    pay(order, "pi_1", 4600)
    withdraw(order)
    assert due(order) == [("pi_1", 4600)]


def test_a_disputed_payment_is_refunded_once_the_dispute_is_won():
    order = sold(line("course", 4700))
    withdraw(order)
    dispute(order, DisputeStatus.NEEDS_RESPONSE)
    assert due(order) == []
    order.disputes[0].status = DisputeStatus.WON
    assert due(order) == [("pi_1", 4700)]


def test_what_a_lost_dispute_took_is_not_refunded():
    order = sold(line("course", 4700))
    withdraw(order)
    dispute(order, DisputeStatus.LOST)
    assert due(order) == []


def test_a_withdrawal_is_refunded_again_if_another_payment_settles_the_order():
    order = sold(line("course", 4700), paid=False)
    payments.attach_intent(order, IntentFacts("pi_0", "requires_payment_method", 4700, "eur"), now=NOW)
    pay(order, "pi_1")
    withdraw(order)
    request(order)
    refund(order)
    # The first payment succeeds late: it settles the order now, and the other one is a duplicate.
    pay(order, "pi_0")
    assert due(order) == [("pi_0", 4700)]


def test_the_same_is_refunded_in_whatever_order_the_facts_are_recorded():
    def paid(order: Order) -> None:
        pay(order, "pi_1")

    def withdrawn(order: Order) -> None:
        withdraw(order, {"mug": 1})

    def won(order: Order) -> None:
        dispute(order, DisputeStatus.WON)

    facts: list[Callable[[Order], None]] = [paid, withdrawn, won]
    for arranged in itertools.permutations(facts):
        order = sold(line("mug", 2900), line("course", 4700), paid=False)
        for fact in arranged:
            fact(order)
            request(order)
        assert [(each.stripe_payment_intent_id, each.amount) for each in order.refund_requests] == [
            ("pi_1", 2900)
        ]
        assert grants(order) == {"course": None}


def test_an_acknowledgement_is_due_for_every_withdrawal_and_a_message_for_every_refusal():
    order = sold(line("mug", 2900), line("pen", 900))
    first, second = withdraw(order, {"mug": 1}), withdraw(order, {"pen": 1}, accepted=False)
    decide(second, WithdrawalDecision.REFUSED)
    kinds = {
        (kind, subject) for kind, subject in derive(order).messages if str(kind).startswith("withdrawal")
    }
    assert kinds == {
        (MessageKind.WITHDRAWAL_ACKNOWLEDGED, str(first.id)),
        (MessageKind.WITHDRAWAL_ACKNOWLEDGED, str(second.id)),
        (MessageKind.WITHDRAWAL_REFUSED, str(second.id)),
    }


def test_an_order_is_withdrawn_whole_by_several_parts():
    order = sold(line("mug", 2900, 2), line("pen", 900))
    withdraw(order, {"mug": 2})
    assert not is_whole_order_withdrawn(order)
    withdraw(order, {"pen": 1}, accepted=False)
    assert is_whole_order_withdrawn(order)


def refund_lines_of(order: Order, units: dict[str, int]) -> None:
    """Refund units of lines, as an operator does."""
    [payment] = order.payments
    wanted = [RefundLine(name, quantity) for name, quantity in units.items()]
    lines = refund_lines.freeze_lines(order, payment, wanted)
    amount = refund_lines.amount_of(order, lines)
    refund_requests.freeze_request(
        order, payment, amount=amount, origin=RefundOrigin.REQUESTED, now=NOW, lines=lines
    )


def test_units_that_an_operator_refunded_are_not_withdrawn_from():
    order = sold(line("mug", 2900, 2), line("pen", 900))
    refund_lines_of(order, {"mug": 1, "pen": 1})
    rights = {each.line.product_id: each for each in right_of(order, zone=PARIS, at=NOW).lines}
    assert (rights["mug"].quantity, rights["mug"].why_not) == (1, None)
    assert (rights["pen"].quantity, rights["pen"].why_not) == (0, NoRight.REFUNDED)
    # What remains is all that remains.
    withdraw(order, {"mug": 1})
    assert is_whole_order_withdrawn(order)
    assert due(order) == [("pi_1", 2900)]


def test_units_that_an_operator_refunded_meanwhile_are_not_refunded_again():
    order = sold(line("mug", 2900, 2), line("pen", 900))
    withdrawal = withdraw(order, {"mug": 2}, accepted=False)
    refund_lines_of(order, {"mug": 1})
    decide(withdrawal, WithdrawalDecision.ACCEPTED)
    assert due(order) == [("pi_1", 2900)]


def test_an_operator_does_not_refund_units_that_a_withdrawal_refunds():
    order = sold(line("mug", 2900, 2), line("pen", 900))
    withdraw(order, {"mug": 1})
    request(order)
    assert refund_lines.refundable_quantity(order, order.lines[0]) == 1
    with pytest.raises(NotRefundable):
        refund_lines_of(order, {"mug": 2})


def test_a_part_of_a_payment_in_another_currency_is_for_an_operator_to_refund():
    order = sold(line("mug", 2900), line("pen", 900), paid=False, review_released_at=NOW)
    pay(order, "pi_1")
    order.payments[0].currency = "usd"
    withdraw(order, {"mug": 1})
    assert due(order) == []
    withdraw(order, {"pen": 1})
    assert due(order) == [("pi_1", 3800)]


def sent(*lines: OrderLine, postage: int) -> Order:
    """A completed order of goods that were sent for this postage."""
    amount = sum(each.quantity * each.unit_amount for each in lines) + postage
    return sold(*lines, amount=amount, shipping_zone="France", shipping_amount=postage)


def test_the_postage_is_refunded_with_the_last_of_the_goods() -> None:
    order = sent(line("mug", 1900, 2), postage=490)
    withdraw(order, {"mug": 1})
    assert due(order) == [("pi_1", 1900)]
    request(order)
    withdraw(order, {"mug": 1})
    assert due(order) == [("pi_1", 1900 + 490)]
    request(order)
    assert [each.shipping_amount for each in order.refund_requests] == [0, 490]
    assert refund_lines.refundable_postage(order) == 0


def test_the_postage_is_refunded_if_only_digital_content_is_kept() -> None:
    order = sent(line("mug", 1900), line("song", 900), postage=490)
    withdraw(order, {"song": 1})
    assert due(order) == [("pi_1", 900)]
    other = sent(line("mug", 1900), line("song", 900), postage=490)
    withdraw(other, {"mug": 1})
    assert due(other) == [("pi_1", 1900 + 490)]
