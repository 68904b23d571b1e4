"""A person's count is taken as it is or not at all, and whatever happens at once, the figures add up."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from lumira.database import atomic, db
from lumira.errors import Conflict, InvalidQuantity, ProductNotFound
from lumira.models import (
    AuditEntry,
    MovementReason,
    Product,
    ReservationState,
    StockItem,
    StockMovement,
    StockReservation,
)
from lumira.repositories import orders, stock, stock_counts, stock_proof
from lumira.repositories.stock_counts import Count
from lumira.services.inventory.count_stock import adjust_stock, set_stock
from tests.support.factories import STOCK, Brand, count, load_stock, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


def figures(brand: Brand, product_id: str = "shirt") -> tuple[int, int, int]:
    item = load_stock(brand, product_id)
    return item.on_hand, item.reserved, item.sold


def corrections(brand: Brand) -> list[tuple[int, str]]:
    """What was corrected of the shirts since the brand was made, and by whom."""
    with atomic(brand.id):
        rows = db.session.execute(
            select(StockMovement)
            .where(StockMovement.product_id == "shirt", StockMovement.reason == MovementReason.CORRECTION)
            .order_by(StockMovement.id)
        ).scalars()
        return [(row.on_hand, row.actor) for row in rows][1:]


def audited(brand: Brand) -> list[tuple[str, object]]:
    with atomic(brand.id):
        rows = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "stock_corrected").order_by(AuditEntry.id)
        ).scalars()
        return [(entry.subject, entry.details["on_hand"]) for entry in rows]


def proof(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return [str(disagreement) for disagreement in stock_proof.verify(brand.id)]


def test_what_a_person_counted_is_what_there_is(tenant):
    correction = set_stock(tenant.id, "shirt", 42, actor="operator")

    assert (correction.before, correction.difference) == (100, -58)
    assert correction.now == Count("shirt", 42, 0, 0)
    assert figures(tenant) == (42, 0, 0)
    assert corrections(tenant) == [(-58, "operator")]
    assert audited(tenant) == [("product:shirt", [100, 42])]
    assert proof(tenant) == []


def test_the_same_count_again_leaves_no_trace(tenant):
    assert set_stock(tenant.id, "shirt", 100, actor="operator").difference == 0
    assert adjust_stock(tenant.id, "shirt", 0, actor="operator").difference == 0

    assert (corrections(tenant), audited(tenant)) == ([], [])


def test_pieces_come_and_go(tenant):
    assert adjust_stock(tenant.id, "shirt", 5, actor="operator").now.on_hand == 105
    assert adjust_stock(tenant.id, "shirt", -105, actor="operator").now.on_hand == 0

    assert corrections(tenant) == [(5, "operator"), (-105, "operator")]
    assert audited(tenant) == [("product:shirt", [100, 105]), ("product:shirt", [105, 0])]
    assert proof(tenant) == []


def test_pieces_that_buyers_are_paying_for_cannot_be_counted_away(tenant):
    open_payment(tenant, "shirt", quantity=3)

    with pytest.raises(Conflict, match="3 of 100 are reserved"):
        set_stock(tenant.id, "shirt", 2, actor="operator")
    with pytest.raises(Conflict, match="3 of 100 are reserved"):
        adjust_stock(tenant.id, "shirt", -98, actor="operator")
    assert figures(tenant) == (100, 3, 0)
    assert (corrections(tenant), audited(tenant)) == ([], [])

    assert set_stock(tenant.id, "shirt", 3, actor="operator").now.available == 0


@pytest.mark.parametrize("pieces", [-1, stock_counts.LARGEST + 1])
def test_a_count_that_cannot_be_changes_nothing(tenant, pieces):
    with pytest.raises(InvalidQuantity):
        set_stock(tenant.id, "shirt", pieces, actor="operator")
    with pytest.raises(InvalidQuantity):
        adjust_stock(tenant.id, "shirt", pieces - 100, actor="operator")

    assert figures(tenant) == (100, 0, 0)
    assert corrections(tenant) == []


def test_the_largest_count_can_be_put_down_and_taken_back(tenant):
    set_stock(tenant.id, "shirt", stock_counts.LARGEST, actor="operator")
    set_stock(tenant.id, "shirt", 0, actor="operator")

    assert figures(tenant) == (0, 0, 0)


def test_only_goods_of_ones_own_can_be_counted(tenant, other_tenant):
    set_stock(other_tenant.id, "shirt", 7, actor="operator")

    assert figures(tenant) == (100, 0, 0)
    with pytest.raises(ProductNotFound):
        set_stock(tenant.id, "nope", 1, actor="operator")
    with pytest.raises(Conflict, match="mystique is digital"):
        adjust_stock(tenant.id, "mystique", 1, actor="operator")


def test_goods_from_before_the_counting_can_be_counted(tenant):
    with atomic(tenant.id):
        db.session.execute(update(Product).where(Product.id == "strict").values(kind="physical"))

    assert set_stock(tenant.id, "strict", 4, actor="operator").before == 0
    assert figures(tenant, "strict") == (4, 0, 0)
    assert proof(tenant) == []


def test_counting_begins_once(tenant):
    with atomic(tenant.id):
        assert stock_counts.begin(tenant.id, {"shirt": 5, "cap": 6}, actor="operator") == {}
        assert stock_counts.begin(tenant.id, {}, actor="operator") == {}

    assert figures(tenant) == (STOCK["shirt"], 0, 0)


def test_what_is_counted_is_listed_as_the_catalog_orders_it(tenant):
    open_payment(tenant, "shirt", quantity=3)

    with atomic(tenant.id):
        assert stock_counts.list_stock(tenant.id) == [Count("shirt", 100, 3, 0), Count("cap", 50, 0, 0)]
        assert stock_counts.list_stock(tenant.id, "cap") == [Count("cap", 50, 0, 0)]
        assert stock_counts.list_stock(tenant.id, "mystique") == []


def test_the_story_of_a_product_names_the_orders_in_it(tenant):
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


def spoil(brand: Brand, statement: object) -> None:
    with atomic(brand.id):
        db.session.execute(statement)


def test_a_figure_that_its_movements_do_not_explain_is_told(tenant):
    spoil(tenant, update(StockItem).where(StockItem.product_id == "shirt").values(on_hand=101, sold=1))

    assert proof(tenant) == [
        "shirt: on hand (by its movements) 101, should be 100",
        "shirt: sold (by its movements) 1, should be 0",
        "shirt: sold (by its orders) 1, should be 0",
    ]


def test_pieces_that_no_order_holds_are_told(tenant):
    opened = open_payment(tenant, "shirt", quantity=3)
    spoil(tenant, update(StockReservation).values(state=ReservationState.RELEASED))

    assert proof(tenant) == [
        "shirt: reserved (by its orders) 3, should be 0",
        f"shirt for order {opened.order_number}: moved (on hand, reserved, sold) 0, 3, 0, should be 0, 0, 0 (released)",
    ]


def test_what_an_order_moved_beyond_what_it_has_is_told(tenant):
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

    told = proof(tenant)

    moved = "moved (on hand, reserved, sold) -3, 0, 3, should be 0, 3, 0 (reserved)"
    wanted = f"shirt for order {opened.order_number}: {moved}"
    assert wanted in told
    assert any(line.startswith(f"cap for order {opened.order_number}: ") for line in told)
    assert any("should be 0, 0, 0 (no reservation)" in line for line in told)


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


def test_one_tenants_mistake_is_not_anothers(tenant, other_tenant):
    spoil(tenant, update(StockItem).values(on_hand=StockItem.on_hand + 1))

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


def test_corrections_at_once_are_all_taken(app: Flask, tenant):
    def correct() -> None:
        for _ in range(10):
            adjust_stock(tenant.id, "shirt", 2, actor="operator")
            adjust_stock(tenant.id, "shirt", -1, actor="operator")

    at_once(app, *[correct] * 4)

    assert figures(tenant) == (140, 0, 0)
    assert len(corrections(tenant)) == 80
    assert proof(tenant) == []


def test_stock_adds_up_at_every_moment_of_a_busy_day(app: Flask, tenant):
    opened = [open_payment(tenant, "shirt", quantity=2) for _ in range(3)]
    found: list[str] = []

    def hesitate(order_number: str) -> Callable[[], None]:
        def run() -> None:
            for state in (ReservationState.RELEASED, ReservationState.RESERVED) * 10:
                with atomic(tenant.id):
                    order = orders.lock_order(tenant.id, orders.get_order(tenant.id, order_number).id)
                    stock.move(order, {"shirt": state}, actor="test")

        return run

    def recount() -> None:
        for pieces in range(20):
            set_stock(tenant.id, "shirt", 50 + pieces, actor="operator")

    def look() -> None:
        for _ in range(40):
            found.extend(proof(tenant))

    at_once(app, *(hesitate(payment.order_number) for payment in opened), recount, look)

    assert found == []
    assert figures(tenant) == (69, 6, 0)
    assert proof(tenant) == []
    assert count(tenant, StockReservation, state=ReservationState.RESERVED) == 3
