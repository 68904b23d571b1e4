"""While many events wait, paid orders come first, and what would be done twice is left out."""

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import EventStatus, WebhookEvent
from lumira.tasks import queue
from lumira.webhooks import process
from tests.support.factories import Brand, count, open_payment
from tests.support.stripe_events import event, receive

pytestmark = pytest.mark.usefixtures("app_context")

PATIENCE = 60.0


def received(brand: Brand, number: int) -> None:
    receive(brand, event("customer.created", {"id": f"cus_{number}", "object": "customer"}))


def test_one_thread_of_a_worker_processes_the_events_of_a_tenant(app, tenant: Brand) -> None:
    def work() -> None:
        with app.app_context():
            queue.process_events(tenant.id)

    received(tenant, 1)
    with atomic(tenant.id):
        # Processing waits for transactions that store events.
        db.session.execute(
            text("SELECT pg_advisory_xact_lock_shared(hashtext('process_events'), :id)"), {"id": tenant.id}
        )
        first = threading.Thread(target=work)
        first.start()
        waiting = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :id AND NOT granted"
        )
        end = time.monotonic() + PATIENCE
        while not db.session.execute(waiting, {"id": tenant.id}).scalar_one():
            assert time.monotonic() < end
        second = threading.Thread(target=work)
        second.start()
        # It does not wait for the lock too.
        second.join(PATIENCE)
        assert not second.is_alive()
    first.join(PATIENCE)
    assert count(tenant, WebhookEvent, status=EventStatus.IGNORED) == 1


@pytest.mark.parametrize(("seconds", "is_polled"), [(120.0, False), (0.0, True)])
def test_orders_are_not_polled_in_the_first_minutes_of_a_backlog(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch, seconds: float, is_polled: bool
) -> None:
    open_payment(tenant)
    polled = []
    monkeypatch.setattr(queue, "_POLLS_WAIT", seconds)
    monkeypatch.setattr(queue._order_lanes, "run", lambda due, **_: polled.append(tenant.id in due))

    def second_batch() -> int:
        with time_machine.travel(utc_now() + timedelta(hours=1)):
            queue.poll_orders(0)
        return 0

    batches = iter([lambda: process.BATCH, second_batch])
    monkeypatch.setattr(process, "process_batch", lambda _: next(batches)())
    process.process_events(tenant.id)
    assert polled == [True] * is_polled
