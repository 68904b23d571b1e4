"""A Dolibarr that rounds otherwise: the documents equal what was charged to the cent, or wait for an operator."""

from datetime import date
from decimal import Decimal

import pytest

from lumira.clients import dolibarr
from lumira.clients.dolibarr import NewLine, ThirdPartyFields
from lumira.database import atomic
from lumira.models import Order
from lumira.repositories.crm import crm_tasks
from tests.support import crm, refunds
from tests.support.crm import cents
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand, load_order, open_cart
from tests.support.refunds import deliver_events
from tests.support.stripe_sandbox import deliver_events as deliver_sessions
from tests.support.stripe_sandbox import pay_session

ROUNDING = "Arrondi"


@pytest.fixture
def rough_server(dolibarr_server: DolibarrSandbox) -> DolibarrSandbox:
    """A Dolibarr that keeps two decimals of a unit's price: 49.17 for 59.00 at 20 %."""
    dolibarr_server.configure(unit_decimals=2)
    return dolibarr_server


def sell(shop: Brand, shirts: int) -> Order:
    with atomic(shop.id) as session:
        session.get_one(crm.CrmConnection, shop.id).vat_rates = {"shirt": "20"}
    opened = open_cart(shop, {"shirt": shirts})
    pay_session(shop, opened.session_id)
    deliver_sessions(shop)
    return load_order(shop, opened.order_number)


def refund(shop: Brand, order: Order, amount: int) -> None:
    [payment] = order.payments
    refunds.refund_in_dashboard(shop, None, payment_intent=payment.stripe_payment_intent_id, amount=amount)
    deliver_events(shop)


def retry(shop: Brand) -> None:
    with atomic(shop.id):
        assert crm_tasks.retry_all(shop.id) == 1
    crm.sync(shop)


def rounding_lines(rows: list[dict]) -> list[int]:
    return [cents(line["total_ttc"]) for row in rows for line in row["lines"] if line["desc"] == ROUNDING]


def test_a_line_makes_up_for_what_rounding_took(shop: Brand, rough_server: DolibarrSandbox) -> None:
    order = sell(shop, shirts=2)
    crm.sync(shop)

    crm.assert_written_once(shop, rough_server, order)
    assert rounding_lines(rough_server.orders()) == rounding_lines(rough_server.invoices()) == [-1]


@pytest.mark.parametrize("fault", ["timeout_after", "502_after", "timeout_before"])
def test_the_line_is_added_once_if_its_reply_is_lost(
    shop: Brand, rough_server: DolibarrSandbox, fault: str
) -> None:
    order = sell(shop, shirts=2)
    rough_server.fail_next(fault, method="POST", path="/orders/[0-9]+/lines")
    rough_server.fail_next(fault, method="POST", path="/invoices/[0-9]+/lines")
    crm.sync(shop)

    crm.assert_written_once(shop, rough_server, order)
    assert rounding_lines(rough_server.orders()) == rounding_lines(rough_server.invoices()) == [-1]


def test_more_than_rounding_takes_is_left_to_an_operator(shop: Brand, rough_server: DolibarrSandbox) -> None:
    sell(shop, shirts=7)
    crm.sync(shop)

    assert crm.parked(shop) == [("order", "total_differs")]
    assert rounding_lines(rough_server.orders()) == []
    assert rough_server.invoices() == []


def test_a_credit_note_that_is_too_high_is_left_to_an_operator_without_a_line_that_makes_it_higher(
    shop: Brand, rough_server: DolibarrSandbox
) -> None:
    order = sell(shop, shirts=2)
    refund(shop, order, 1005)
    crm.sync(shop)
    retry(shop)

    assert crm.parked(shop) == [("credit_note", "total_differs")]
    [note] = [row for row in rough_server.invoices() if row["type"] == 2]
    assert (note["status"], cents(note["total_ttc"]), len(note["lines"])) == (0, -1006, 1)
    assert len(rough_server.payments()) == 1


def test_a_credit_note_that_is_too_low_gets_the_line(shop: Brand, rough_server: DolibarrSandbox) -> None:
    with atomic(shop.id) as session:
        session.get_one(crm.CrmConnection, shop.id).vat_rates = {"shirt": "20", "cap": "5.5"}
    opened = open_cart(shop, {"cap": 1})
    pay_session(shop, opened.session_id)
    deliver_sessions(shop)
    order = load_order(shop, opened.order_number)
    refund(shop, order, 1084)
    crm.sync(shop)

    crm.assert_written_once(shop, rough_server, order, refunded=1084)
    assert rounding_lines([row for row in rough_server.invoices() if row["type"] == 2]) == [-1]


def test_a_document_gets_one_such_line(shop: Brand, rough_server: DolibarrSandbox) -> None:
    order = sell(shop, shirts=2)
    account = rough_server.account
    lines = [
        NewLine("T-shirt", 2, Decimal("59.01"), Decimal(0)),
        NewLine(ROUNDING, 1, Decimal("-0.01"), Decimal(0)),
    ]
    dolibarr.create_order(
        account,
        third_party_id=dolibarr.create_third_party(account, ThirdPartyFields(name="Ada"), lumira_id="ada"),
        lumira_id=str(order.id),
        day=date(2026, 11, 20),
        lines=lines,
    )
    crm.sync(shop)
    retry(shop)

    assert crm.parked(shop) == [("order", "total_differs")]
    assert rounding_lines(rough_server.orders()) == [-1]
