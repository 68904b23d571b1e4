"""Withdrawals of processes that die, and of many at once: each is recorded, acknowledged and refunded once."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from config.settings import Settings
from lumira.clock import utc_now
from lumira.domain.commands import WithdrawalCommand
from lumira.errors.orders import NotWithdrawable
from lumira.link_tokens import WithdrawalAddress
from lumira.models import (
    AlertKind,
    MessageKind,
    OrderStatus,
    RequestState,
    WithdrawalDecision,
    WithdrawalPolicy,
)
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.withdraw import record_statement, withdraw_as_guest
from tests.concurrency.step_process import Finished, run_step
from tests.concurrency.test_at_once import at_once
from tests.support.factories import Brand, load_order
from tests.support.refunds import alerts_of, deliver_events, list_stripe_refunds, pay, run_sweep

pytestmark = pytest.mark.usefixtures("app_context")

#: Every commit of every step; a test below counts them, so that none is added unnoticed.
COMMITS = {"withdraw": 1, "accept": 1, "send": 3}
POINTS = [
    pytest.param(step, number, when, id=f"{step}, {when} commit {number}")
    for step, commits in COMMITS.items()
    for number in range(1, commits + 1)
    for when in ("before", "after")
]

Run = Callable[..., Finished]


@pytest.fixture
def run(app: Flask, settings: Settings, tenant: Brand) -> Run:
    """Runs one step in a process of its own."""

    def run_one(step: str, address: WithdrawalAddress, line: object, **options: Any) -> Finished:
        whole = {
            "step": step,
            "tenant_id": tenant.id,
            "order": str(address.order_id),
            "line": str(line),
            "requested_at": address.requested_at.isoformat(),
            "database_url": settings.database_url,
            "encryption_key": settings.encryption_keys[0],
            "instance_path": str(settings.instance_path),
            "sandbox_url": tenant.sandbox_url,
            **options,
        }
        return run_step("tests.concurrency.killed_refund", whole)

    return run_one


def bought(brand: Brand) -> tuple[str, WithdrawalAddress, WithdrawalCommand]:
    """A paid order, the guest's link, and what the guest sends."""
    number = pay(brand).order_number
    order = load_order(brand, number)
    address = WithdrawalAddress(brand.id, order.id, datetime.now(UTC).replace(microsecond=0))
    return number, address, WithdrawalCommand({order.lines[0].id: 1})


def assert_withdrawn_and_refunded_once(brand: Brand, number: str) -> None:
    deliver_events(brand)
    order = load_order(brand, number)
    [withdrawal] = order.withdrawals
    [request] = order.refund_requests
    [refund] = list_stripe_refunds(brand)
    assert (request.withdrawal_id, request.state) == (withdrawal.id, RequestState.ACCEPTED)
    assert (order.status, refund["amount"]) == (OrderStatus.REFUNDED, 4700)
    kinds = [message.kind for message in order.messages]
    assert kinds.count(MessageKind.WITHDRAWAL_ACKNOWLEDGED) == kinds.count(MessageKind.ORDER_REFUNDED) == 1
    assert (AlertKind.WITHDRAWAL_WAITING, number) not in alerts_of(brand)


@pytest.mark.parametrize(("step", "die_at", "when"), POINTS)
def test_a_withdrawal_killed_at_any_commit_is_refunded_once(run, tenant, step, die_at, when) -> None:
    number, address, command = bought(tenant)
    [line] = command.units
    for each in COMMITS:
        killed_here = {"die_at": die_at, "when": when} if each == step else {}
        done = run(each, address, line, **killed_here)
        assert done.returncode == (-signal.SIGKILL if killed_here else 0), done.error
        if killed_here and each == "withdraw":
            # The buyer saw no page, and sends the form again.
            withdraw_as_guest(address, command)
        if killed_here and each == "accept" and load_order(tenant, number).withdrawals[0].is_waiting:
            decide(tenant.id, address.order_id, WithdrawalDecision.ACCEPTED, actor="operator")
    run_sweep(tenant)
    assert_withdrawn_and_refunded_once(tenant, number)


def test_the_process_is_killed_at_every_commit_of_every_step(run, tenant) -> None:
    _, address, command = bought(tenant)
    [line] = command.units
    assert {step: run(step, address, line).commits for step in COMMITS} == COMMITS


def test_many_confirm_one_withdrawal_at_once(app: Flask, make_brand) -> None:
    brand = make_brand(withdrawal_policy=WithdrawalPolicy.REFUND)
    number, address, command = bought(brand)

    assert at_once(app, lambda _: withdraw_as_guest(address, command), threads=6) == [True] * 6
    run_sweep(brand)
    assert_withdrawn_and_refunded_once(brand, number)


def test_a_buyer_and_an_operator_record_one_withdrawal_at_once(app: Flask, tenant) -> None:
    number, address, command = bought(tenant)

    def record(caller: int) -> object:
        if caller % 2:
            return withdraw_as_guest(address, command)
        now = utc_now()
        return record_statement(tenant.id, address.order_id, requested_at=now, reason=None, actor="operator")

    replies = at_once(app, record, threads=6)
    # An operator learns that the buyer was faster; a buyer sees the recorded one.
    assert all(isinstance(reply, NotWithdrawable) for reply in replies if isinstance(reply, Exception))
    assert len(load_order(tenant, number).withdrawals) == 1
