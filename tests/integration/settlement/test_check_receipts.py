"""`flask receipts verify` finds every error, in one batch or many, and loads only orders that may have one."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from sqlalchemy import create_engine, select, text

from lumira.database import atomic, db
from lumira.models import Order
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipt_comparison, receipt_proof, receipts
from lumira.settlement import check_receipts
from lumira.settlement.check_receipts import list_disagreements
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.factories import Brand, open_payment
from tests.support.statements import Statements

pytestmark = pytest.mark.usefixtures("app_context")

#: What an accident could do to the rows, as the owner of the database.
ACCIDENTS = {
    "nothing": "UPDATE receipts SET amount = amount",
    "an amount differs": "UPDATE receipts SET amount = amount - 1 WHERE kind = 'receipt'",
    "a currency differs": "UPDATE receipts SET currency = 'usd' WHERE kind = 'credit_note'",
    "a document is of another payment": "UPDATE receipts SET subject = 'pi_other' || subject WHERE kind = 'receipt'",
    "a payment was not received": "UPDATE payments SET state = 'canceled', succeeded_at = NULL",
    "a payment received nothing": "UPDATE payments SET amount_received = 0",
    "an order was never completed": "UPDATE orders SET completed_at = NULL",
    "an order is under review": "UPDATE orders SET review_reason = 'amount_mismatch'",
    "a refund failed later": "UPDATE refunds SET status = 'failed'",
    "a refund never succeeded": "UPDATE refunds SET has_succeeded = false",
    "a refund is of another amount": "UPDATE refunds SET amount = amount + 1",
    "a refund is of another payment": "UPDATE refunds SET stripe_payment_intent_id = 'pi_other'",
}
#: A receipted payment needs its receipt, whatever the order says today.
HARMLESS = {
    "nothing",
    "a payment was not received",
    "an order was never completed",
    "an order is under review",
    "a refund is of another payment",
}

AsOwner = Callable[[Brand, str], None]


@pytest.fixture
def as_owner(database_url: str) -> Iterator[AsOwner]:
    """Run a statement on the rows of one brand as the owner, because the application cannot change a receipt."""
    engine = create_engine(database_url)

    def run(brand: Brand, statement: str) -> None:
        where = "AND" if "WHERE" in statement else "WHERE"
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"{statement} {where} tenant_id = :id"), {"id": brand.id})

    yield run
    engine.dispose()


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    """A shop with orders that are paid, refunded in part and whole, refunded in vain, free, and open."""
    brand = make_brand(seller=seller.EXEMPT)
    pay(brand)
    report_refund(brand, pay(brand), 1000)
    report_refund(brand, pay(brand), 4700)
    in_vain = pay(brand)
    report_refund(brand, in_vain, 500)
    report_refund(brand, in_vain, 500, status="failed")
    open_payment(brand, "simple")
    open_payment(brand, "mystique")
    return brand


def every_disagreement(brand: Brand) -> list[str]:
    """Compare every order by the rule itself, however obviously it agrees."""
    with atomic(brand.id):
        order_ids = list(db.session.execute(select(Order.id).where(Order.tenant_id == brand.id)).scalars())
        loaded = orders.list_whole(brand.id, order_ids)
        issued = receipts.list_of_orders(brand.id, order_ids)
    return [
        sentence
        for order in loaded
        for sentence in check_receipts._compare(order, [each for each in issued if each.order_id == order.id])
    ]


@pytest.mark.parametrize("accident", ACCIDENTS)
@pytest.mark.parametrize("batch", [1, 1000])
def test_what_verify_leaves_out_agrees_by_the_rule_whatever_happened_to_the_rows(
    brand: Brand, as_owner: AsOwner, monkeypatch: pytest.MonkeyPatch, accident: str, batch: int
) -> None:
    monkeypatch.setattr(receipt_comparison, "BATCH", batch)
    as_owner(brand, ACCIDENTS[accident])

    expected = every_disagreement(brand)

    assert sorted(list_disagreements(brand.id)) == sorted(expected)
    assert bool(expected) is (accident not in HARMLESS)


def test_verify_loads_no_order_that_obviously_agrees(brand: Brand) -> None:
    with atomic(brand.id):
        scanned = receipt_comparison.scan(brand.id, after=orders.FIRST_ID)
        assert scanned is not None
        compared = orders.list_whole(brand.id, scanned.to_compare)
    assert scanned.orders == 6
    assert [[str(refund.status) for refund in order.refunds] for order in compared] == [["failed"]]


def test_verify_takes_few_statements_for_a_small_tenant(brand: Brand, statements: Statements) -> None:
    def verify_numbers() -> None:
        with atomic(brand.id):
            receipt_proof.verify(brand.id)

    # The series, the numbers that were skipped, and the documents.
    assert len(statements.made_by(verify_numbers)) == 3
    # One stretch of orders: none is looked for behind it.
    sent = statements.made_by(lambda: list_disagreements(brand.id))
    assert len([statement for statement in sent if "array_agg" in statement]) == 1


def test_verify_reports_its_progress_for_every_order(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_comparison, "BATCH", 4)
    reported: list[int] = []
    assert list_disagreements(brand.id, reported.append) == []
    assert reported == [4, 2]


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_numbers_are_verified_across_the_borders_of_batches(
    brand: Brand, as_owner: AsOwner, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(receipt_proof, "BATCH", batch)
    with atomic(brand.id):
        assert receipt_proof.verify(brand.id).errors == []
    as_owner(brand, "UPDATE receipts SET number = 9 WHERE kind = 'receipt' AND number = 3")
    as_owner(
        brand,
        "UPDATE receipts SET issued_at = issued_at - interval '1 minute' WHERE kind = 'receipt' AND number = 4",
    )
    with atomic(brand.id):
        found = sorted(sentence.partition(": ")[2] for sentence in receipt_proof.verify(brand.id).errors)
    assert found[0] == "3 numbers before it are missing"
    assert found[1].startswith("counted to 5, but the last number issued is 9")
    # The document that is now numbered 9 is older than number 5.
    assert found[2:] == ["issued before its predecessor"] * 2 + ["the number before it is missing"]


def test_a_batch_is_planned_for_its_own_range_however_many_came_before_it(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned for any range, the comparison of many orders would be planned for one."""
    monkeypatch.setattr(receipt_comparison, "_FEW", 0)
    with atomic(brand.id):
        for _ in range(20):
            receipt_comparison.scan(brand.id, orders.FIRST_ID)
        generic = "SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%expected FULL JOIN%'"
        before = db.session.execute(text(generic)).scalar_one()
        receipt_comparison.scan(brand.id, orders.FIRST_ID)
        assert db.session.execute(text(generic)).scalar_one() == before


def test_a_kept_plan_for_few_orders_compares_no_order_with_each_document(brand: Brand) -> None:
    values = {"tenant_id": brand.id, "after": orders.FIRST_ID, "until": UUID(int=2**128 - 1)}
    with atomic(brand.id):
        receipt_comparison.scan(brand.id, orders.FIRST_ID)
        db.session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        plan = db.session.execute(text(f"EXPLAIN {receipt_comparison._TO_COMPARE}"), values).scalars()
        assert not [line for line in plan if "Nested Loop" in line]
