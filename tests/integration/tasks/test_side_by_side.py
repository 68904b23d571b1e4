"""Work side by side: tenants in lanes, orders in threads, each with a database session of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from lumira.database import atomic, db
from lumira.tasks.lanes import TenantLanes
from lumira.threads import side_by_side

pytestmark = pytest.mark.usefixtures("app_context")

PATIENCE = 60.0


@dataclass
class Shops:
    """Tenants of which some have a Stripe that does not respond until `responds` is set."""

    hanging: set[int] = field(default_factory=set)
    done: list[int] = field(default_factory=list)
    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    responds: threading.Event = field(default_factory=threading.Event)

    def work(self, tenant_id: int, *, is_stopping: Callable[[], bool]) -> bool:  # noqa: ARG002
        self.began.release()
        if tenant_id in self.hanging:
            assert self.responds.wait(PATIENCE)
        self.done.append(tenant_id)
        return tenant_id not in self.hanging

    def await_begin(self, number: int) -> None:
        for _ in range(number):
            assert self.began.acquire(timeout=PATIENCE)


def never() -> bool:
    return False


def test_a_tenant_that_hangs_delays_no_other_and_is_not_begun_twice() -> None:
    shops = Shops(hanging={1})
    lanes = TenantLanes("test", shops.work, threads=2)
    lanes.run([1, 2, 3], seconds=0, is_stopping=never)
    shops.await_begin(3)
    lanes.run([1, 2, 3], seconds=0, is_stopping=never)
    shops.await_begin(2)
    assert 1 not in shops.done
    # Only the two others have begun again.
    assert not shops.began.acquire(timeout=0.1)
    shops.responds.set()


def test_tenants_that_did_not_respond_fill_only_the_lanes_for_slow_ones() -> None:
    shops = Shops(hanging={1, 2, 3})
    lanes = TenantLanes("test", shops.work, threads=3, threads_for_slow=1)
    shops.responds.set()
    lanes.run([1, 2, 3], seconds=PATIENCE, is_stopping=never)
    shops.responds.clear()
    shops.done.clear()
    # All of them hang again, and would fill all lanes.
    lanes.run([1, 2, 3, 4, 5, 6], seconds=0, is_stopping=never)
    lanes.run([7], seconds=PATIENCE, is_stopping=never)
    assert set(shops.done) == {4, 5, 6, 7}
    shops.hanging.clear()
    shops.responds.set()
    lanes.run([8], seconds=PATIENCE, is_stopping=never)


def test_an_error_of_one_tenant_does_not_stop_the_others() -> None:
    done = []

    def work(tenant_id: int, *, is_stopping: Callable[[], bool]) -> bool:
        if tenant_id == 1:
            raise ValueError
        done.append(tenant_id)
        return True

    lanes = TenantLanes("test", work, threads=1)
    lanes.run([1, 2], seconds=PATIENCE, is_stopping=never)
    lanes.run([1, 2], seconds=PATIENCE, is_stopping=never)
    assert done == [2, 2]


def test_a_stopping_process_begins_no_tenant() -> None:
    shops = Shops()
    TenantLanes("test", shops.work).run([1, 2], seconds=PATIENCE, is_stopping=lambda: True)
    assert shops.done == []


def test_each_thread_has_a_transaction_of_its_own_and_all_items_are_done() -> None:
    together = threading.Barrier(4)
    sessions = set()

    def work(number: int) -> None:
        with atomic(number):
            if number < 4:
                together.wait(PATIENCE)
            tenant = db.session.execute(text("SELECT current_setting('lumira.tenant_id')")).scalar_one()
            sessions.add((int(tenant), number))

    side_by_side(range(20), work, threads=4)
    assert sessions == {(number, number) for number in range(20)}


def test_the_first_error_ends_the_work_and_is_raised() -> None:
    done = []

    def work(number: int) -> None:
        if number == 3:
            raise ValueError(number)
        done.append(number)

    with pytest.raises(ValueError, match="3"):
        side_by_side(range(1000), work, threads=2)
    assert len(done) < 1000
