"""A caller that looks up before each write leaves exactly one record, whatever fails: the client's errors suffice."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lumira.clients import dolibarr
from lumira.clients.dolibarr import (
    DolibarrAccount,
    DolibarrDuplicate,
    DolibarrUnavailable,
    InvoiceStatus,
    NewLine,
    ThirdPartyFields,
)
from tests.support.dolibarr import DolibarrSandbox

pytestmark = pytest.mark.usefixtures("app")

DAY = date(2026, 11, 20)
LINES = (NewLine("Course", 3, Decimal("41.65833"), Decimal(20)),)
TOTAL = 14997
RATES = {
    "timeout_before": 0.06,
    "timeout_after": 0.06,
    "deadlock": 0.05,
    "lock_wait": 0.03,
    "duplicate_number": 0.03,
    "500_empty": 0.03,
    "500_empty_after": 0.03,
    "500_without_text": 0.02,
    "502": 0.03,
    "502_after": 0.03,
}


def once(find: Callable[[], int | None], create: Callable[[], int]) -> int:
    """Look up, create, and look up again, until there is a record."""
    for _ in range(200):
        try:
            found = find()
            if found is not None:
                return found
            create()
        except (DolibarrDuplicate, DolibarrUnavailable):
            continue
    raise AssertionError("never")


def until_done(call: Callable[[], None]) -> None:
    for _ in range(200):
        try:
            call()
        except DolibarrUnavailable:
            continue
        return
    raise AssertionError("never")


def id_of(found: dolibarr.ThirdParty | dolibarr.Order | dolibarr.Invoice | None) -> int | None:
    return None if found is None else found.id


def write_sale(account: DolibarrAccount, number: int, paying: threading.Lock) -> None:
    """Write one sale, as several workers do at once; only payments need a lock of ours."""
    names = {kind: f"{kind}_{number}" for kind in ("cus", "ord", "inv", "pay")}
    third_party_id = once(
        lambda: id_of(dolibarr.find_third_party_by_lumira_id(account, names["cus"])),
        lambda: dolibarr.create_third_party(account, ThirdPartyFields(name="Ada"), lumira_id=names["cus"]),
    )
    order_id = once(
        lambda: id_of(dolibarr.find_order_by_lumira_id(account, names["ord"])),
        lambda: dolibarr.create_order(
            account, third_party_id=third_party_id, lumira_id=names["ord"], day=DAY, lines=LINES
        ),
    )
    until_done(lambda: dolibarr.validate_order(account, order_id))
    invoice_id = once(
        lambda: id_of(dolibarr.find_invoice_by_lumira_id(account, names["inv"])),
        lambda: dolibarr.create_invoice(
            account,
            third_party_id=third_party_id,
            lumira_id=names["inv"],
            day=DAY,
            lines=LINES,
            order_id=order_id,
        ),
    )
    until_done(lambda: dolibarr.validate_invoice(account, invoice_id))
    with paying:
        once(
            lambda: next(
                (1 for each in dolibarr.list_payments(account, invoice_id) if each.ref_ext == names["pay"]),
                None,
            ),
            lambda: dolibarr.pay_invoice(
                account,
                invoice_id=invoice_id,
                amount=TOTAL,
                paid_at=datetime(2026, 11, 20, tzinfo=UTC),
                lumira_id=names["pay"],
                payment_type_id=6,
                bank_account_id=1,
            ),
        )
    until_done(lambda: dolibarr.set_order_invoiced(account, order_id))
    until_done(lambda: dolibarr.close_order(account, order_id))


@pytest.mark.parametrize("seed", range(3))
def test_four_workers_and_random_faults_leave_one_record_of_each(
    dolibarr_server: DolibarrSandbox, seed: int
) -> None:
    dolibarr_server.configure(race_window_ms=1)
    dolibarr_server.fail_at_random(seed=seed, **RATES)
    failures: list[BaseException] = []
    paying = threading.Lock()

    def work() -> None:
        try:
            for number in range(3):
                write_sale(dolibarr_server.account, number, paying)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert failures == []
    dolibarr_server.heal()
    assert len(dolibarr_server.third_parties()) == len(dolibarr_server.orders()) == 3
    assert [order["status"] for order in dolibarr_server.orders()] == [3, 3, 3]
    for number in range(3):
        invoice = dolibarr.find_invoice_by_lumira_id(dolibarr_server.account, f"inv_{number}")
        assert invoice is not None
        assert (invoice.status, invoice.total, invoice.remaining) == (InvoiceStatus.PAID, TOTAL, 0)
        assert not invoice.ref.startswith("(PROV")
    assert sorted(payment["ref_ext"] for payment in dolibarr_server.payments()) == ["pay_0", "pay_1", "pay_2"]
