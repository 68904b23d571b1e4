"""Delivers the events of a story badly: in disorder, repeated, lost, by killed workers, between polls and operators."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Order
from lumira.reconciliation.poll_order import poll_order
from lumira.reconciliation.pull_events import pull_events
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.customers import customers
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.orders.change_address import change_address
from lumira.settlement.settle_order import settle_order
from lumira.webhooks import inbox, process
from tests.support import story_endings, story_goods, story_orders
from tests.support.factories import Brand, load_order
from tests.support.story_player import StoryPlayer
from tests.support.story_stripe import StoryStripe
from tests.support.stripe_events import add_tenant

_numbers = iter(range(10**9))


class Killed(BaseException):
    """The worker process is killed; no code in it can catch that."""


@contextmanager
def killed(at_commit: int, when: str) -> Iterator[None]:
    """Kill the worker right before or after its n-th commit."""
    commits = 0

    def count_commit(_session: Session) -> None:
        nonlocal commits
        commits += 1
        if commits == at_commit:
            raise Killed

    sqlalchemy_event.listen(Session, f"{when}_commit", count_commit)
    try:
        yield
    except Killed:
        pass
    finally:
        sqlalchemy_event.remove(Session, f"{when}_commit", count_commit)


@dataclass
class Delivery:
    """Brings one story to its order."""

    brand: Brand
    player: StoryPlayer
    stripe: StoryStripe
    chance: Random
    #: What the operator has done so far.
    done: int = 0
    #: How far the buyer's withdrawal and its decision are.
    withdrawn: int = 0
    #: Which steps with the goods the shop has taken, or given up.
    packed: int = 0
    #: The customer to which the order belongs since then.
    customer_id: UUID | None = None

    def __post_init__(self) -> None:
        self.stripe.player = self.player
        self.stripe.missing_permission = self.player.story.missing_permission

    @property
    def order(self) -> Order:
        return load_order(self.brand, self.player.order_number)

    def deliver(self, in_order: list[dict[str, Any]]) -> None:
        """Deliver these events and process them, with everything that may happen meanwhile."""
        events = in_order + [
            self.chance.choice(in_order) for _ in range(self.chance.randrange(4)) if in_order
        ]
        # Two events may report one fact: the same content under another id.
        events += [
            {**self.chance.choice(events), "id": f"evt_{self.player.name}_twin{next(_numbers)}"}
            for _ in range(self.chance.randrange(3))
            if events
        ]
        if self.player.story.loses_webhooks:
            events = [each for each in events if self.chance.random() < 0.6]
        self.chance.shuffle(events)
        for stripe_event in events:
            add_tenant(self.brand, stripe_event)
            inbox.store(self.brand.id, stripe_event)
            self._happen()
        self._process()

    def recover(self) -> None:
        """Do what is left: the operator's acts, a pull of lost events, and a poll, with every permission."""
        self.stripe.missing_permission = None
        self.withdraw_at_last()
        self.pack_at_last()
        self._operate_all()
        story = self.player.story
        if story.loses_webhooks:
            self._pull()
        self._process()
        # No event reports these.
        needs_poll = (
            story.email_from == "charge" or story.page_total is not None or self.player.canceled_quietly
        )
        if needs_poll or self.chance.random() < 0.3:
            self._poll()
        # A buyer whose address the poll found is a customer now, who can be merged.
        self._operate_all()
        self._process()

    def poll_if_due(self) -> None:
        """Poll the order if it is time, and deliver the events of what was closed then, or not."""
        due_at, first = self.order.next_poll_at, len(self.player.events)
        if due_at is None or due_at > utc_now():
            return
        self._poll()
        for stripe_event in self.player.events[first:]:
            if not self.player.story.loses_webhooks:
                add_tenant(self.brand, stripe_event)
                inbox.store(self.brand.id, stripe_event)
        self._process()

    def check_customer(self) -> None:
        """Check that the order, with its access, belongs to the customer to whom an operator moved it."""
        order = self.order
        if self.customer_id is not None:
            assert order.customer_id == self.customer_id
        assert {grant.customer_id for grant in order.grants} <= {order.customer_id}

    def _happen(self) -> None:
        """Perhaps process, poll, pull, or let the operator act."""
        if self.chance.random() < 0.2:
            with killed(1, self.chance.choice(("before", "after"))):
                process.process_batch(self.brand.id)
        if self.chance.random() < 0.1:
            process.process_batch(self.brand.id)
        if self.chance.random() < 0.03:
            self._poll()
        if self.chance.random() < 0.02:
            self._pull()
        if self.done < len(self.player.story.operator) and self.chance.random() < 0.2:
            self._operate()
        if self.chance.random() < 0.2:
            self._withdraw()
        if self.packed < len(self.player.story.parcels) and self.chance.random() < 0.3:
            self._pack()

    def withdraw_at_last(self) -> None:
        """Let the buyer withdraw, and the operator decide, as far as that has not happened."""
        while self._withdraw():
            continue

    def _withdraw(self) -> bool:
        """Take the next step of the withdrawal; returns whether there was one."""
        decision = self.player.story.withdrawal
        if decision is None or self.withdrawn == (2 if decision == "refused" else 1):
            return False
        order_id = self.order.id
        with atomic(self.brand.id):
            order = orders.lock_order(self.brand.id, order_id)
            if self.withdrawn == 0:
                story_orders.withdraw(order, is_accepted=decision == "accepted")
                db.session.flush()
            else:
                story_orders.refuse(order)
            settle_order(order, actor="buyer")
        self.withdrawn += 1
        return True

    def pack_at_last(self) -> None:
        """Let the shop take the steps with the goods that it has not taken; what is not permitted now never is."""
        for step in self.player.story.parcels[self.packed :]:
            story_goods.act(self.brand, self.player.order_number, step)
            self.packed += 1

    def _pack(self) -> None:
        """Let the shop take the next step with the goods, if the order permits it."""
        step = self.player.story.parcels[self.packed]
        self.packed += story_goods.act(self.brand, self.player.order_number, step)

    def _process(self) -> None:
        while process.process_batch(self.brand.id):
            continue

    def _poll(self) -> None:
        with atomic(self.brand.id):
            account = stripe_accounts.find_account(self.brand.id)
        poll_order(self.brand.id, account, self.order.id)

    def _pull(self) -> None:
        with atomic(self.brand.id):
            account = stripe_accounts.get_account(self.brand.id)
        report = ReconciliationReport()
        with report.step("events"):
            for stripe_event in self.player.events:
                add_tenant(self.brand, stripe_event)
            pull_events(self.brand.id, account, report, since=timedelta(hours=1))
        assert report.failures == 0

    def _operate_all(self) -> None:
        while self.done < len(self.player.story.operator) and self._operate():
            continue

    def _operate(self) -> bool:
        """Let the operator do what is next; returns whether that was possible."""
        order, act = self.order, self.player.story.operator[self.done]
        if act == "address":
            address = story_endings.corrected_address(self.player.name)
            if order.customer_email != address:
                change = change_address(self.brand.id, order.id, address, actor="operator")
                self.customer_id = change.customer.id
        elif order.customer_id is None:
            # Nothing to merge yet; an order that never gets an address has no customer.
            return False
        else:
            with atomic(self.brand.id):
                email = f"target-{self.player.name}-{self.done}@example.com"
                target_id = customers.find_or_create(self.brand.id, email=email, name=None).id
            merge_customers(self.brand.id, order.customer_id, target_id, actor="operator")
            self.customer_id = target_id
        self.done += 1
        return True
