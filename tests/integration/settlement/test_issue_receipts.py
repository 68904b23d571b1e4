"""Every sale has its receipt, every return of its money a credit note; numbers without gaps."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
import time_machine

from lumira.database import atomic, db
from lumira.models import OrderStatus, Receipt, ReceiptKind, Tenant
from lumira.repositories import receipt_proof, receipts
from lumira.services.orders.release_order import release_order
from lumira.settlement.issue_receipts import issue_missing, list_disagreements
from tests.support import refunds, seller
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


def pay(brand: Brand, product: str = "mystique", **sale: object) -> str:
    """A payment that was told of as paid; its PaymentIntent."""
    opened = open_payment(brand, product, **sale)
    paid = payment_intent(id=str(opened.payment_intent_id), amount=opened.amount, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))
    return str(opened.payment_intent_id)


def tell_refund(
    brand: Brand, intent: str, amount: int, status: str = "succeeded", name: str = "re_1"
) -> None:
    refund = {
        "id": f"{name}{intent}",
        "object": "refund",
        "amount": amount,
        "currency": "eur",
        "charge": None,
        "payment_intent": intent,
        "status": status,
        "metadata": {},
    }
    kind = "refund.failed" if status == "failed" else "refund.updated"
    deliver(brand, event(kind, refund))


def papers(brand: Brand) -> Sequence[Receipt]:
    with atomic(brand.id):
        return receipts.list_receipts(brand.id)


def wrong(brand: Brand) -> list[str]:
    with atomic(brand.id):
        numbers = receipt_proof.verify(brand.id)
    return numbers + list_disagreements(brand.id)


def test_a_paid_order_has_a_receipt_that_says_what_was_bought_from_whom(brand: Brand) -> None:
    intent = pay(brand, "shirt", quantity=2, customer_name="Ana Martin")

    [receipt] = papers(brand)
    order = load_order(brand, intent)
    assert (receipt.kind, receipt.number, receipt.amount) == (ReceiptKind.RECEIPT, 1, 11800)
    assert receipt.order_number == order.order_number
    assert receipt.lines == [{"name": "Chemise", "quantity": 2, "unit_amount": 5900, "amount": 11800}]
    assert receipt.buyer == {"name": "Ana Martin", "email": order.customer_email}
    assert receipt.seller == {**seller.EXEMPT, "brand": brand.name}
    assert receipt.vat_amount is None
    assert wrong(brand) == []


@pytest.mark.parametrize(
    "name", ["Ana Martin", "M.Dupont", "J.-P. O'Neill", "Dr. Müller, c/o Lumière & Fils"]
)
def test_a_name_is_on_the_receipt_as_the_buyer_gave_it(brand: Brand, name: str) -> None:
    pay(brand, customer_name=name)
    assert papers(brand)[0].buyer["name"] == name


@pytest.mark.parametrize(
    "name",
    [
        "https://evil.example/pay",
        "Refund: WWW.evil.example",
        "ana@evil.example",
        "See evil.com",
        "See EVIL.COM",
        "Pay at t.Co/x",
        "Ana\nCall 0900 123",
        "Ana\u2028Call 0900 123",
        "a" * 81,
    ],
)
def test_what_is_no_name_is_left_off_the_receipt(brand: Brand, name: str) -> None:
    pay(brand, customer_name=name)
    [receipt] = papers(brand)
    assert set(receipt.buyer) == {"email"}
    assert wrong(brand) == []


def test_the_same_payment_told_twice_has_one_receipt(brand: Brand) -> None:
    intent = pay(brand)
    paid = payment_intent(id=intent, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid), event("payment_intent.succeeded", paid))

    assert [each.number for each in papers(brand)] == [1]


def test_what_is_free_or_failed_or_paid_wrongly_has_none(brand: Brand) -> None:
    open_payment(brand, "simple")
    opened = open_payment(brand)
    paid = payment_intent(id=str(opened.payment_intent_id), amount=1, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))

    assert papers(brand) == []
    assert wrong(brand) == []


def test_a_batch_of_payments_is_numbered_without_gaps(brand: Brand) -> None:
    opened = [open_payment(brand) for _ in range(5)]
    told = [payment_intent(id=str(each.payment_intent_id), status="succeeded") for each in opened]
    deliver(brand, *(event("payment_intent.succeeded", each) for each in told))

    assert [each.number for each in papers(brand)] == [1, 2, 3, 4, 5]
    assert wrong(brand) == []


def test_a_refund_that_succeeded_has_one_credit_note_and_a_pending_one_none(brand: Brand) -> None:
    intent = pay(brand)
    tell_refund(brand, intent, 1000, "pending")
    assert len(papers(brand)) == 1

    tell_refund(brand, intent, 1000)
    tell_refund(brand, intent, 1000)
    receipt, note = papers(brand)
    assert (note.kind, note.number, note.amount) == (ReceiptKind.CREDIT_NOTE, 1, 1000)
    assert (note.corrects_id, note.corrects_label) == (receipt.id, receipt.label)
    assert wrong(brand) == []


def test_a_refund_that_fails_after_its_credit_note_gets_a_receipt_that_takes_it_back(brand: Brand) -> None:
    intent = pay(brand)
    tell_refund(brand, intent, 4700)
    tell_refund(brand, intent, 4700, "failed")
    tell_refund(brand, intent, 4700, "failed")

    sale, back, note = papers(brand)
    assert [each.number for each in (sale, back, note)] == [1, 2, 1]
    assert (back.kind, back.subject, back.corrects_label) == (ReceiptKind.RECEIPT, note.subject, note.label)
    assert sum(each.signed_amount for each in (sale, back, note)) == 4700
    assert wrong(brand) == []


def test_a_refund_known_to_have_failed_before_it_is_known_to_have_succeeded_has_both_papers(
    brand: Brand,
) -> None:
    intent = pay(brand)
    tell_refund(brand, intent, 4700, "failed")
    assert len(papers(brand)) == 1

    tell_refund(brand, intent, 4700)
    assert [str(each.kind) for each in papers(brand)] == ["receipt", "receipt", "credit_note"]
    assert wrong(brand) == []


def test_a_second_payment_that_goes_back_changes_no_paper(brand: Brand) -> None:
    opened = refunds.pay(brand)
    other = payment_intent(
        id="pi_second", status="succeeded", order_number=opened.order_number, amount=opened.amount
    )
    deliver(brand, event("payment_intent.succeeded", other))
    tell_refund(brand, "pi_second", opened.amount)

    assert [str(each.kind) for each in papers(brand)] == ["receipt"]
    assert wrong(brand) == []


def succeed(brand: Brand, number: str, intent: str, received: int = 4700) -> None:
    """Let Stripe tell that this PaymentIntent of an order has succeeded."""
    told = payment_intent(id=intent, status="succeeded", order_number=number, amount_received=received)
    deliver(brand, event("payment_intent.succeeded", told))


def kept(brand: Brand) -> int:
    """What all papers come to."""
    return sum(each.signed_amount for each in papers(brand))


def test_papers_come_to_what_is_kept_where_the_right_payment_follows_one_that_was_accepted(
    brand: Brand,
) -> None:
    opened = open_payment(brand)
    first, second = str(opened.payment_intent_id), f"pi_second{secrets.token_hex(4)}"
    succeed(brand, opened.order_number, first, 4000)
    release_order(brand.id, load_order(brand, opened.order_number).id, actor="operator")
    assert (kept(brand), wrong(brand)) == (4000, [])

    succeed(brand, opened.order_number, second)
    [request] = load_order(brand, opened.order_number).refund_requests
    assert (request.stripe_payment_intent_id, request.amount) == (first, 4000)
    tell_refund(brand, first, 4000)
    assert (kept(brand), wrong(brand)) == (4700, [])
    assert [each.subject for each in papers(brand) if each.is_of_sale] == [first, second]

    tell_refund(brand, second, 4700)
    assert (kept(brand), wrong(brand)) == (0, [])


def test_papers_come_to_what_is_kept_where_it_is_paid_again_after_a_refund(brand: Brand) -> None:
    opened = open_payment(brand)
    other = f"pi_second{secrets.token_hex(4)}"
    succeed(brand, opened.order_number, other)
    tell_refund(brand, other, 4700)
    assert (kept(brand), wrong(brand)) == (0, [])

    succeed(brand, opened.order_number, str(opened.payment_intent_id))
    assert load_order(brand, opened.order_number).status is OrderStatus.COMPLETED
    assert (kept(brand), wrong(brand)) == (4700, [])
    first, second, note = papers(brand)
    assert (first.number, second.number, note.corrects_label) == (1, 2, first.label)
    assert list(issue_missing(brand.id)) == []


@pytest.mark.parametrize("first", ["payment", "page"])
def test_receipt_names_who_bought_whichever_event_came_first(brand: Brand, first: str) -> None:
    cart = open_cart(brand, customer_email=None)
    intent = f"pi_{secrets.token_hex(6)}"
    paid = payment_intent(id=intent, amount=cart.amount, status="succeeded", order_number=cart.order_number)
    finished = {
        "id": cart.session_id,
        "object": "checkout.session",
        "amount_total": cart.amount,
        "client_reference_id": cart.order_number,
        "currency": "eur",
        "customer_details": {"email": "ana@example.org", "name": None},
        "expires_at": 1_900_000_000,
        "livemode": False,
        "metadata": {"orderNumber": cart.order_number},
        "mode": "payment",
        "payment_intent": intent,
        "payment_status": "paid",
        "status": "complete",
        "url": None,
    }
    told = [event("payment_intent.succeeded", paid), event("checkout.session.completed", finished)]
    for each in told if first == "payment" else reversed(told):
        deliver(brand, each)

    [receipt] = papers(brand)
    assert receipt.buyer == {"email": "ana@example.org"}


def test_receipt_that_takes_a_credit_note_back_has_its_vat(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    intent = pay(brand)
    tell_refund(brand, intent, 2, name="re_a")
    tell_refund(brand, intent, 4, name="re_b")
    tell_refund(brand, intent, 2, "failed", name="re_a")
    vat = {(str(each.kind), each.subject): each.vat_amount for each in papers(brand)}
    assert vat["receipt", f"re_a{intent}"] == vat["credit_note", f"re_a{intent}"]

    tell_refund(brand, intent, 4696, name="re_c")
    assert (kept(brand), sum(each.signed_vat for each in papers(brand))) == (0, 0)
    assert wrong(brand) == []


def test_vat_is_the_part_that_is_in_the_price_and_comes_back_whole(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    intent = pay(brand)
    for number in range(3):
        tell_refund(brand, intent, 1567 if number < 2 else 1566, name=f"re_{number}")

    sale, *notes = papers(brand)
    assert sale.vat_amount == 783
    assert sum(note.amount for note in notes) == 4700
    assert sum(note.vat_amount or 0 for note in notes) == 783


def test_the_year_is_that_of_the_tenants_calendar(make_brand: Callable[..., Brand]) -> None:
    paris = make_brand(seller=seller.EXEMPT)
    new_york = make_brand(seller=seller.EXEMPT, time_zone="America/New_York")
    opened = [(brand, open_payment(brand)) for brand in (paris, new_york)]
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):
        for brand, each in opened:
            paid = payment_intent(id=str(each.payment_intent_id), status="succeeded")
            deliver(brand, event("payment_intent.succeeded", paid))

    assert [each.label.split("-", 1)[1] for each in papers(paris)] == ["R-2027-000001"]
    assert [each.label.split("-", 1)[1] for each in papers(new_york)] == ["R-2026-000001"]
    assert wrong(paris) == wrong(new_york) == []


def test_a_tenant_without_legal_lines_issues_none_until_it_has_them(tenant: Brand) -> None:
    intent = pay(tenant)
    tell_refund(tenant, intent, 1000)
    assert papers(tenant) == []

    with atomic(tenant.id):
        db.session.get_one(Tenant, tenant.id).seller = seller.EXEMPT
    assert [str(each.kind) for each in issue_missing(tenant.id)] == ["receipt", "credit_note"]
    assert list(issue_missing(tenant.id)) == []
    assert wrong(tenant) == []


def test_each_tenant_has_numbers_of_its_own_and_sees_no_others(
    brand: Brand, make_brand: Callable[..., Brand]
) -> None:
    other = make_brand(seller=seller.EXEMPT)
    pay(brand)
    pay(other)

    assert [each.number for each in papers(brand)] == [each.number for each in papers(other)] == [1]


def test_a_receipt_can_be_neither_changed_nor_removed_by_the_application(brand: Brand) -> None:
    pay(brand)
    for statement in ("UPDATE receipts SET amount = 1", "DELETE FROM receipts"):
        with pytest.raises(Exception, match="permission denied"), atomic(brand.id):
            db.session.execute(db.text(statement))


def test_a_missing_paper_and_a_gap_are_told(brand: Brand) -> None:
    pay(brand)
    with atomic(brand.id):
        db.session.execute(db.text("UPDATE receipt_counters SET last_number = 3"))
    intent = pay(brand)

    [gap] = wrong(brand)
    assert "2 numbers before it are missing" in gap
    with atomic(brand.id):
        # What the application may not do, done by the owner of the database.
        db.session.execute(db.text("SET LOCAL ROLE NONE"))
        db.session.execute(
            db.text("DELETE FROM receipts WHERE tenant_id = :id AND number = 4"), {"id": brand.id}
        )
    number = load_order(brand, intent).order_number
    assert any(f"order {number}: its receipt is missing" in sentence for sentence in wrong(brand))
