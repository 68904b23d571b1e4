"""A process killed with SIGKILL at any commit of a sale leaves one order, one grant and one message."""

import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from config.settings import Settings
from lumira.models import AccessGrant, MessageStatus, Order, OrderStatus, OutboxMessage
from lumira.notifications import relay
from lumira.repositories.idempotency.idempotency import LEASE
from lumira.repositories.idempotency.idempotent_calls import Call, KeySource
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from lumira.webhooks import process
from tests.concurrency.step_process import Finished, run_step
from tests.support import stripe_events, stripe_sandbox
from tests.support.factories import BUYER, Brand, count, figures, load_order, make_command, open_cart

pytestmark = pytest.mark.usefixtures("app_context")

KEY = "one-purchase"
#: The number of commits of every step; a test below counts them, so that none is added unnoticed.
COMMITS = {"open": 3, "open_cart": 4, "open_free": 1, "receive": 2, "process": 2, "relay": 5}


@dataclass
class Step:
    """Runs steps of a sale in processes of their own."""

    settings: Settings
    brand: Brand

    def run(self, step: str, **instructions: Any) -> Finished:
        complete = {
            "step": step,
            "tenant_id": self.brand.id,
            "key": KEY,
            "database_url": self.settings.database_url,
            "encryption_key": self.settings.encryption_keys[0],
            "instance_path": str(self.settings.instance_path),
            "sandbox_url": self.brand.sandbox_url,
            **instructions,
        }
        return run_step("tests.concurrency.killed_process", complete)

    def killed(self, step: str, kill_at: int, when: str, **instructions: Any) -> None:
        finished = self.run(step, kill_at=kill_at, when=when, **instructions)
        assert finished.returncode == -signal.SIGKILL, finished.error


@pytest.fixture
def step(app: Flask, settings: Settings, tenant: Brand) -> Step:
    return Step(settings, tenant)


def open_again(brand: Brand, product: str = "mystique") -> PaymentOpened:
    """Repeat the buyer's call after the lease of the killed process has ended."""
    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=KEY)
    with time_machine.travel(datetime.now(UTC) + LEASE + timedelta(seconds=1)):
        return create_payment_intent(brand.id, call=call, command=make_command(product)).value


def paid_event(brand: Brand, opened: PaymentOpened) -> dict[str, Any]:
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)
    [succeeded] = stripe_sandbox.events(brand, "payment_intent.succeeded")
    return succeeded


def finish(brand: Brand) -> None:
    """Do what the remaining workers do: a sweep finds what is due."""
    process.process_events(brand.id)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        process.process_events(brand.id)
        relay.relay(brand.id)


def assert_fulfilled_once(brand: Brand, settings: Settings, order_number: str) -> None:
    order = load_order(brand, order_number)
    assert order.status is OrderStatus.COMPLETED
    assert count(brand, Order) == 1
    assert count(brand, AccessGrant) == 1
    assert count(brand, OutboxMessage, status=MessageStatus.SENT) == count(brand, OutboxMessage) == 1
    [message] = order.messages
    assert (settings.instance_path / "outbox" / f"{message.id}.eml").exists()


def points(step: str) -> list[Any]:
    return [
        pytest.param(number, when, id=f"{when} commit {number}")
        for number in range(1, COMMITS[step] + 1)
        for when in ("before", "after")
    ]


@pytest.mark.parametrize(("kill_at", "when"), points("open"))
def test_a_payment_is_opened_once_if_killed_while_opening(step, tenant, settings, kill_at, when) -> None:
    step.killed("open", kill_at, when)

    opened = open_again(tenant)
    assert len(stripe_sandbox.intents(tenant)) == 1
    assert len(stripe_sandbox.customers(tenant)) == 1
    stripe_events.receive(tenant, paid_event(tenant, opened))
    finish(tenant)
    assert_fulfilled_once(tenant, settings, opened.order_number)


@pytest.mark.parametrize(("kill_at", "when"), points("open_cart"))
def test_a_cart_is_opened_once_if_killed_while_opening(step, tenant, kill_at, when) -> None:
    step.killed("open_cart", kill_at, when, domain=tenant.domain, email=BUYER)

    call = Call(fingerprint="f", actor="test", source=KeySource.IDEMPOTENCY_KEY, key=KEY)
    with time_machine.travel(datetime.now(UTC) + LEASE + timedelta(seconds=1)):
        opened = open_cart(tenant, call=call)
    assert len(stripe_sandbox.checkout_sessions(tenant)) == count(tenant, Order) == 1
    assert figures(tenant, "shirt") == (100, 2, 0)
    stripe_sandbox.pay_session(tenant, opened.session_id)
    stripe_sandbox.deliver_events(tenant)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED
    assert figures(tenant, "shirt") == (98, 0, 2)
    assert figures(tenant, "cap") == (49, 0, 1)


@pytest.mark.parametrize(("kill_at", "when"), points("open_free"))
def test_a_free_order_is_fulfilled_once_if_killed_while_opening(
    step, tenant, settings, kill_at, when
) -> None:
    step.killed("open_free", kill_at, when)

    opened = open_again(tenant, "simple")
    finish(tenant)
    assert_fulfilled_once(tenant, settings, opened.order_number)


@pytest.mark.parametrize(("kill_at", "when"), points("receive"))
def test_an_order_is_fulfilled_once_if_killed_while_storing_the_event(
    step, tenant, settings, kill_at, when
) -> None:
    opened = open_again(tenant)
    body = stripe_events.encode(paid_event(tenant, opened))
    signed = {"body": body.decode(), "signature": stripe_events.signature(body, tenant.webhook_secret)}
    step.killed("receive", kill_at, when, **signed)

    # Stripe received no response, so it sends the event again.
    assert step.run("receive", **signed).returncode == 0
    finish(tenant)
    assert_fulfilled_once(tenant, settings, opened.order_number)


@pytest.mark.parametrize(("kill_at", "when"), points("process"))
def test_an_order_is_fulfilled_once_if_killed_while_processing_the_event(
    step, tenant, settings, kill_at, when
) -> None:
    opened = open_again(tenant)
    stripe_events.receive(tenant, paid_event(tenant, opened))
    step.killed("process", kill_at, when)

    finish(tenant)
    assert_fulfilled_once(tenant, settings, opened.order_number)


@pytest.mark.parametrize(("kill_at", "when"), points("relay"))
def test_an_order_is_fulfilled_once_if_killed_while_sending_the_message(
    step, tenant, settings, kill_at, when
) -> None:
    opened = open_again(tenant)
    stripe_events.deliver(tenant, paid_event(tenant, opened))
    step.killed("relay", kill_at, when)

    finish(tenant)
    assert_fulfilled_once(tenant, settings, opened.order_number)


def test_the_process_is_killed_at_every_commit_of_every_step(step, tenant) -> None:
    def commits(name: str, **instructions: Any) -> int | None:
        finished = step.run(name, **instructions)
        assert finished.returncode == 0, finished.error
        return finished.commits

    counted = {"open": commits("open")}
    opened = open_again(tenant)
    body = stripe_events.encode(paid_event(tenant, opened))
    signed = {"body": body.decode(), "signature": stripe_events.signature(body, tenant.webhook_secret)}
    counted["receive"] = commits("receive", **signed)
    counted["process"] = commits("process")
    counted["relay"] = commits("relay")
    counted["open_cart"] = commits("open_cart", key="cart", domain=tenant.domain, email="new@example.com")
    counted["open_free"] = commits("open_free", key="free")
    assert counted == COMMITS
