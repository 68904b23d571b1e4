"""Goods come back: they are restocked by the product's policy, and refunded."""

from datetime import timedelta
from uuid import UUID

import pytest

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import InvalidRequest
from lumira.errors.parcels import NotReturnable, NotShippable, ParcelsChanged
from lumira.models import Fulfilment, OrderStatus, Product, WithdrawalDecision
from lumira.repositories.inventory import stock_proof
from lumira.services.privacy.export_customer import export_customer
from lumira.services.withdrawals.decide import decide
from lumira.services.withdrawals.record_proof import record_proof
from lumira.services.withdrawals.withdraw import record_statement
from tests.support.factories import BUYER, Brand, figures, load_order
from tests.support.parcels import change, ship, take_back
from tests.support.refunds import audited, close_dispute, deliver_events, disputed, pay, refund, run_sweep

pytestmark = pytest.mark.usefixtures("app_context")
PRICE = 5900


def shipped(brand: Brand, product: str = "shirt", quantity: int = 3) -> str:
    number = pay(brand, product, quantity=quantity).order_number
    ship(brand, number)
    return number


def refunded(brand: Brand, number: str) -> int:
    run_sweep(brand)
    deliver_events(brand)
    return load_order(brand, number).refunded_amount


def check_stock(brand: Brand, expected: tuple[int, int, int], product: str = "shirt") -> None:
    assert figures(brand, product) == expected
    with atomic(brand.id):
        assert stock_proof.verify(brand.id) == []


def withdraw(brand: Brand, number: str, quantity: int, *, waits: bool | None = None) -> None:
    order = load_order(brand, number)
    units = {order.lines[0].id: quantity}
    record_statement(brand.id, order.id, requested_at=utc_now(), reason=None, actor="operator", units=units)
    decide(brand.id, order.id, WithdrawalDecision.ACCEPTED, actor="operator", waits_for_return=waits)


def test_what_comes_back_is_refunded_and_sold_again(tenant) -> None:
    number = shipped(tenant)
    check_stock(tenant, (97, 0, 3))
    result = take_back(tenant, number, {"shirt": 1}, reason="Too small.")
    assert (result.refund_amount, result.fulfilment) == (PRICE, "shipped")
    assert refunded(tenant, number) == PRICE
    check_stock(tenant, (98, 0, 2))
    order = load_order(tenant, number)
    assert (order.status, order.lines[0].returned_quantity) == (OrderStatus.PARTIALLY_REFUNDED, 1)
    assert len(audited(tenant, "return_recorded")) == 1


def test_all_that_came_back_ends_the_order(tenant) -> None:
    number = shipped(tenant)
    take_back(tenant, number, {"shirt": 3})
    assert refunded(tenant, number) == 3 * PRICE
    order = load_order(tenant, number)
    assert (order.fulfilment, order.status) == (Fulfilment.RETURNED, OrderStatus.REFUNDED)
    check_stock(tenant, (100, 0, 0))


def test_damaged_units_are_refunded_and_not_sold_again(tenant) -> None:
    number = shipped(tenant)
    take_back(tenant, number, {"shirt": 3}, condition="damaged")
    assert refunded(tenant, number) == 3 * PRICE
    check_stock(tenant, (97, 0, 3))


def test_a_product_that_is_never_restocked_stays_sold(tenant) -> None:
    with atomic(tenant.id) as session:
        session.get_one(Product, (tenant.id, "cap")).restock_on_refund = False
    number = shipped(tenant, "cap", 2)
    take_back(tenant, number, {"cap": 2})
    refunded(tenant, number)
    check_stock(tenant, (48, 0, 2), "cap")


def test_a_refund_restocks_no_unit_that_the_buyer_still_has(tenant) -> None:
    opened = pay(tenant, "shirt", quantity=3)
    ship(tenant, opened.order_number, {"shirt": 2})
    refund(tenant, opened)
    deliver_events(tenant)
    # The unit that was never sent is in stock again; the two others come back, one of them damaged.
    check_stock(tenant, (98, 0, 2))
    take_back(tenant, opened.order_number, {"shirt": 1})
    take_back(tenant, opened.order_number, {"shirt": 1}, condition="damaged")
    check_stock(tenant, (99, 0, 1))
    assert refunded(tenant, opened.order_number) == 3 * PRICE


def test_a_return_without_a_refund_moves_no_money(tenant) -> None:
    number = shipped(tenant)
    assert take_back(tenant, number, {"shirt": 1}, is_refunded=False).refund_amount == 0
    assert refunded(tenant, number) == 0
    check_stock(tenant, (98, 0, 2))


def test_more_than_was_shipped_cannot_come_back(tenant) -> None:
    number = pay(tenant, "shirt", quantity=3).order_number
    with pytest.raises(NotReturnable, match="0 units of shirt"):
        take_back(tenant, number, {"shirt": 1})
    ship(tenant, number, {"shirt": 2})
    with pytest.raises(NotReturnable, match="2 units of shirt were shipped and are not back, 3 were named"):
        take_back(tenant, number, {"shirt": 3})
    take_back(tenant, number, {"shirt": 2}, seen=0)
    with pytest.raises(ParcelsChanged):
        take_back(tenant, number, {"shirt": 1}, seen=0)
    with pytest.raises(NotShippable, match="came back"):
        change(tenant, number, is_cancelled=True)


def test_a_return_is_not_received_before_it_was_shipped(tenant) -> None:
    number = shipped(tenant)
    with pytest.raises(InvalidRequest, match="before"):
        take_back(tenant, number, {"shirt": 1}, received_at=utc_now() - timedelta(days=2))


def test_a_dispute_withholds_the_refund_of_a_return_until_it_is_won(tenant) -> None:
    opened = pay(tenant, "shirt")
    ship(tenant, opened.order_number)
    dispute = disputed(tenant, opened)
    deliver_events(tenant)
    take_back(tenant, opened.order_number, {"shirt": 1})
    assert refunded(tenant, opened.order_number) == 0
    close_dispute(tenant, dispute["id"], "won")
    deliver_events(tenant)
    assert refunded(tenant, opened.order_number) == PRICE


def test_a_unit_that_was_refunded_before_is_not_refunded_again(tenant) -> None:
    opened = pay(tenant, "shirt", quantity=2)
    ship(tenant, opened.order_number)
    refund(tenant, opened, 2 * PRICE - 100)
    deliver_events(tenant)
    assert take_back(tenant, opened.order_number, {"shirt": 2}).refund_amount == 100


def test_units_of_a_withdrawal_are_refunded_once(tenant) -> None:
    number = shipped(tenant)
    withdraw(tenant, number, 2, waits=False)
    assert refunded(tenant, number) == 2 * PRICE
    # Two of the three are those of the withdrawal; the third one is refunded by its return.
    assert take_back(tenant, number, {"shirt": 2}).refund_amount == 0
    assert take_back(tenant, number, {"shirt": 1}).refund_amount == PRICE
    assert refunded(tenant, number) == 3 * PRICE
    check_stock(tenant, (100, 0, 0))


def test_an_accepted_withdrawal_waits_for_the_goods_where_the_shop_says_so(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = shipped(brand)
    withdraw(brand, number, 2)
    assert refunded(brand, number) == 0
    take_back(brand, number, {"shirt": 1})
    assert refunded(brand, number) == 0
    take_back(brand, number, {"shirt": 1})
    assert refunded(brand, number) == 2 * PRICE


def test_a_withdrawal_of_what_was_not_shipped_waits_for_nothing(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = pay(brand, "shirt", quantity=2).order_number
    withdraw(brand, number, 2)
    assert refunded(brand, number) == 2 * PRICE
    assert load_order(brand, number).fulfilment is Fulfilment.NONE


def test_the_proof_that_the_goods_were_sent_back_ends_the_waiting(make_brand) -> None:
    brand = make_brand(refund_on_return=True)
    number = shipped(brand)
    withdraw(brand, number, 3)
    assert refunded(brand, number) == 0
    order_id: UUID = load_order(brand, number).id
    record_proof(brand.id, order_id, actor="operator")
    assert refunded(brand, number) == 3 * PRICE
    assert len(audited(brand, "withdrawal_goods_sent")) == 1
    # The goods arrive a week later.
    take_back(brand, number, {"shirt": 3})
    assert refunded(brand, number) == 3 * PRICE
    check_stock(brand, (100, 0, 0))


def test_an_export_contains_what_came_back_and_why(tenant) -> None:
    number = shipped(tenant)
    take_back(tenant, number, {"shirt": 1}, reason="Too small.")
    rows = export_customer(tenant.id, BUYER, actor="test").rows
    assert [row["reason"] for row in rows["returns"]] == ["Too small."]
    assert [row["quantity"] for row in rows["return_lines"]] == [1]
