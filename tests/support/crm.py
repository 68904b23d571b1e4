"""A tenant that is connected to a Dolibarr of the sandbox, and what is written there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import time_machine
from sqlalchemy import select

from lumira.clock import utc_now
from lumira.crm.sync import sync_crm
from lumira.database import atomic, db
from lumira.models import CrmConnection, CrmLink, CrmTask, CrmTaskState, Order
from lumira.repositories.crm import crm_connections
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order
from tests.support.refunds import pay

#: Longer than every delay between two attempts of one record.
LATER = timedelta(minutes=90)


def connect(brand: Brand, server: DolibarrSandbox, **columns: Any) -> None:
    """Connect a tenant to a Dolibarr, and switch its CRM on, for sales of test mode too."""
    with atomic(brand.id) as session:
        values = {
            "url": server.url,
            "bank_account_id": server.bank_account_id,
            "payment_type_id": server.payment_type_id,
            "currency": "eur",
            **columns,
        }
        connection = CrmConnection(tenant_id=brand.id, **values)
        crm_connections.set_api_key(connection, server.key)
        session.add(connection)
        tenant = tenants.get(brand.id)
        tenant.crm_switched_on_at, tenant.crm_takes_test_sales = utc_now(), True


def buy(brand: Brand, product: str = "mystique", **sale: Any) -> Order:
    """Let a buyer pay; the order is settled, and its records are enqueued."""
    opened = pay(brand, product, **sale)
    return load_order(brand, opened.order_number)


def sync(brand: Brand, *, turns: int = 12, every: timedelta = LATER) -> None:
    """Let turns pass until nothing is due; a failing turn is followed by one at a later time."""
    at = utc_now()
    for number in range(turns):
        if number:
            at += every
        with time_machine.travel(at, tick=True):
            sync_crm(brand.id)
        if number and not pending(brand):
            return


def tasks(brand: Brand) -> list[CrmTask]:
    """The tenant's tasks, in the order in which they are done."""
    with atomic(brand.id):
        query = select(CrmTask).where(CrmTask.tenant_id == brand.id).order_by(CrmTask.id)
        return list(db.session.execute(query).scalars())


def pending(brand: Brand) -> list[CrmTask]:
    return [task for task in tasks(brand) if task.state is CrmTaskState.PENDING]


def parked(brand: Brand) -> list[tuple[str, str | None]]:
    """Kind and reason of each parked task."""
    return [(str(task.kind), task.reason) for task in tasks(brand) if task.state is CrmTaskState.PARKED]


def links(brand: Brand) -> list[CrmLink]:
    with atomic(brand.id):
        query = select(CrmLink).where(CrmLink.tenant_id == brand.id, CrmLink.unlinked_at.is_(None))
        return list(db.session.execute(query.order_by(CrmLink.id)).scalars())


def task_states(brand: Brand) -> list[tuple[str, str]]:
    return [(str(task.kind), str(task.state)) for task in tasks(brand)]


def whole_order(brand: Brand, order_id: UUID) -> Order:
    with atomic(brand.id):
        return orders.get_order(brand.id, str(order_id))


def cents(amount: Any) -> int:
    """An amount of Dolibarr in minor units."""
    return int((Decimal(str(amount)) * 100).to_integral_exact())


def assert_written_once(brand: Brand, server: DolibarrSandbox, *sold: Order, refunded: int = 0) -> None:
    """Each order has one order, one invoice and one payment in Dolibarr, equal to the cent; nothing is left to do."""
    assert [
        (task.kind, task.state, task.reason) for task in tasks(brand) if task.state is not CrmTaskState.DONE
    ] == []
    written = {row["extra"]["lumira_id"]: row for row in server.orders()}
    assert len(server.orders()) == len(sold)
    assert written.keys() == {str(order.id) for order in sold}
    invoices = [row for row in server.invoices() if row["type"] == 0]
    assert len(invoices) == len(sold)
    payments = [row for row in server.payments() if cents(row["amount"]) > 0]
    assert len(payments) == len(sold)
    by_number = {payment["comment"]: payment for payment in payments}
    for order in sold:
        row = written[str(order.id)]
        assert (cents(row["total_ttc"]), row["status"], row["billed"]) == (order.amount, 3, 1)
        payment = by_number[order.order_number]
        [invoice] = [row for row in invoices if row["id"] == payment["invoice_id"]]
        assert (cents(invoice["total_ttc"]), invoice["status"]) == (order.amount, 2)
        assert (invoice["order_id"], invoice["socid"]) == (row["id"], row["socid"])
        assert cents(payment["amount"]) == order.amount
    assert_refunded(server, refunded)


def assert_refunded(server: DolibarrSandbox, refunded: int) -> None:
    """All credit notes are paid out, and add up to this amount."""
    notes = [row for row in server.invoices() if row["type"] == 2]
    payouts = [row for row in server.payments() if cents(row["amount"]) < 0]
    assert all(note["status"] == 2 for note in notes)
    assert sorted(cents(note["total_ttc"]) for note in notes) == sorted(
        cents(row["amount"]) for row in payouts
    )
    assert -sum(cents(note["total_ttc"]) for note in notes) == refunded
