"""After any sequence of faults Dolibarr has one order, one invoice and one payment for each sale, equal to the cent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from lumira.clock import utc_now
from lumira.crm.connection import load_connection
from lumira.crm.problems import TurnLost
from lumira.crm.sync import sync_crm
from lumira.crm.third_parties import write_customer
from lumira.crm.turn import begin_turn
from lumira.crm.work import TaskRef, Work
from lumira.database import atomic
from lumira.repositories.crm import crm_lanes, crm_tasks
from tests.support import crm, refunds
from tests.support.crm import assert_written_once
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order
from tests.support.refunds import alerts_of, deliver_events, pay

#: The writes of a sale and of its refund: the third party; order, validated; invoice, validated, paid; order invoiced
#: and closed; credit note, validated, paid out.
WRITES = 11
FAULTS = (
    "timeout_after",
    "timeout_before",
    "deadlock",
    "lock_wait",
    "duplicate_number",
    "500_empty_after",
    "500_without_text",
    "502_after",
    "truncated_after",
)


def sell_and_refund(shop: Brand) -> str:
    opened = pay(shop)
    refunds.refund_in_dashboard(shop, opened, amount=1700)
    deliver_events(shop)
    return opened.order_number


def test_a_sale_and_its_refund_take_eleven_writes(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    sell_and_refund(shop)
    crm.sync(shop)

    assert len([call for call in dolibarr_server.calls() if call["method"] != "GET"]) == WRITES


@pytest.mark.parametrize("write", range(WRITES))
@pytest.mark.parametrize("fault", FAULTS[:3])
def test_a_fault_of_any_write_leaves_each_record_once(
    shop: Brand, dolibarr_server: DolibarrSandbox, fault: str, write: int
) -> None:
    number = sell_and_refund(shop)
    dolibarr_server.fail_next(fault, path="(?!/status).*", method="POST", skip=write)
    crm.sync(shop)

    assert_written_once(shop, dolibarr_server, load_order(shop, number), refunded=1700)


@pytest.mark.parametrize("seed", range(8))
def test_any_sequence_of_faults_leaves_each_record_once(
    shop: Brand, dolibarr_server: DolibarrSandbox, seed: int
) -> None:
    numbers = [sell_and_refund(shop), pay(shop, "intuitive").order_number]
    rates = dict.fromkeys(FAULTS, 0.02) | {"502": 0.03, "500_empty": 0.03}
    dolibarr_server.fail_at_random(seed=seed, **rates)
    crm.sync(shop, turns=10)
    dolibarr_server.heal()
    with atomic(shop.id):
        crm_tasks.retry_all(shop.id)
    crm.sync(shop)

    sold = [load_order(shop, number) for number in numbers]
    assert_written_once(shop, dolibarr_server, *sold, refunded=1700)
    assert len(dolibarr_server.third_parties()) == 1


def test_four_workers_at_once_write_each_record_once(
    app: Flask, shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    numbers = [pay(shop, product).order_number for product in ("mystique", "intuitive", "alchimique")]

    def work(_number: int) -> None:
        with app.app_context():
            for _ in range(4):
                sync_crm(shop.id)
                with atomic(shop.id):
                    crm_lanes.end_pause(shop.id)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    crm.sync(shop)

    assert_written_once(shop, dolibarr_server, *(load_order(shop, number) for number in numbers))


def test_a_worker_that_was_stopped_in_its_turn_writes_nothing_more(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    number = pay(shop).order_number
    with atomic(shop.id):
        stopped = begin_turn(shop.id)
        connection = load_connection(shop.id)
        task = crm_tasks.find_next(shop.id)
    assert stopped is not None
    assert task is not None
    crm.sync(shop)
    calls = len(dolibarr_server.calls())

    with time_machine.travel(utc_now() + crm_lanes.LEASE, tick=True), pytest.raises(TurnLost):
        write_customer(Work(stopped, connection, TaskRef.of(task)))
    assert len(dolibarr_server.calls()) == calls
    assert_written_once(shop, dolibarr_server, load_order(shop, number))


def test_a_payment_without_a_reply_is_not_entered_again_while_the_server_may_still_work_on_it(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    pay(shop)
    dolibarr_server.fail_next("timeout_before", path="/invoices/paymentsdistributed")
    sync_crm(shop.id)
    [invoice] = crm.pending(shop)

    assert invoice.next_attempt_at >= utc_now() + timedelta(minutes=4)
    crm.sync(shop)
    assert len(dolibarr_server.payments()) == 1


def test_a_record_that_fails_ten_times_is_parked_and_written_when_it_is_retried(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop)
    dolibarr_server.fail_next("500_without_text", method="POST", path="/orders", times=10)
    crm.sync(shop, turns=14)
    assert crm.parked(shop) == [("order", "gave_up")]
    assert alerts_of(shop) == [("crm_parked", order.order_number)]
    # The invoice waits for its order.
    assert [str(task.kind) for task in crm.pending(shop)] == ["invoice"]

    with atomic(shop.id):
        assert crm_tasks.retry_all(shop.id) == 1
    crm.sync(shop, turns=30)
    assert_written_once(shop, dolibarr_server, order)
    assert alerts_of(shop) == []


def test_a_parked_record_delays_no_other_buyer(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    for name in ("Ada", "Ada L."):
        dolibarr_server.staff("POST", "/thirdparties", name=name, email="first@example.com", client=1)
    crm.buy(shop, customer_email="first@example.com")
    second = crm.buy(shop, customer_email="second@example.com")
    crm.sync(shop, turns=3)

    assert crm.parked(shop) == [("customer", "several_third_parties")]
    assert [row["extra"]["lumira_id"] for row in dolibarr_server.orders()] == [str(second.id)]


def test_a_crm_that_is_down_for_a_week_is_caught_up_with_at_a_bounded_pace(
    shop: Brand, dolibarr_server: DolibarrSandbox, make_sales: Callable[[int], list[str]]
) -> None:
    dolibarr_server.configure(down=True)
    numbers = make_sales(5)
    crm.sync(shop, turns=24, every=timedelta(hours=7))
    assert alerts_of(shop) == [("crm_failing", "dolibarr")]
    assert all(task.attempts == 0 for task in crm.tasks(shop))
    dolibarr_server.heal()
    before = len(dolibarr_server.calls())
    week = utc_now() + timedelta(days=8)
    with time_machine.travel(week, tick=True):
        sync_crm(shop.id)
        sync_crm(shop.id)
        # Of fifteen records, ten in one turn; the next one comes ten seconds later.
        assert len(crm.pending(shop)) == 5
        assert len(dolibarr_server.calls()) - before < 100
        # The oldest first.
        assert crm.pending(shop)[0].id == max(task.id for task in crm.tasks(shop)[:11])
    with time_machine.travel(week + timedelta(seconds=11), tick=True):
        sync_crm(shop.id)

    assert_written_once(shop, dolibarr_server, *(load_order(shop, number) for number in numbers))
    assert alerts_of(shop) == []


@pytest.fixture
def make_sales(shop: Brand) -> Callable[[int], list[str]]:
    def make(number: int) -> list[str]:
        return [pay(shop, customer_email=f"buyer-{each}@example.com").order_number for each in range(number)]

    return make


@pytest.mark.parametrize(
    ("fault", "reason"),
    [({"modules_off": ["commande"]}, "module_off"), ({"down": True}, "unavailable")],
)
def test_what_is_about_the_connection_stops_all_and_parks_nothing(
    shop: Brand, dolibarr_server: DolibarrSandbox, fault: dict[str, Any], reason: str
) -> None:
    number = pay(shop).order_number
    dolibarr_server.configure(**fault)
    crm.sync(shop, turns=4)

    with atomic(shop.id):
        lane = crm_lanes.find(shop.id)
    assert lane is not None
    assert lane.problem == reason
    assert ("crm_failing", "dolibarr") in alerts_of(shop)
    assert crm.parked(shop) == []
    dolibarr_server.configure(modules_off=[], down=False)
    crm.sync(shop)
    assert_written_once(shop, dolibarr_server, load_order(shop, number))
    assert alerts_of(shop) == []


def test_a_revoked_key_stops_all_until_it_is_replaced(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    number = pay(shop).order_number
    dolibarr_server.change_user(key="another-key")
    crm.sync(shop, turns=2)
    assert alerts_of(shop) == [("crm_failing", "dolibarr")]
    dolibarr_server.change_user(key=dolibarr_server.key)
    crm.sync(shop)

    assert_written_once(shop, dolibarr_server, load_order(shop, number))
