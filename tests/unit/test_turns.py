"""Tenants take turns in the work that few threads do, and nothing that was called for is left to a sweep."""

import threading
import time
from collections.abc import Callable

import pytest

from lumira.tasks.turns import TenantTurns


def never() -> bool:
    return False


def in_thread(turns: TenantTurns, *tenant_ids: int) -> threading.Thread:
    thread = threading.Thread(target=turns.run, args=(tenant_ids,), kwargs={"is_stopping": never})
    thread.start()
    return thread


def test_what_finds_no_free_thread_is_done_by_the_next_that_is_free() -> None:
    done: list[int] = []
    begun, may_end = threading.Event(), threading.Event()

    def work(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
        begun.set()
        may_end.wait(30)
        done.append(tenant_id)

    turns = TenantTurns("test", work, threads=1, seconds=60)
    busy = in_thread(turns, 1)
    assert begun.wait(30)
    # Both return at once; the tenant in progress may have got more work after its last look.
    turns.run([2], is_stopping=never)
    turns.run([1], is_stopping=never)
    assert done == []
    may_end.set()
    busy.join(30)

    assert done == [1, 2, 1]


def test_a_tenant_with_much_work_lets_the_others_go_first() -> None:
    order: list[int] = []
    left = {1: 3, 2: 1, 3: 1}

    def work(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
        order.append(tenant_id)
        left[tenant_id] -= 1
        while left[tenant_id] and not is_stopping():
            time.sleep(0.005)

    TenantTurns("test", work, threads=1, seconds=0.02).run([1, 2, 3], is_stopping=never)
    assert order == [1, 2, 3, 1, 1]


def test_a_tenant_is_worked_for_by_one_thread_at_a_time() -> None:
    at_once, most = 0, 0
    lock = threading.Lock()

    def work(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1

    turns = TenantTurns("test", work, threads=4, seconds=60)
    for thread in [in_thread(turns, 1) for _ in range(8)]:
        thread.join(30)
    assert most == 1


def test_an_error_for_one_tenant_stops_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[int] = []

    def work(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
        if tenant_id == 1:
            raise ValueError
        done.append(tenant_id)

    TenantTurns("test", work, threads=1, seconds=60).run([1, 2], is_stopping=never)
    assert done == [2]


def test_no_turn_begins_once_the_process_stops() -> None:
    done: list[int] = []
    turns = TenantTurns("test", lambda tenant_id, **_: done.append(tenant_id), threads=1, seconds=60)
    turns.run([1, 2], is_stopping=lambda: bool(done))
    assert done == [1]
