"""Refunds asked for by many at once, or by processes that die: each is made once, and never too much."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from config.settings import Settings
from lumira.database import atomic, db
from lumira.errors import IdempotencyInProgress
from lumira.errors.orders import NotRefundable
from lumira.errors.stripe import StripeUnavailable
from lumira.models import RefundRequest, RequestState
from lumira.repositories.idempotency.idempotency import LEASE
from lumira.services.checkout.create_payment_intent import PaymentOpened
from lumira.services.idempotency.reply import Reply
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.services.refunds.send_refund import RefundResult
from tests.concurrency.step_process import Finished, run_step
from tests.concurrency.test_at_once import at_once
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order
from tests.support.refunds import (
    REFUNDS,
    deliver_events,
    keyed,
    list_stripe_refunds,
    pay,
    pay_again,
    refund,
    run_sweep,
)

pytestmark = pytest.mark.usefixtures("app_context")

KEY = "one-refund"
#: Every commit of every step; a test below counts them, so that none is added unnoticed.
COMMITS = {"refund": 3, "send": 3, "send unknown": 4}

Run = Callable[..., Finished]


@pytest.fixture
def run(app: Flask, settings: Settings, tenant: Brand) -> Run:
    """Runs one step in a process of its own."""

    def run_one(step: str, **orders: Any) -> Finished:
        whole = {
            "step": step,
            "tenant_id": tenant.id,
            "key": KEY,
            "amount": 1000,
            "database_url": settings.database_url,
            "encryption_key": settings.encryption_keys[0],
            "instance_path": str(settings.instance_path),
            "sandbox_url": tenant.sandbox_url,
            **orders,
        }
        return run_step("tests.concurrency.killed_refund", whole)

    return run_one


def killed(run: Run, step: str, die_at: int, when: str, **orders: Any) -> None:
    done = run(step, die_at=die_at, when=when, **orders)
    assert done.returncode == -signal.SIGKILL, done.error


def points(step: str) -> list[Any]:
    return [
        pytest.param(number, when, id=f"{when} commit {number}")
        for number in range(1, COMMITS[step] + 1)
        for when in ("before", "after")
    ]


def ask_again(brand: Brand, opened: PaymentOpened) -> Reply[RefundResult]:
    """The caller repeats its call, after the lease of the dead process has ended."""
    with time_machine.travel(datetime.now(UTC) + LEASE + timedelta(seconds=1)):
        return refund(brand, opened, 1000, call=keyed(KEY))


def note(brand: Brand, fault: str = "drop_before") -> PaymentOpened:
    """A refund that was decided and that Stripe has not answered."""
    opened = pay(brand)
    stripe_sandbox.fail_next(brand, fault, path=REFUNDS, times=10)
    with pytest.raises(StripeUnavailable):
        refund(brand, opened, 1000, call=keyed(KEY))
    stripe_sandbox.clear_faults(brand)
    return opened


def assert_refunded_once(brand: Brand, opened: PaymentOpened) -> None:
    deliver_events(brand)
    [known] = list_stripe_refunds(brand)
    order = load_order(brand, opened.order_number)
    assert known["amount"] == 1000
    assert [kept.stripe_refund_id for kept in order.refunds] == [known["id"]]
    assert str(order.status) == "partially_refunded"
    assert [request.state for request in order.refund_requests] == [RequestState.ACCEPTED]
    assert [str(message.kind) for message in order.messages].count("order_refunded") == 1


@pytest.mark.parametrize(("die_at", "when"), points("refund"))
def test_a_refund_killed_at_any_commit_is_made_once_by_a_repeated_call(run, tenant, die_at, when) -> None:
    opened = pay(tenant)
    killed(run, "refund", die_at, when, payment=opened.payment_intent_id)

    made = ask_again(tenant, opened)
    assert ask_again(tenant, opened).value == made.value
    assert run_sweep(tenant) == 0
    assert_refunded_once(tenant, opened)


@pytest.mark.parametrize(("die_at", "when"), points("refund")[1:])
def test_a_refund_killed_at_any_commit_is_made_once_by_a_worker(run, tenant, die_at, when) -> None:
    opened = pay(tenant)
    killed(run, "refund", die_at, when, payment=opened.payment_intent_id)

    run_sweep(tenant)
    assert_refunded_once(tenant, opened)


@pytest.mark.parametrize(("die_at", "when"), points("refund")[1:])
def test_a_refund_killed_at_any_commit_is_recorded_once_from_its_event(run, tenant, die_at, when) -> None:
    opened = pay(tenant)
    killed(run, "refund", die_at, when, payment=opened.payment_intent_id)

    deliver_events(tenant)
    run_sweep(tenant)
    ask_again(tenant, opened)
    assert_refunded_once(tenant, opened)


@pytest.mark.parametrize(("die_at", "when"), points("send"))
def test_a_refund_whose_worker_is_killed_while_sending_is_made_once(run, tenant, die_at, when) -> None:
    opened = pay(tenant)
    second = pay_again(tenant, opened)
    killed(run, "send", die_at, when)

    run_sweep(tenant)
    deliver_events(tenant)
    [known] = list_stripe_refunds(tenant)
    assert (known["payment_intent"], known["amount"]) == (second, 4700)
    assert str(load_order(tenant, opened.order_number).status) == "completed"


@pytest.mark.parametrize(("die_at", "when"), points("send unknown"))
def test_a_refund_whose_worker_is_killed_while_renewing_its_key_is_made_once(
    run, tenant, die_at, when
) -> None:
    opened = note(tenant, "500_before")
    make_due(tenant, key_age=timedelta(hours=24))
    killed(run, "send", die_at, when)

    run_sweep(tenant)
    assert_refunded_once(tenant, opened)


# What is found begins no new attempt.
@pytest.mark.parametrize(("die_at", "when"), points("send"))
def test_a_refund_whose_worker_is_killed_during_the_lookup_is_made_once(run, tenant, die_at, when) -> None:
    opened = note(tenant, "500_after")
    make_due(tenant)
    killed(run, "send", die_at, when)

    run_sweep(tenant)
    assert_refunded_once(tenant, opened)


def make_due(brand: Brand, *, key_age: timedelta = timedelta()) -> None:
    """Make the next attempt due now; Stripe may have forgotten a key of a day."""
    now = datetime.now(UTC)
    with atomic(brand.id):
        db.session.execute(update(RefundRequest).values(next_attempt_at=now, keyed_at=now - key_age))


def test_every_commit_of_a_refund_is_covered_by_a_kill(run, tenant) -> None:
    def commits(step: str, **orders: Any) -> int | None:
        done = run(step, **orders)
        assert done.returncode == 0, done.error
        return done.commits

    opened = pay(tenant)
    counted = {"refund": commits("refund", payment=opened.payment_intent_id, key="another")}
    pay_again(tenant, opened)
    counted["send"] = commits("send")
    note(tenant, "500_before")
    make_due(tenant, key_age=timedelta(hours=24))
    counted["send unknown"] = commits("send")
    assert counted == COMMITS


def test_two_simultaneous_full_refunds_are_one(app, tenant) -> None:
    opened = pay(tenant)
    answers = at_once(app, lambda number: refund(tenant, opened, call=keyed(str(number))), threads=2)

    assert sorted(type(answer).__name__ for answer in answers) == ["NotRefundable", "Reply"]
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [4700]


def test_simultaneous_partial_refunds_never_exceed_the_payment(app, tenant) -> None:
    opened = pay(tenant)
    answers = at_once(app, lambda number: refund(tenant, opened, 1000, call=keyed(str(number))), threads=8)

    assert sum(isinstance(answer, Reply) for answer in answers) == 4
    assert sum(isinstance(answer, NotRefundable) for answer in answers) == 4
    assert [known["amount"] for known in list_stripe_refunds(tenant)] == [1000] * 4
    deliver_events(tenant)
    assert sum(known.amount for known in load_order(tenant, opened.order_number).refunds) == 4000


def test_simultaneous_calls_with_one_key_make_one_refund(app, tenant) -> None:
    opened = pay(tenant)
    answers = at_once(app, lambda _: refund(tenant, opened, 1000, call=keyed(KEY)), threads=6)

    made = [answer.value for answer in answers if isinstance(answer, Reply)]
    assert made
    assert len(set(made)) == 1
    assert all(isinstance(answer, (Reply, IdempotencyInProgress)) for answer in answers)
    assert len(list_stripe_refunds(tenant)) == 1


def test_several_workers_send_each_refund_once(app, tenant) -> None:
    duplicate_payment = [pay(tenant) for _ in range(4)]
    for opened in duplicate_payment:
        pay_again(tenant, opened)
    sent = len(stripe_sandbox.requests_made(tenant, "POST", REFUNDS))

    assert sum(at_once(app, lambda _: send_due_refunds(tenant.id), threads=4)) == 4
    assert len(stripe_sandbox.requests_made(tenant, "POST", REFUNDS)) - sent == 4
    assert len(list_stripe_refunds(tenant)) == 4
    assert count(tenant, RefundRequest, state=RequestState.ACCEPTED) == 4


def test_a_simultaneous_caller_worker_and_event_make_one_refund(app, tenant) -> None:
    opened = note(tenant)

    def act(number: int) -> Any:
        match number:
            case 0:
                return refund(tenant, opened, 1000, call=keyed(KEY))
            case 1:
                return send_due_refunds(tenant.id)
            case _:
                return deliver_events(tenant)

    make_due(tenant)
    answers = at_once(app, act, threads=4)
    assert not [
        answer
        for answer in answers
        if isinstance(answer, Exception) and not isinstance(answer, IdempotencyInProgress)
    ]
    run_sweep(tenant)
    assert_refunded_once(tenant, opened)
