"""Whatever a payment lives through, and however badly that is told: the end is the one of the tidy telling.

Every story is told twice: in Stripe's order, each event once, to the rules alone; and to a real inbox in any
order, with any duplicates, in batches of any size, handled by workers that are killed before or after a commit.
"""

import os
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from lumira.database import atomic
from lumira.models import Order, OrderLine, PartialRefundPolicy, ProductKind
from lumira.models.columns import uuid7
from lumira.services import orders, payments
from lumira.services.payments import IntentFacts
from lumira.services.refunds import refunded_amount
from lumira.services.settle_order import derive
from lumira.webhooks import drain, inbox
from lumira.webhooks.registry import Told, find_handler
from tests.factories import BUYER, Brand, load_order
from tests.stories import Story, Teller, stories

pytestmark = pytest.mark.usefixtures("app_context")

#: In all; each of the four tests below tells a quarter.
STORIES = int(os.environ.get("STORIES", "520"))
_numbers = iter(range(10**9))


class Killed(BaseException):
    """The worker's process is gone; nothing in it can catch that."""


@contextmanager
def killed(at_commit: int, when: str):
    """The worker dies right before or after its n-th commit."""
    seen = 0

    def met(_session: Session) -> None:
        nonlocal seen
        seen += 1
        if seen == at_commit:
            raise Killed

    sqlalchemy_event.listen(Session, f"{when}_commit", met)
    try:
        yield
    except Killed:
        pass
    finally:
        sqlalchemy_event.remove(Session, f"{when}_commit", met)


def open_order(brand: Brand, *, is_known: bool) -> tuple[str, str]:
    """An order waiting for its payment: number and PaymentIntent, which the order knows or has yet to learn."""
    with atomic(brand.id):
        product = orders.db.session.get(orders.Product, (brand.id, "mystique"))
        order = orders.open_order(
            brand.id,
            prefix="STORY",
            product=product,
            quantity=1,
            customer=None,
            customer_email=BUYER,
            customer_name=None,
            livemode=False,
            source="products",
            request_id=None,
            metadata={},
        )
        number = order.order_number
        intent_id = f"pi_story{next(_numbers)}"
        if is_known:
            order = orders.lock_order(brand.id, order.id)
            payments.attach_intent(order, IntentFacts(intent_id, "requires_payment_method", 4700, "eur"))
    return number, intent_id


def told_tidily(story: Story) -> dict[str, Any]:
    """The end that follows when everything is told once and in order: without a database, by the rules alone."""
    order = Order(order_number="TIDY", amount=4700, currency="eur", customer_email=BUYER, livemode=False)
    order.lines.append(
        OrderLine(
            id=uuid7(),
            product_id="mystique",
            product_name="Niveau Mystique",
            kind=ProductKind.DIGITAL,
            on_partial_refund=PartialRefundPolicy.KEEP,
        )
    )
    payments.attach_intent(order, IntentFacts("pi_tidy", "requires_payment_method", 4700, "eur"))
    for told in Teller("pi_tidy", "TIDY").tell(story):
        handler = find_handler(told["type"])
        assert handler is not None
        handler(order, Told(told["data"]["object"], None))
    outcome = derive(order)
    return ending(
        order,
        "pi_tidy",
        status=outcome.status,
        review=outcome.review,
        completed=outcome.is_paid,
        grants=[("mystique", state.active, str(state.reason)) for state in outcome.grants.values()],
        messages=[(str(kind), subject) for kind, subject in outcome.messages],
    )


def told_badly(brand: Brand, story: Story, chance: Random) -> dict[str, Any]:
    # An order of whose payment nothing is ever told has to know it by itself.
    is_silent = not Teller("pi_", "").tell(story)
    number, intent_id = open_order(brand, is_known=is_silent or chance.random() < 0.7)
    events = Teller(intent_id, number).tell(story)
    events += [chance.choice(events) for _ in range(chance.randrange(4)) if events]
    # Two events may tell of one fact: the same content under another id.
    events += [
        {**chance.choice(events), "id": f"evt_twin{next(_numbers)}"}
        for _ in range(chance.randrange(3))
        if events
    ]
    chance.shuffle(events)
    for told in events:
        inbox.store(brand.id, told)
        if chance.random() < 0.25:
            with killed(1, chance.choice(("before", "after"))):
                drain.drain_batch(brand.id)
        if chance.random() < 0.15:
            drain.drain_batch(brand.id)
    while drain.drain_batch(brand.id):
        continue
    order = load_order(brand, number)
    return ending(
        order,
        intent_id,
        status=order.status,
        review=order.review_reason,
        completed=order.completed_at is not None,
        grants=[(g.product_id, g.active, str(g.reason)) for g in order.grants],
        messages=[(str(m.kind), m.subject) for m in order.messages],
    )


def ending(
    order: Order, intent_id: str, *, messages: list[tuple[str, str]], **derived: Any
) -> dict[str, Any]:
    """All that must be the same, without the names that differ from one order to the other."""
    own = intent_id.removeprefix("pi_")

    def name(text: str | None) -> str:
        return (text or "").replace(own, "…")

    return derived | {
        "payments": sorted(
            (name(p.stripe_payment_intent_id), str(p.state), p.amount_received) for p in order.payments
        ),
        "declines": sorted(name(d.subject) for d in order.declines),
        "refunded": refunded_amount(order),
        "refunds": sorted((name(r.stripe_refund_id), r.amount, str(r.status)) for r in order.refunds),
        "disputes": sorted((name(d.stripe_dispute_id), d.amount, str(d.status)) for d in order.disputes),
        "messages": sorted((kind, name(subject)) for kind, subject in messages),
    }


@pytest.mark.parametrize("part", range(4))
def test_any_story_ends_the_same_however_badly_it_is_told(app: Flask, tenant: Brand, part: int) -> None:
    # The same stories in every ordinary run; others, and more, when asked for a number.
    @seed(part if "STORIES" not in os.environ else Random().randrange(2**32))
    @settings(
        max_examples=STORIES // 4,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(story=stories(), luck=st.integers(0, 2**32))
    def check(story: Story, luck: int) -> None:
        tidy = told_tidily(story)
        badly = told_badly(tenant, story, Random(f"{part}-{luck}"))
        note(f"tidy: {tidy}")
        assert badly == tidy

    check()
