"""An operator decides about withdrawals; the database refuses what must never happen."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.withdrawal import record_withdrawal
from lumira.errors.customers import NotErasable
from lumira.errors.orders import NotWithdrawable
from lumira.models import (
    AlertKind,
    MessageKind,
    OrderStatus,
    RefundOrigin,
    RefundRequest,
    Withdrawal,
    WithdrawalDecision,
    WithdrawalLine,
    WithdrawalVia,
)
from lumira.models.columns import uuid7
from lumira.notifications import relay
from lumira.repositories.orders import orders
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import export_customer
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.withdraw import record_statement
from tests.support.factories import BUYER, Brand, count, load_order
from tests.support.parcels import ship
from tests.support.portal_pages import reached_at
from tests.support.refunds import (
    alerts_of,
    audited,
    close_dispute,
    deliver_events,
    disputed,
    pay,
    refund,
    run_sweep,
)
from tests.support.withdrawal_pages import mails

pytestmark = pytest.mark.usefixtures("app_context")


def withdrawn(brand: Brand, product: str = "mystique", **sale) -> str:
    """The number of a paid order from which the buyer has withdrawn."""
    number = pay(brand, product, **sale).order_number
    record(brand, number)
    return number


def record(brand: Brand, number: str, reason: str | None = "Too early.") -> None:
    order_id = load_order(brand, number).id
    record_statement(brand.id, order_id, requested_at=utc_now(), reason=reason, actor="operator")


def settle(brand: Brand, number: str, decision: WithdrawalDecision, note: str | None = None) -> None:
    decide(brand.id, load_order(brand, number).id, decision, actor="operator", note=note)


def test_an_alert_names_the_deadline_until_an_operator_decides(tenant) -> None:
    number = withdrawn(tenant)
    assert (AlertKind.WITHDRAWAL_WAITING, number) in alerts_of(tenant)
    settle(tenant, number, WithdrawalDecision.REFUSED)
    assert (AlertKind.WITHDRAWAL_WAITING, number) not in alerts_of(tenant)
    assert [entry.actor for entry in audited(tenant, "withdrawal_requested")] == ["operator"]
    assert [entry.actor for entry in audited(tenant, "withdrawal_refused")] == ["operator"]


def test_an_accepted_withdrawal_is_refunded(tenant) -> None:
    number = withdrawn(tenant)
    settle(tenant, number, WithdrawalDecision.ACCEPTED)
    run_sweep(tenant)
    deliver_events(tenant)
    order = load_order(tenant, number)
    assert (order.status, order.net_paid) == (OrderStatus.REFUNDED, 0)
    with pytest.raises(NotWithdrawable):
        settle(tenant, number, WithdrawalDecision.ACCEPTED)


def test_a_refused_withdrawal_restores_the_access_and_informs_the_buyer(tenant, settings) -> None:
    number = withdrawn(tenant)
    settle(tenant, number, WithdrawalDecision.REFUSED, "It was made for you.")
    order = load_order(tenant, number)
    assert [(grant.active, str(grant.reason)) for grant in order.grants] == [(True, "paid")]
    assert count(tenant, RefundRequest) == 0
    with reached_at():
        [mail] = mails(tenant, settings, MessageKind.WITHDRAWAL_REFUSED)
    assert "It was made for you." in mail
    # The confirmation was not current while the buyer had withdrawn; it is sent after all.
    assert {
        message.kind: str(message.status)
        for message in order.messages
        if message.kind == "order_confirmation"
    }
    relay.relay(tenant.id)
    sent = {str(message.kind): str(message.status) for message in load_order(tenant, number).messages}
    assert sent["order_confirmation"] == "sent"


def test_an_earlier_partial_refund_is_not_paid_twice(tenant) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000)
    record(tenant, opened.order_number)
    settle(tenant, opened.order_number, WithdrawalDecision.ACCEPTED)
    run_sweep(tenant)
    deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.refunded_amount, order.net_paid) == (4700, 0)
    assert sorted(request.amount for request in order.refund_requests) == [1000, 3700]


def test_a_dispute_delays_the_refund_until_it_is_won(tenant) -> None:
    opened = pay(tenant)
    record(tenant, opened.order_number)
    dispute = disputed(tenant, opened)
    deliver_events(tenant)
    settle(tenant, opened.order_number, WithdrawalDecision.ACCEPTED)
    assert count(tenant, RefundRequest) == 0
    close_dispute(tenant, dispute["id"], "won")
    deliver_events(tenant)
    assert count(tenant, RefundRequest, origin=RefundOrigin.WITHDRAWAL) == 1


def test_a_statement_that_came_too_late_is_refused_and_one_that_was_sent_in_time_is_recorded(tenant) -> None:
    number = pay(tenant).order_number
    order_id = load_order(tenant, number).id
    with pytest.raises(NotWithdrawable, match="ended on"):
        record_statement(
            tenant.id, order_id, requested_at=utc_now() + timedelta(days=30), reason=None, actor="operator"
        )
    record_statement(tenant.id, order_id, requested_at=utc_now(), reason=None, actor="operator")
    with pytest.raises(NotWithdrawable, match="already"):
        record_statement(tenant.id, order_id, requested_at=utc_now(), reason=None, actor="operator")


def write(brand: Brand, order_id: UUID, line_id: UUID, quantity: int) -> None:
    """Write a withdrawal without any check of the code."""
    now = utc_now()
    with atomic(brand.id):
        record_withdrawal(
            orders.lock_order(brand.id, order_id),
            {line_id: quantity},
            via=WithdrawalVia.PORTAL,
            reason=None,
            requested_at=now,
            now=now,
            is_accepted=False,
        )


def test_the_database_refuses_more_units_than_were_ordered(tenant) -> None:
    order = load_order(tenant, pay(tenant, "shirt", quantity=2).order_number)
    [line] = order.lines
    with pytest.raises(IntegrityError, match="More units"):
        write(tenant, order.id, line.id, 3)
    write(tenant, order.id, line.id, 2)
    with pytest.raises(IntegrityError, match="More units"):
        write(tenant, order.id, line.id, 1)
    assert count(tenant, Withdrawal) == 1


def test_the_database_refuses_units_of_another_order_s_line(tenant) -> None:
    first, second = (load_order(tenant, pay(tenant, "shirt").order_number) for _ in range(2))
    with pytest.raises(IntegrityError, match="More units"):
        write(tenant, first.id, second.lines[0].id, 1)


def test_the_database_refunds_a_withdrawal_once_for_each_payment(tenant) -> None:
    number = withdrawn(tenant)
    settle(tenant, number, WithdrawalDecision.ACCEPTED)
    [request] = load_order(tenant, number).refund_requests
    again = RefundRequest(
        id=uuid7(),
        tenant_id=tenant.id,
        order_id=request.order_id,
        stripe_payment_intent_id=request.stripe_payment_intent_id,
        amount=1,
        origin=RefundOrigin.WITHDRAWAL,
        withdrawal_id=request.withdrawal_id,
        parameters={},
        stripe_key="another",
    )
    with pytest.raises(IntegrityError, match="uq_refund_requests_withdrawal"):
        insert(tenant, again)


def insert(brand: Brand, request: RefundRequest) -> None:
    with atomic(brand.id):
        db.session.add(request)


def test_a_foreign_tenant_s_order_has_no_withdrawal(tenant, other_tenant) -> None:
    number = withdrawn(tenant)
    with atomic(other_tenant.id):
        assert db.session.query(Withdrawal).all() == db.session.query(WithdrawalLine).all() == []
    assert len(load_order(tenant, number).withdrawals) == 1


def test_the_api_shows_the_withdrawal_and_the_timeline(client, tenant) -> None:
    number = withdrawn(tenant)
    settle(tenant, number, WithdrawalDecision.ACCEPTED)
    shown = client.get(f"/api/orders/{number}", headers=tenant.secret).json
    withdrawal = shown["withdrawal"]
    assert withdrawal["lines"] == [{"productId": "mystique", "quantity": 1}]
    assert (withdrawal["via"], withdrawal["buyerReason"], withdrawal["decision"]) == (
        "operator",
        "Too early.",
        "accepted",
    )
    assert withdrawal["refundDueAt"] > withdrawal["requestedAt"]
    whats = [entry["what"] for entry in shown["timeline"]]
    assert whats.index("withdrawal_requested") < whats.index("withdrawal_accepted")
    untouched = pay(tenant).order_number
    assert client.get(f"/api/orders/{untouched}", headers=tenant.secret).json["withdrawal"] is None


def test_the_export_holds_the_withdrawal_and_the_erasure_only_its_facts(tenant) -> None:
    number = withdrawn(tenant)
    exported = json.dumps(export_customer(tenant.id, BUYER, actor="test").rows)
    assert "Too early." in exported
    assert "withdrawal_lines" in exported
    with pytest.raises(NotErasable, match="withdrawal that waits for a decision"):
        erase_customer(tenant.id, BUYER, actor="operator")
    settle(tenant, number, WithdrawalDecision.REFUSED, "Made for Zoe.")
    erase_customer(tenant.id, BUYER, actor="operator")
    [withdrawal] = load_order(tenant, number).withdrawals
    assert (withdrawal.reason, withdrawal.decision_note) == (None, None)
    assert withdrawal.is_refused
    assert len(withdrawal.lines) == 1


def test_an_erasure_names_the_contracts_that_the_law_keeps(tenant) -> None:
    number = pay(tenant, "shirt", quantity=3).order_number
    ship(tenant, number)
    ship(tenant, pay(tenant, "shirt", quantity=2).order_number)
    erasure = erase_customer(tenant.id, BUYER, actor="operator")
    [(kept, until)] = erasure.kept
    assert kept == number
    assert until.year == utc_now().year + 10
