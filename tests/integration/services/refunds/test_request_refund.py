"""Money goes back once, never more than came, and as it would by Stripe's dashboard."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.domain import refund_requests
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.errors import IdempotencyInProgress, IdempotencyMismatch
from lumira.errors.orders import NotRefundable, OrderNotFound
from lumira.errors.stripe import StripeConfigError, StripeUnavailable
from lumira.models import AuditEntry, IdempotencyKey, Order, OrderStatus, Product, RefundRequest, RequestState
from lumira.repositories.idempotency import idempotency
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.services.customers.view_customers import view_customer
from lumira.services.refunds import request_refund as request_refund_use_case
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.services.refunds.send_refund import attempt_of, send_refund
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.refunds import (
    REFUNDS,
    alerts_of,
    audited,
    deliver_events,
    disputed,
    keyed,
    list_stripe_refunds,
    pay,
    pay_again,
    refund,
    refund_in_dashboard,
    run_sweep,
)
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

#: Misfortunes after which Stripe has not made the refund, and after which it has.
NOT_MADE, MADE = ("429", "500_before", "drop_before", "lock_timeout"), ("500_after", "drop_after")


def asked(brand: Brand) -> int:
    """How often Stripe was asked for a refund."""
    return len(stripe_sandbox.requests_made(brand, "POST", REFUNDS))


def set_stripe_key(brand: Brand, key: str, publishable_key: str | None = None) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.get(brand.id), secret_key=key, publishable_key=publishable_key)


def test_without_an_amount_the_whole_payment_is_refunded(tenant) -> None:
    opened = pay(tenant)

    made = refund(tenant, opened, reason="requested_by_customer").value

    [known] = list_stripe_refunds(tenant)
    order = load_order(tenant, opened.order_number)
    assert (made.refund_id, made.amount, made.status) == (known["id"], 4700, "succeeded")
    assert (made.order_status, made.refunded_amount) == ("refunded", 4700)
    assert (known["amount"], known["reason"]) == (4700, "requested_by_customer")
    assert (str(order.status), order.grants[0].active) == ("refunded", False)
    assert [str(message.kind) for message in order.messages] == ["order_confirmation", "order_refunded"]


def test_partial_refunds_stop_at_the_received_amount(tenant) -> None:
    opened = pay(tenant)

    assert refund(tenant, opened, 1000).value.order_status == "partially_refunded"
    with pytest.raises(NotRefundable) as above:
        refund(tenant, opened, 3701)
    assert above.value.details == {"left": 3700}
    assert "At most 37.00 EUR of this payment can be refunded" in above.value.message
    last = refund(tenant, opened).value
    with pytest.raises(NotRefundable) as nothing:
        refund(tenant, opened, 1)

    assert (last.amount, last.refunded_amount, last.order_status) == (3700, 4700, "refunded")
    assert nothing.value.details == {"left": 0}
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000, 3700]
    assert asked(tenant) == 2


def test_the_audit_log_names_actor_and_reason_of_a_refund(tenant) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000, "duplicate")
    [entry] = audited(tenant, "refund_requested")
    assert entry.actor == "test"
    expected = {"payment_intent_id": opened.payment_intent_id, "amount": 1000, "reason": "duplicate"}
    assert entry.details.items() >= expected.items()


@pytest.mark.parametrize("amount", [None, 1000])
@pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail"])
def test_a_refund_made_here_equals_one_made_in_stripes_dashboard(client, tenant, method, amount) -> None:
    here, there = (pay(tenant, method=method) for _ in range(2))

    refund(tenant, here, amount)
    refund_in_dashboard(tenant, there, **({"amount": amount} if amount else {}))
    deliver_events(tenant)
    assert shown(client, tenant, here) == shown(client, tenant, there)

    stripe_sandbox.advance(tenant, 3600)
    deliver_events(tenant)
    assert shown(client, tenant, here) == shown(client, tenant, there)


def shown(client: Any, brand: Brand, opened: PaymentOpened) -> dict[str, Any]:
    """The order as the API shows it, without its ids and times."""
    order = client.get(f"/api/orders/{opened.order_number}", headers=brand.secret).json
    for name in ("id", "orderNumber", "paymentIntentId", "createdAt", "updatedAt", "completedAt", "timeline"):
        del order[name]
    order["waitingFor"] = re.sub("re_[A-Za-z0-9]+", "re_…", order["waitingFor"] or "")
    for refund_shown in order["refunds"]:
        del refund_shown["id"]
    for message in order["messages"]:
        del message["subject"]
    for payment in order["payments"]:
        del payment["paymentIntentId"]
    for grant in order["grants"]:
        del grant["grantedAt"]
        grant["revokedAt"] = grant["revokedAt"] is not None
    return dict(order)


def test_events_about_a_refund_made_here_change_nothing(tenant) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000)
    before = load_order(tenant, opened.order_number).updated_at

    deliver_events(tenant)

    order = load_order(tenant, opened.order_number)
    assert ([known.amount for known in order.refunds], order.updated_at) == ([1000], before)
    assert run_sweep(tenant) == 0


def test_a_failed_refund_can_be_requested_again(tenant) -> None:
    opened = pay(tenant, method="pm_card_refundFail")
    refund(tenant, opened)
    stripe_sandbox.advance(tenant, 3600)
    deliver_events(tenant)
    [failed] = list_stripe_refunds(tenant)
    assert str(load_order(tenant, opened.order_number).status) == "completed"
    assert alerts_of(tenant) == [("refund_failed", failed["id"])]

    assert refund(tenant, opened).value.amount == 4700
    assert len(list_stripe_refunds(tenant)) == 2


def test_a_missing_payment_and_another_tenants_are_not_found(tenant, other_tenant) -> None:
    theirs = pay(other_tenant)
    for payment_id in (theirs.payment_intent_id, theirs.order_number, "pi_nothing"):
        unknown = PaymentOpened(None, "", payment_id, "", 0, "eur", "")
        with pytest.raises(OrderNotFound):
            refund(tenant, unknown, call=keyed())
    assert [count(tenant, model) for model in (RefundRequest, IdempotencyKey)] == [0, 0]
    assert list_stripe_refunds(other_tenant) == []


def test_an_unpaid_order_is_not_refunded(tenant) -> None:
    opened = open_payment(tenant)
    with pytest.raises(NotRefundable, match="has not succeeded"):
        refund(tenant, opened, call=keyed())
    assert [count(tenant, model) for model in (RefundRequest, IdempotencyKey)] == [0, 0]
    assert asked(tenant) == 0


def test_an_open_dispute_prevents_a_refund_and_an_inquiry_does_not(tenant) -> None:
    taken, questioned = (pay(tenant) for _ in range(2))
    disputed(tenant, taken)
    disputed(tenant, questioned, status="warning_needs_response")
    deliver_events(tenant)

    with pytest.raises(NotRefundable, match="is disputed"):
        refund(tenant, taken)
    assert refund(tenant, questioned).value.order_status == "refunded"
    assert asked(tenant) == 1


def test_a_payment_lost_to_a_dispute_is_refused_by_stripe(tenant) -> None:
    opened = pay(tenant)
    disputed(tenant, opened, status="lost")
    deliver_events(tenant)
    with pytest.raises(NotRefundable, match="charge_disputed"):
        refund(tenant, opened)


def test_a_refund_made_in_the_dashboard_is_not_made_twice(tenant) -> None:
    opened = pay(tenant)
    refund_in_dashboard(tenant, opened, amount=4000)
    deliver_events(tenant)
    with pytest.raises(NotRefundable, match=r"At most 7\.00 EUR of this payment"):
        refund(tenant, opened, 1000)


def test_a_refusal_by_stripe_is_returned_recorded_and_polled(tenant) -> None:
    opened = pay(tenant)
    # Our books do not know of it yet.
    refund_in_dashboard(tenant, opened)

    with pytest.raises(NotRefundable) as refused:
        refund(tenant, opened, call=keyed())

    assert refused.value.details == {"stripe_code": "charge_already_refunded"}
    order = load_order(tenant, opened.order_number)
    [request] = order.refund_requests
    assert (request.state, request.refusal["code"]) == (RequestState.REFUSED, "charge_already_refunded")
    assert order.next_poll_at - datetime.now(UTC) <= timedelta(minutes=1)
    assert [entry.details["code"] for entry in audited(tenant, "refund_refused")] == [
        "charge_already_refunded"
    ]
    # The caller got the error: no alert is raised, and nothing is sent again.
    assert alerts_of(tenant) == []
    assert run_sweep(tenant) == 0


def test_after_a_refusal_the_same_key_accepts_another_refund(tenant) -> None:
    opened = pay(tenant)
    refund_in_dashboard(tenant, opened, amount=4000)
    for fingerprint in ("f", "f", "another"):
        with pytest.raises(NotRefundable):
            refund(tenant, opened, 1000, call=keyed(fingerprint=fingerprint))
    deliver_events(tenant)
    assert refund(tenant, opened, 700, call=keyed(fingerprint="fits")).value.order_status == "refunded"


def test_the_same_key_gets_the_same_reply_without_a_call_to_stripe(tenant) -> None:
    opened = pay(tenant)
    first = refund(tenant, opened, 1000, call=keyed())
    again = refund(tenant, opened, 1000, call=keyed())

    assert (first.replayed, again.replayed) == (False, True)
    assert first.value == again.value
    assert asked(tenant) == 1


def test_the_same_key_for_another_refund_is_refused(tenant) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000, call=keyed())
    with pytest.raises(IdempotencyMismatch):
        refund(tenant, opened, 2000, call=keyed(fingerprint="another"))


def test_different_keys_are_different_refunds(tenant) -> None:
    opened = pay(tenant)
    for key in ("one", "two"):
        refund(tenant, opened, 1000, call=keyed(key))
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000, 1000]


@pytest.mark.parametrize("fault", [*NOT_MADE, *MADE])
def test_a_failure_at_stripe_makes_one_refund(tenant, fault) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, fault, path=REFUNDS)
    try:
        made = refund(tenant, opened, 1000, call=keyed()).value
    except StripeUnavailable:
        # Stripe keeps the answer 500 under its key; ours says that the same call may be repeated.
        assert fault == "500_after"
        made = refund(tenant, opened, 1000, call=keyed()).value

    assert [known["id"] for known in list_stripe_refunds(tenant)] == [made.refund_id]
    assert made.refunded_amount == 1000


@pytest.mark.parametrize("fault", [*NOT_MADE, *MADE])
@pytest.mark.parametrize("who", ["the caller", "a worker", "both"])
def test_after_an_outage_of_stripe_one_refund_is_made_by(tenant, fault, who) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, fault, path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable, match="recorded and will be sent") as refused:
        refund(tenant, opened, 1000, call=keyed())
    assert refused.value.retry_after
    stripe_sandbox.clear_faults(tenant)

    if who != "the caller":
        assert run_sweep(tenant) == 1
    if who != "a worker":
        assert refund(tenant, opened, 1000, call=keyed()).value.refunded_amount == 1000
    [known] = list_stripe_refunds(tenant)
    order = load_order(tenant, opened.order_number)
    assert [kept.stripe_refund_id for kept in order.refunds] == [known["id"]]
    assert str(order.status) == "partially_refunded"
    assert [request.state for request in order.refund_requests] == [RequestState.ACCEPTED]


def test_a_recorded_refund_counts_and_binds_its_key(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 4000, call=keyed())

    with pytest.raises(NotRefundable, match=r"At most 7\.00 EUR of this payment"):
        refund(tenant, opened, 1000, call=keyed("another"))
    with pytest.raises(IdempotencyMismatch):
        refund(tenant, opened, 500, call=keyed(fingerprint="another"))
    assert count(tenant, RefundRequest) == 1


def test_without_a_key_a_repeated_call_means_the_recorded_refund(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    for _ in range(2):
        with pytest.raises(StripeUnavailable):
            refund(tenant, opened, 1000)
    stripe_sandbox.clear_faults(tenant)
    refund(tenant, opened, 1000)
    assert run_sweep(tenant) == 0
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000]

    # That one is made: the next is another.
    refund(tenant, opened, 1000)
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000, 1000]


def test_an_unknown_outcome_is_looked_up_and_sent_under_the_same_key_for_hours(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "500_before", path=REFUNDS, times=100)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000, call=keyed())
    for hours in (1, 10, 22):
        assert run_sweep(tenant, after=timedelta(hours=hours)) == 1
        [request] = load_order(tenant, opened.order_number).refund_requests
        assert (request.state, request.key_number) == (RequestState.UNKNOWN, 1)
    stripe_sandbox.clear_faults(tenant)

    assert run_sweep(tenant, after=timedelta(hours=24)) == 1
    [request] = load_order(tenant, opened.order_number).refund_requests
    assert (request.key_number, request.stripe_key) == (2, f"lumira-refund-{request.id}-2")
    assert len(list_stripe_refunds(tenant)) == 1


def test_a_refund_that_stripe_finishes_after_a_500_is_made_once(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "500_later", path=REFUNDS, ms=3_600_000)
    with pytest.raises(StripeUnavailable, match="recorded and will be sent"):
        refund(tenant, opened, 1000, call=keyed())
    for minutes in (1, 5, 30):
        assert run_sweep(tenant, after=timedelta(minutes=minutes)) == 1
    assert list_stripe_refunds(tenant) == []
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000, call=keyed())

    stripe_sandbox.advance(tenant, 3700)
    assert run_sweep(tenant, after=timedelta(hours=3)) == 1
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000]
    assert load_order(tenant, opened.order_number).refunded_amount == 1000
    assert alerts_of(tenant) == []


def test_two_refunds_of_one_request_raise_an_alert(tenant) -> None:
    opened = pay(tenant)
    first = refund(tenant, opened, 1000).value.refund_id
    [request] = load_order(tenant, opened.order_number).refund_requests
    second = {
        **list_stripe_refunds(tenant)[0],
        "id": "re_finished_late",
        "metadata": {stripe_metadata.REFUND_REQUEST: str(request.id)},
    }
    deliver(tenant, event("refund.created", second))

    order = load_order(tenant, opened.order_number)
    assert order.refunded_amount == 2000
    assert order.refund_requests[0].stripe_refund_id == first
    assert alerts_of(tenant) == [("duplicate_refund", opened.order_number)]


def test_a_refund_whose_key_stripe_may_have_forgotten_is_looked_up_first(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_after", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000)
    stripe_sandbox.clear_faults(tenant)
    sent = asked(tenant)

    assert run_sweep(tenant, after=timedelta(hours=24)) == 1
    assert asked(tenant) == sent
    assert [known.amount for known in load_order(tenant, opened.order_number).refunds] == [1000]


def test_an_event_about_the_refund_completes_its_request(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_after", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    sent = asked(tenant)

    deliver_events(tenant)

    assert run_sweep(tenant) == 0
    made = refund(tenant, opened, 1000, call=keyed()).value
    assert [known["id"] for known in list_stripe_refunds(tenant)] == [made.refund_id]
    assert asked(tenant) == sent


def test_metadata_of_a_refund_request_have_to_match_it(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000)
    stripe_sandbox.clear_faults(tenant)
    [request] = load_order(tenant, opened.order_number).refund_requests
    forged = {
        "id": "re_forged",
        "object": "refund",
        "amount": 1,
        "charge": None,
        "currency": "eur",
        "payment_intent": opened.payment_intent_id,
        "status": "succeeded",
        "metadata": {stripe_metadata.REFUND_REQUEST: str(request.id)},
    }
    deliver(tenant, event("refund.created", forged))
    assert run_sweep(tenant) == 1
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000]


def test_a_refund_that_cannot_be_sent_for_a_day_raises_an_alert_and_stays_due(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=100)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened)
    assert run_sweep(tenant, after=timedelta(hours=1)) == 1
    assert alerts_of(tenant) == []

    assert run_sweep(tenant, after=timedelta(hours=25)) == 1
    assert alerts_of(tenant) == [("refund_not_sent", opened.order_number)]
    assert run_sweep(tenant, after=timedelta(days=9)) == 1
    stripe_sandbox.clear_faults(tenant)
    assert run_sweep(tenant, after=timedelta(days=10)) == 1
    assert str(load_order(tenant, opened.order_number).status) == "refunded"
    assert alerts_of(tenant) == []


def test_a_failed_attempt_waits_before_the_next(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=100)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened)
    waits = []
    for _ in range(3):
        [request] = load_order(tenant, opened.order_number).refund_requests
        waits.append(request.next_attempt_at - request.updated_at)
        with time_machine.travel(request.next_attempt_at):
            send_due_refunds(tenant.id)
    assert [round(wait.total_seconds() / 60, 1) for wait in waits] == pytest.approx([0.5, 1, 2], rel=0.3)


def test_a_leased_refund_is_not_sent_by_another_process(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    with atomic(tenant.id):
        refund_requests.lease(db.session.execute(select(RefundRequest)).scalar_one(), datetime.now(UTC))

    with pytest.raises(IdempotencyInProgress):
        refund(tenant, opened, 1000, call=keyed())
    assert run_sweep(tenant, after=refund_requests.LEASE - timedelta(seconds=30)) == 0
    assert run_sweep(tenant, after=refund_requests.LEASE + timedelta(seconds=5)) == 1
    assert len(list_stripe_refunds(tenant)) == 1


@pytest.mark.parametrize("fault", ["drop_before", "500_before", "500_after"])
def test_a_suspended_process_sends_nothing_once_its_lease_has_ended(tenant, fault) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, fault, path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000)
    stripe_sandbox.clear_faults(tenant)
    with atomic(tenant.id):
        account = stripe_accounts.get_account(tenant.id)
        request = db.session.execute(select(RefundRequest)).scalar_one()
        refund_requests.lease(request, datetime.now(UTC))
        stale = attempt_of(db.session.get_one(Order, (tenant.id, request.order_id)), request)

    assert run_sweep(tenant) == 1
    sent = asked(tenant)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        if fault == "500_after":
            # It looks first, and finds what the other one has found.
            assert send_refund(tenant.id, account, stale, actor="test").refunded_amount == 1000
        else:
            with pytest.raises(IdempotencyInProgress):
                send_refund(tenant.id, account, replace(stale, needs_lookup=False), actor="test")
    assert (asked(tenant), len(list_stripe_refunds(tenant))) == (sent, 1)


def test_a_caller_who_takes_over_a_key_may_send_its_refund() -> None:
    assert refund_requests.LEASE <= idempotency.LEASE


def test_without_a_usable_stripe_key_no_refund_is_decided(tenant, make_brand) -> None:
    opened = pay(tenant)
    set_stripe_key(tenant, "sk_live_of_another_mode", "pk_live_of_another_mode")
    with pytest.raises(StripeConfigError, match="another mode"):
        refund(tenant, opened, call=keyed())
    assert [count(tenant, model) for model in (RefundRequest, IdempotencyKey)] == [0, 0]


def test_a_refund_that_its_caller_was_told_had_failed_is_never_made(tenant) -> None:
    opened = pay(tenant)
    set_stripe_key(tenant, "sk_test_expired_key")
    with pytest.raises(StripeConfigError) as refused:
        refund(tenant, opened, call=keyed())
    assert "will not be made" in str(refused.value)
    set_stripe_key(tenant, tenant.stripe_secret_key)
    assert run_sweep(tenant, after=timedelta(days=2)) == 0
    assert list_stripe_refunds(tenant) == []

    assert refund(tenant, opened, call=keyed()).value.order_status == "refunded"
    assert len(list_stripe_refunds(tenant)) == 1


def test_a_refund_that_the_restricted_key_may_not_make_is_dropped_and_alerts(tenant) -> None:
    opened = pay(tenant)
    key = stripe_sandbox.call(tenant, "POST", "/sandbox/keys", json={"permissions": ["payment_intents:read"]})
    set_stripe_key(tenant, key["key"])
    with pytest.raises(StripeConfigError, match="permission") as refused:
        refund(tenant, opened)
    assert "will not be made" in str(refused.value)
    [request] = load_order(tenant, opened.order_number).refund_requests
    assert request.state is RequestState.REFUSED
    assert [kind for kind, _ in alerts_of(tenant)] == ["stripe_permission_missing"]


def test_a_recorded_refund_whose_key_is_refused_later_is_made_once_the_key_is_corrected(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_after", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened, 1000, call=keyed())
    stripe_sandbox.clear_faults(tenant)
    set_stripe_key(tenant, "sk_test_expired_key")
    with pytest.raises(StripeConfigError) as refused:
        refund(tenant, opened, 1000, call=keyed())
    assert "will be made once the key is corrected" in refused.value.message
    assert run_sweep(tenant) == 1

    set_stripe_key(tenant, tenant.stripe_secret_key)
    assert run_sweep(tenant, after=timedelta(hours=1)) == 1
    assert load_order(tenant, opened.order_number).refunded_amount == 1000
    assert len(list_stripe_refunds(tenant)) == 1


def test_the_refund_of_a_payment_under_review_ends_the_review(tenant) -> None:
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    intent = payment_intent(
        id=opened.payment_intent_id, status="succeeded", latest_charge="ch_1", amount_received=4600
    )
    deliver(tenant, event("payment_intent.succeeded", intent))
    assert alerts_of(tenant) == [("payment_mismatch", opened.order_number)]

    made = refund(tenant, opened).value

    order = load_order(tenant, opened.order_number)
    assert (made.amount, made.order_status, order.review_reason) == (4600, "refunded", None)
    assert order.grants == []
    assert alerts_of(tenant) == []


def test_a_duplicate_payment_is_refunded_automatically_and_once(tenant) -> None:
    opened = pay(tenant)
    second = pay_again(tenant, opened)

    assert run_sweep(tenant) == 1
    deliver_events(tenant)

    [known] = list_stripe_refunds(tenant)
    order = load_order(tenant, opened.order_number)
    assert (known["payment_intent"], known["amount"], known["reason"]) == (second, 4700, "duplicate")
    assert (str(order.status), [grant.active for grant in order.grants]) == ("completed", [True])
    assert run_sweep(tenant) == 0
    # The first payment is still refundable in full.
    assert refund(tenant, opened).value.order_status == "refunded"


def test_a_refused_automatic_refund_raises_an_alert_until_it_is_made(tenant) -> None:
    opened = pay(tenant)
    second = pay_again(tenant, opened)
    with atomic(tenant.id):
        wrong = {**db.session.execute(select(RefundRequest.parameters)).scalar_one(), "amount": 9900}
        db.session.execute(update(RefundRequest).values(parameters=wrong))

    assert run_sweep(tenant) == 1
    assert ("refund_refused", opened.order_number) in alerts_of(tenant)
    assert run_sweep(tenant) == 0

    refund(tenant, PaymentOpened(None, "", second, "", 0, "eur", ""))
    assert ("refund_refused", opened.order_number) not in alerts_of(tenant)


def test_a_refused_refund_without_a_waiting_caller_raises_an_alert(tenant) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(tenant, opened)
    stripe_sandbox.clear_faults(tenant)
    refund_in_dashboard(tenant, opened)

    assert run_sweep(tenant) == 1
    assert alerts_of(tenant) == [("refund_refused", opened.order_number)]


def test_the_timeline_shows_requested_and_refused_refunds(client, tenant) -> None:
    opened = pay(tenant)
    refund(tenant, opened, 1000, "requested_by_customer")
    refund_in_dashboard(tenant, opened)
    with pytest.raises(NotRefundable):
        refund(tenant, opened, 500)

    timeline = client.get(f"/api/orders/{opened.order_number}", headers=tenant.secret).json["timeline"]
    steps = [(entry["what"], entry["why"]) for entry in timeline if entry["what"].startswith("refund_")]
    assert steps[0] == ("refund_requested", "requested_by_customer")
    assert [what for what, _ in steps] == [
        "refund_requested",
        "refund_created",
        "refund_succeeded",
        "refund_requested",
        "refund_refused",
    ]
    assert steps[-1] == ("refund_refused", "charge_already_refunded")


def test_refund_requests_contain_no_personal_data(tenant) -> None:
    opened = pay(tenant, customer_name="Private Person")
    refund(tenant, opened)
    with atomic(tenant.id):
        details = db.session.execute(select(AuditEntry.details)).scalars().all()
        order: Order = db.session.execute(select(Order)).scalar_one()
    [known] = list_stripe_refunds(tenant)
    written = json.dumps([details, known])
    assert "Private Person" not in written
    assert str(order.customer_email) not in written


def test_a_price_of_twelve_digits_in_rupiah_is_sold_and_refunded(tenant):
    price = 250_000_000_000
    with atomic(tenant.id):
        db.session.execute(
            update(Product)
            .where(Product.tenant_id == tenant.id, Product.id == "mystique")
            .values(amount=price, currency="idr")
        )
    opened = pay(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.amount, order.net_paid, order.status) == (price, price, OrderStatus.COMPLETED)

    refund(tenant, opened, price - 1)

    deliver_events(tenant)
    order = load_order(tenant, opened.order_number)
    assert (order.refunded_amount, order.net_paid) == (price - 1, 1)
    assert view_customer(tenant.id, str(order.customer_id)).figures.total_spent == {"idr": 1}


def test_a_repeated_call_waits_for_the_same_refund_of_a_process_that_died(tenant, monkeypatch) -> None:
    opened = pay(tenant)
    with monkeypatch.context() as killed:
        killed.setattr(request_refund_use_case, "send_refund", _die)
        with pytest.raises(KeyboardInterrupt):
            refund(tenant, opened, 1000)
    with pytest.raises(IdempotencyInProgress):
        refund(tenant, opened, 1000)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=3)):
        send_due_refunds(tenant.id)

    assert [stripe_refund["amount"] for stripe_refund in list_stripe_refunds(tenant)] == [1000]


def _die(*_arguments: Any, **_options: Any) -> Any:
    raise KeyboardInterrupt
