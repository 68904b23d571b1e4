"""A correction of stock applies in full or not at all, and the figures agree whatever happens at the same time."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.domain.commands import MAX_UNITS
from lumira.errors import Conflict
from lumira.errors.catalog import ProductNotFound
from lumira.errors.orders import InvalidQuantity
from lumira.models import (
    AuditEntry,
    MovementReason,
    Product,
    ReservationState,
    StockItem,
    StockMovement,
    StockReservation,
)
from lumira.repositories.inventory import stock, stock_counts, stock_proof
from lumira.repositories.inventory.stock_counts import StockFigures
from lumira.repositories.orders import orders
from lumira.services.inventory.correct_stock import adjust_stock, set_stock
from tests.support.factories import STOCK, Brand, count, load_stock, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def figures(brand: Brand, product_id: str = "shirt") -> tuple[int, int, int]:
    item = load_stock(brand, product_id)
    return item.on_hand, item.reserved, item.sold


def corrections(brand: Brand) -> list[tuple[int, str]]:
    """Corrections of the shirt's stock after the first one, each with its actor."""
    with atomic(brand.id):
        rows = db.session.execute(
            select(StockMovement)
            .where(StockMovement.product_id == "shirt", StockMovement.reason == MovementReason.CORRECTION)
            .order_by(StockMovement.id)
        ).scalars()
        return [(row.on_hand, row.actor) for row in rows][1:]


def audit_entries(brand: Brand) -> list[tuple[str, object]]:
    with atomic(brand.id):
        rows = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "stock_corrected").order_by(AuditEntry.id)
        ).scalars()
        return [(entry.subject, entry.details["on_hand"]) for entry in rows]


def proof(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return [str(disagreement) for disagreement in stock_proof.verify(brand.id)]


def test_setting_stock_replaces_the_units_on_hand(tenant):
    correction = set_stock(tenant.id, "shirt", 42, actor="operator")

    assert (correction.before, correction.difference) == (100, -58)
    assert correction.after == StockFigures("shirt", 42, 0, 0)
    assert figures(tenant) == (42, 0, 0)
    assert corrections(tenant) == [(-58, "operator")]
    assert audit_entries(tenant) == [("product:shirt", [100, 42])]
    assert proof(tenant) == []


def test_setting_the_same_number_records_nothing(tenant):
    assert set_stock(tenant.id, "shirt", 100, actor="operator").difference == 0
    assert adjust_stock(tenant.id, "shirt", 0, actor="operator").difference == 0

    assert (corrections(tenant), audit_entries(tenant)) == ([], [])


def test_adjusting_stock_adds_and_removes_units(tenant):
    assert adjust_stock(tenant.id, "shirt", 5, actor="operator").after.on_hand == 105
    assert adjust_stock(tenant.id, "shirt", -105, actor="operator").after.on_hand == 0

    assert corrections(tenant) == [(5, "operator"), (-105, "operator")]
    assert audit_entries(tenant) == [("product:shirt", [100, 105]), ("product:shirt", [105, 0])]
    assert proof(tenant) == []


def test_reserved_units_cannot_be_removed(tenant):
    open_payment(tenant, "shirt", quantity=3)

    with pytest.raises(Conflict, match="3 of 100 are reserved"):
        set_stock(tenant.id, "shirt", 2, actor="operator")
    with pytest.raises(Conflict, match="3 of 100 are reserved"):
        adjust_stock(tenant.id, "shirt", -98, actor="operator")
    assert figures(tenant) == (100, 3, 0)
    assert (corrections(tenant), audit_entries(tenant)) == ([], [])

    assert set_stock(tenant.id, "shirt", 3, actor="operator").after.available == 0


@pytest.mark.parametrize("units", [-1, MAX_UNITS + 1])
def test_a_number_of_units_out_of_range_changes_nothing(tenant, units):
    with pytest.raises(InvalidQuantity):
        set_stock(tenant.id, "shirt", units, actor="operator")
    with pytest.raises(InvalidQuantity):
        adjust_stock(tenant.id, "shirt", units - 100, actor="operator")

    assert figures(tenant) == (100, 0, 0)
    assert corrections(tenant) == []


def test_stock_can_be_set_to_the_maximum_and_back_to_zero(tenant):
    set_stock(tenant.id, "shirt", MAX_UNITS, actor="operator")
    set_stock(tenant.id, "shirt", 0, actor="operator")

    assert figures(tenant) == (0, 0, 0)


def test_only_physical_products_of_the_tenant_have_stock(tenant, other_tenant):
    set_stock(other_tenant.id, "shirt", 7, actor="operator")

    assert figures(tenant) == (100, 0, 0)
    with pytest.raises(ProductNotFound):
        set_stock(tenant.id, "nope", 1, actor="operator")
    with pytest.raises(Conflict, match="mystique has kind digital"):
        adjust_stock(tenant.id, "mystique", 1, actor="operator")


def test_a_physical_product_without_a_stock_item_can_be_corrected(tenant):
    with atomic(tenant.id):
        db.session.execute(update(Product).where(Product.id == "strict").values(kind="physical"))

    assert set_stock(tenant.id, "strict", 4, actor="operator").before == 0
    assert figures(tenant, "strict") == (4, 0, 0)
    assert proof(tenant) == []


def test_a_stock_item_is_created_once(tenant):
    with atomic(tenant.id):
        assert stock_counts.create_items(tenant.id, {"shirt": 5, "cap": 6}, actor="operator") == {}
        assert stock_counts.create_items(tenant.id, {}, actor="operator") == {}

    assert figures(tenant) == (STOCK["shirt"], 0, 0)


def test_stock_is_listed_in_the_order_of_the_catalog(tenant):
    open_payment(tenant, "shirt", quantity=3)

    with atomic(tenant.id):
        assert stock_counts.list_stock(tenant.id) == [
            StockFigures("shirt", 100, 3, 0),
            StockFigures("cap", 50, 0, 0),
        ]
        assert stock_counts.list_stock(tenant.id, ["cap"]) == [StockFigures("cap", 50, 0, 0)]
        assert stock_counts.list_stock(tenant.id, ["mystique"]) == []


def test_reservations_and_movements_name_their_orders(tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    set_stock(tenant.id, "shirt", 90, actor="operator")

    with atomic(tenant.id):
        [(reservation, number)] = stock_counts.list_reservations(tenant.id, "shirt")
        movements = stock_counts.list_movements(tenant.id, "shirt", limit=2)
    assert (number, reservation.quantity) == (opened.order_number, 3)
    assert [(row.reason, row.on_hand, row.reserved, order) for row, order in movements] == [
        (MovementReason.CORRECTION, -10, 0, None),
        (MovementReason.RESERVE, 0, 3, opened.order_number),
    ]


def corrupt(brand: Brand, statement: object) -> None:
    with atomic(brand.id):
        db.session.execute(statement)


def test_a_figure_that_differs_from_its_movements_is_reported(tenant):
    corrupt(tenant, update(StockItem).where(StockItem.product_id == "shirt").values(on_hand=101, sold=1))

    assert proof(tenant) == [
        "shirt: on hand (by its movements) 101, should be 100",
        "shirt: sold (by its movements) 1, should be 0",
        "shirt: sold (by its orders) 1, should be 0",
    ]


def test_reserved_units_without_a_reservation_are_reported(tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    corrupt(tenant, update(StockReservation).values(state=ReservationState.RELEASED))

    assert proof(tenant) == [
        "shirt: reserved (by its orders) 3, should be 0",
        f"shirt for order {opened.order_number}: moved (on hand, reserved, sold) 0, 3, 0, should be 0, 0, 0 (released)",
    ]


def test_movements_that_differ_from_the_reservation_are_reported(tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    with atomic(tenant.id):
        order = orders.get_order(tenant.id, opened.order_number)
        for product_id in ("shirt", "cap"):
            db.session.add(movement(tenant, product_id, order.id))
            item = db.session.get_one(StockItem, (tenant.id, product_id))
            item.on_hand, item.reserved, item.sold = (
                item.on_hand - 3,
                item.reserved - 3 if product_id == "shirt" else 0,
                3,
            )

    disagreements = proof(tenant)

    moved = "moved (on hand, reserved, sold) -3, 0, 3, should be 0, 3, 0 (reserved)"
    expected = f"shirt for order {opened.order_number}: {moved}"
    assert expected in disagreements
    assert any(line.startswith(f"cap for order {opened.order_number}: ") for line in disagreements)
    assert any("should be 0, 0, 0 (no reservation)" in line for line in disagreements)


def movement(brand: Brand, product_id: str, order_id: object) -> StockMovement:
    return StockMovement(
        tenant_id=brand.id,
        product_id=product_id,
        order_id=order_id,
        reason=MovementReason.SALE,
        on_hand=-3,
        reserved=-3,
        sold=3,
        actor="test",
    )


def test_a_disagreement_is_reported_for_its_own_tenant_only(tenant, other_tenant):
    corrupt(tenant, update(StockItem).values(on_hand=StockItem.on_hand + 1))

    assert len(proof(tenant)) == len(STOCK)
    assert proof(other_tenant) == []


def at_once(app: Flask, *tasks: Callable[[], object]) -> None:
    """Run every task in a thread of its own, all starting together; the first error is raised."""
    failures: list[Exception] = []
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                task()
            except Exception as error:  # noqa: BLE001 - raised in the test's own thread
                failures.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_concurrent_corrections_all_apply(app: Flask, tenant):
    def correct() -> None:
        for _ in range(10):
            adjust_stock(tenant.id, "shirt", 2, actor="operator")
            adjust_stock(tenant.id, "shirt", -1, actor="operator")

    at_once(app, *[correct] * 4)

    assert figures(tenant) == (140, 0, 0)
    assert len(corrections(tenant)) == 80
    assert proof(tenant) == []


def test_stock_agrees_at_every_moment_while_orders_and_corrections_run(app: Flask, tenant):
    opened = [open_payment(tenant, "shirt", quantity=2) for _ in range(3)]
    disagreements: list[str] = []

    def reserve_and_release(order_number: str) -> Callable[[], None]:
        def run() -> None:
            for state in (ReservationState.RELEASED, ReservationState.RESERVED) * 10:
                with atomic(tenant.id):
                    order = orders.lock_order(tenant.id, orders.get_order(tenant.id, order_number).id)
                    stock.move(order, {"shirt": state}, actor="test")

        return run

    def correct_repeatedly() -> None:
        for extra in range(20):
            set_stock(tenant.id, "shirt", 50 + extra, actor="operator")

    def verify_repeatedly() -> None:
        for _ in range(40):
            disagreements.extend(proof(tenant))

    at_once(
        app,
        *(reserve_and_release(payment.order_number) for payment in opened),
        correct_repeatedly,
        verify_repeatedly,
    )

    assert disagreements == []
    assert figures(tenant) == (69, 6, 0)
    assert proof(tenant) == []
    assert count(tenant, StockReservation, state=ReservationState.RESERVED) == 3
