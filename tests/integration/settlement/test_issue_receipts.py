"""Every sale has a receipt and every refund a credit note, numbered without gaps."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from lumira.database import atomic, db
from lumira.models import AlertKind, OrderStatus, Receipt, ReceiptKind, Tenant
from lumira.repositories.alerts import alerts
from lumira.repositories.receipts import receipt_proof, receipts
from lumira.services.orders.release_order import release_order
from lumira.settlement.check_receipts import issue_missing, list_disagreements
from tests.support import refunds, seller
from tests.support.factories import Brand, load_order, open_cart, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


def pay(brand: Brand, product: str = "mystique", **sale: object) -> str:
    """Open an order and deliver its payment; returns the PaymentIntent's id."""
    opened = open_payment(brand, product, **sale)
    paid = payment_intent(id=str(opened.payment_intent_id), amount=opened.amount, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))
    return str(opened.payment_intent_id)


def report_refund(
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


def documents_of(brand: Brand) -> Sequence[Receipt]:
    with atomic(brand.id):
        return receipts.list_receipts(brand.id)


def errors_of(brand: Brand) -> list[str]:
    with atomic(brand.id):
        numbers = receipt_proof.verify(brand.id).errors
    return numbers + list_disagreements(brand.id)


def test_a_paid_order_has_a_receipt_with_its_lines_seller_and_buyer(brand: Brand) -> None:
    intent = pay(brand, "shirt", quantity=2, customer_name="Ana Martin")

    [receipt] = documents_of(brand)
    order = load_order(brand, intent)
    assert (receipt.kind, receipt.number, receipt.amount) == (ReceiptKind.RECEIPT, 1, 11800)
    assert receipt.order_number == order.order_number
    assert receipt.lines == [{"name": "Chemise", "quantity": 2, "unit_amount": 5900, "amount": 11800}]
    assert receipt.buyer == {"name": "Ana Martin", "email": order.customer_email}
    assert receipt.seller == {**seller.EXEMPT, "brand": brand.name}
    assert receipt.vat_amount is None
    assert errors_of(brand) == []


@pytest.mark.parametrize(
    "name",
    [
        *("Ana Martin", "M.Dupont", "J.-P. O'Neill", "Dr. Müller, c/o Lumière & Fils"),
        *("Dr.med. Anna Weiß", "Jean-Luc.MARTIN", "Mme.DUPONT", "李明"),
    ],
)
def test_a_receipt_shows_the_buyers_name_as_entered(brand: Brand, name: str) -> None:
    pay(brand, customer_name=name)
    assert documents_of(brand)[0].buyer["name"] == name


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
def test_a_receipt_omits_a_name_that_may_be_an_address_or_a_text(brand: Brand, name: str) -> None:
    pay(brand, customer_name=name)
    [receipt] = documents_of(brand)
    assert set(receipt.buyer) == {"email"}
    assert errors_of(brand) == []


def test_a_duplicate_event_issues_one_receipt(brand: Brand) -> None:
    intent = pay(brand)
    paid = payment_intent(id=intent, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid), event("payment_intent.succeeded", paid))

    assert [document.number for document in documents_of(brand)] == [1]


def test_a_free_order_and_one_under_review_have_no_receipt(brand: Brand) -> None:
    open_payment(brand, "simple")
    opened = open_payment(brand)
    paid = payment_intent(id=str(opened.payment_intent_id), amount=1, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))

    assert documents_of(brand) == []
    assert errors_of(brand) == []


def test_a_batch_of_payments_is_numbered_without_gaps(brand: Brand) -> None:
    opened = [open_payment(brand) for _ in range(5)]
    intents = [payment_intent(id=str(payment.payment_intent_id), status="succeeded") for payment in opened]
    deliver(brand, *(event("payment_intent.succeeded", intent) for intent in intents))

    assert [document.number for document in documents_of(brand)] == [1, 2, 3, 4, 5]
    assert errors_of(brand) == []


def test_a_refund_that_succeeded_has_one_credit_note_and_a_pending_one_none(brand: Brand) -> None:
    intent = pay(brand)
    report_refund(brand, intent, 1000, "pending")
    assert len(documents_of(brand)) == 1

    report_refund(brand, intent, 1000)
    report_refund(brand, intent, 1000)
    receipt, note = documents_of(brand)
    assert (note.kind, note.number, note.amount) == (ReceiptKind.CREDIT_NOTE, 1, 1000)
    assert (note.corrects_id, note.corrects_label) == (receipt.id, receipt.label)
    assert errors_of(brand) == []


def test_a_refund_that_fails_after_its_credit_note_gets_a_receipt_that_corrects_it(brand: Brand) -> None:
    intent = pay(brand)
    report_refund(brand, intent, 4700)
    report_refund(brand, intent, 4700, "failed")
    report_refund(brand, intent, 4700, "failed")

    sale, back, note = documents_of(brand)
    assert [document.number for document in (sale, back, note)] == [1, 2, 1]
    assert (back.kind, back.subject, back.corrects_label) == (ReceiptKind.RECEIPT, note.subject, note.label)
    assert sum(document.signed_amount for document in (sale, back, note)) == 4700
    assert errors_of(brand) == []


def test_a_refund_whose_failure_is_reported_before_its_success_has_both_documents(
    brand: Brand,
) -> None:
    intent = pay(brand)
    report_refund(brand, intent, 4700, "failed")
    assert len(documents_of(brand)) == 1

    report_refund(brand, intent, 4700)
    assert [str(document.kind) for document in documents_of(brand)] == ["receipt", "receipt", "credit_note"]
    assert errors_of(brand) == []


def test_the_refund_of_a_duplicate_payment_issues_no_document(brand: Brand) -> None:
    opened = refunds.pay(brand)
    other = payment_intent(
        id="pi_second", status="succeeded", order_number=opened.order_number, amount=opened.amount
    )
    deliver(brand, event("payment_intent.succeeded", other))
    report_refund(brand, "pi_second", opened.amount)

    assert [str(document.kind) for document in documents_of(brand)] == ["receipt"]
    assert errors_of(brand) == []


def succeed(brand: Brand, number: str, intent: str, received: int = 4700) -> None:
    """Deliver the event that this PaymentIntent of an order has succeeded."""
    intent_object = payment_intent(
        id=intent, status="succeeded", order_number=number, amount_received=received
    )
    deliver(brand, event("payment_intent.succeeded", intent_object))


def net_amount(brand: Brand) -> int:
    """The sum of all receipts, less all credit notes."""
    return sum(document.signed_amount for document in documents_of(brand))


def test_documents_add_up_where_a_matching_payment_follows_an_accepted_one(
    brand: Brand,
) -> None:
    opened = open_payment(brand)
    first, second = str(opened.payment_intent_id), f"pi_second{secrets.token_hex(4)}"
    succeed(brand, opened.order_number, first, 4000)
    release_order(brand.id, load_order(brand, opened.order_number).id, actor="operator")
    assert (net_amount(brand), errors_of(brand)) == (4000, [])

    succeed(brand, opened.order_number, second)
    [request] = load_order(brand, opened.order_number).refund_requests
    assert (request.stripe_payment_intent_id, request.amount) == (first, 4000)
    report_refund(brand, first, 4000)
    assert (net_amount(brand), errors_of(brand)) == (4700, [])
    assert [document.subject for document in documents_of(brand) if document.is_of_sale] == [first, second]

    report_refund(brand, second, 4700)
    assert (net_amount(brand), errors_of(brand)) == (0, [])


def test_the_api_the_refund_and_the_receipt_agree_on_the_payment_that_settles(
    client: FlaskClient, brand: Brand
) -> None:
    opened = open_payment(brand)
    first, second = str(opened.payment_intent_id), f"pi_second{secrets.token_hex(4)}"
    succeed(brand, opened.order_number, first, 4000)
    succeed(brand, opened.order_number, second)

    [request] = load_order(brand, opened.order_number).refund_requests
    assert request.stripe_payment_intent_id == first
    assert [receipt.subject for receipt in documents_of(brand)] == [second]
    order = client.get(f"/api/orders/{opened.order_number}", headers=brand.secret).json
    assert order["paymentIntentId"] == second
    [listed] = client.get("/api/orders", headers=brand.secret).json["orders"]
    assert listed["paymentIntentId"] == second


def test_documents_add_up_where_an_order_is_paid_again_after_a_refund(brand: Brand) -> None:
    opened = open_payment(brand)
    other = f"pi_second{secrets.token_hex(4)}"
    succeed(brand, opened.order_number, other)
    report_refund(brand, other, 4700)
    assert (net_amount(brand), errors_of(brand)) == (0, [])

    succeed(brand, opened.order_number, str(opened.payment_intent_id))
    assert load_order(brand, opened.order_number).status is OrderStatus.COMPLETED
    assert (net_amount(brand), errors_of(brand)) == (4700, [])
    first, second, note = documents_of(brand)
    assert (first.number, second.number, note.corrects_label) == (1, 2, first.label)
    assert list(issue_missing(brand.id)) == []


@pytest.mark.parametrize("first", ["payment", "page"])
def test_a_receipt_names_the_buyer_whichever_event_comes_first(brand: Brand, first: str) -> None:
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
    events = [event("payment_intent.succeeded", paid), event("checkout.session.completed", finished)]
    for stripe_event in events if first == "payment" else reversed(events):
        deliver(brand, stripe_event)

    [receipt] = documents_of(brand)
    assert receipt.buyer == {"email": "ana@example.org"}


def test_a_receipt_that_corrects_a_credit_note_has_its_vat(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    intent = pay(brand)
    report_refund(brand, intent, 2, name="re_a")
    report_refund(brand, intent, 4, name="re_b")
    report_refund(brand, intent, 2, "failed", name="re_a")
    vat = {(str(document.kind), document.subject): document.vat_amount for document in documents_of(brand)}
    assert vat["receipt", f"re_a{intent}"] == vat["credit_note", f"re_a{intent}"]

    report_refund(brand, intent, 4696, name="re_c")
    assert (net_amount(brand), sum(document.signed_vat for document in documents_of(brand))) == (0, 0)
    assert errors_of(brand) == []


def test_partial_refunds_return_all_of_the_included_vat(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.WITH_VAT)
    intent = pay(brand)
    for number in range(3):
        report_refund(brand, intent, 1567 if number < 2 else 1566, name=f"re_{number}")

    sale, *notes = documents_of(brand)
    assert sale.vat_amount == 783
    assert sum(note.amount for note in notes) == 4700
    assert sum(note.vat_amount or 0 for note in notes) == 783


def test_a_receipt_is_numbered_in_the_year_of_the_tenants_time_zone(make_brand: Callable[..., Brand]) -> None:
    paris = make_brand(seller=seller.EXEMPT)
    new_york = make_brand(seller=seller.EXEMPT, time_zone="America/New_York")
    opened = [(brand, open_payment(brand)) for brand in (paris, new_york)]
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):
        for brand, payment in opened:
            paid = payment_intent(id=str(payment.payment_intent_id), status="succeeded")
            deliver(brand, event("payment_intent.succeeded", paid))
        assert errors_of(paris) == errors_of(new_york) == []

    assert [document.label.split("-", 1)[1] for document in documents_of(paris)] == ["TEST-R-2027-000001"]
    assert [document.label.split("-", 1)[1] for document in documents_of(new_york)] == ["TEST-R-2026-000001"]


def pay_live(brand: Brand) -> str:
    """Sell in Stripe's live mode, which the sandbox does not have; returns the PaymentIntent's id."""
    opened = open_payment(brand)
    intent = str(opened.payment_intent_id)
    with atomic(brand.id):
        db.session.execute(
            db.text("UPDATE orders SET livemode = true WHERE order_number = :number"),
            {"number": opened.order_number},
        )
    paid = payment_intent(id=intent, status="succeeded", livemode=True)
    deliver(brand, event("payment_intent.succeeded", paid, livemode=True))
    return intent


def test_a_sale_in_test_mode_takes_no_number_of_the_books(brand: Brand) -> None:
    intent = pay(brand)
    report_refund(brand, intent, 4700)
    pay(brand)
    pay_live(brand)
    pay(brand)
    pay_live(brand)

    labels = [document.label.split("-", 1)[1] for document in documents_of(brand)]
    year = documents_of(brand)[0].year
    assert labels == [
        *(f"R-{year}-00000{number}" for number in (1, 2)),
        *(f"TEST-R-{year}-00000{number}" for number in (1, 2, 3)),
        f"TEST-A-{year}-000001",
    ]
    assert errors_of(brand) == []


def test_a_gap_in_the_books_is_found_beside_documents_of_test_mode(brand: Brand) -> None:
    pay_live(brand)
    pay(brand)
    with atomic(brand.id):
        db.session.execute(db.text("UPDATE receipt_counters SET last_number = 2 WHERE livemode"))
    pay_live(brand)
    pay(brand)

    [gap] = errors_of(brand)
    assert "the number before it is missing" in gap
    assert "TEST" not in gap


def test_a_tenant_without_legal_lines_issues_no_receipt(tenant: Brand) -> None:
    intent = pay(tenant)
    report_refund(tenant, intent, 1000)
    assert documents_of(tenant) == []

    with atomic(tenant.id):
        db.session.get_one(Tenant, tenant.id).seller = seller.EXEMPT
    assert [str(document.kind) for document in issue_missing(tenant.id)] == ["receipt", "credit_note"]
    assert list(issue_missing(tenant.id)) == []
    assert errors_of(tenant) == []


def test_each_tenant_has_its_own_numbers_and_sees_no_others(
    brand: Brand, make_brand: Callable[..., Brand]
) -> None:
    other = make_brand(seller=seller.EXEMPT)
    pay(brand)
    pay(other)

    assert (
        [document.number for document in documents_of(brand)]
        == [document.number for document in documents_of(other)]
        == [1]
    )


def test_the_application_can_neither_change_nor_delete_a_receipt(brand: Brand) -> None:
    pay(brand)
    for statement in ("UPDATE receipts SET amount = 1", "DELETE FROM receipts"):
        with pytest.raises(Exception, match="permission denied"), atomic(brand.id):
            db.session.execute(db.text(statement))


def test_verification_finds_a_missing_document_and_a_gap(brand: Brand) -> None:
    pay(brand)
    with atomic(brand.id):
        db.session.execute(db.text("UPDATE receipt_counters SET last_number = 3"))
    intent = pay(brand)

    [gap] = errors_of(brand)
    assert "2 numbers before it are missing" in gap
    with atomic(brand.id):
        # What the application may not do, done by the owner of the database.
        db.session.execute(db.text("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica"))
        db.session.execute(
            db.text("DELETE FROM receipts WHERE tenant_id = :id AND number = 4"), {"id": brand.id}
        )
    number = load_order(brand, intent).order_number
    assert any(f"order {number}: its receipt is missing" in sentence for sentence in errors_of(brand))


def date_alerts(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return [
            alert.subject
            for alert in alerts.list_alerts(brand.id)
            if alert.kind is AlertKind.RECEIPT_DATE_AHEAD
        ]


def test_receipts_that_bear_the_date_of_a_clock_that_was_ahead_raise_one_alert(brand: Brand) -> None:
    today = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(today + timedelta(days=20)):
        pay(brand)
        assert (date_alerts(brand), errors_of(brand)) == ([], [])

    with time_machine.travel(today):
        pay(brand)
        pay(brand)
        first, *later = documents_of(brand)
        assert {receipt.issued_at for receipt in later} == {first.issued_at}
        series = first.label.rpartition("-")[0]
        assert date_alerts(brand) == [f"{series} until 2026-03-22"]
        assert [error.partition(" 2026-03-22")[0] for error in errors_of(brand)] == [
            f"{receipt.label}: dated in the future," for receipt in (first, *later)
        ]

    with time_machine.travel(today + timedelta(days=21)):
        pay(brand)
        assert errors_of(brand) == []
        with atomic(brand.id):
            [late] = receipt_proof.verify(brand.id).remarks
        assert late == (
            "2 documents of receipt of test mode 2026: dated more than 3 days after the payment or refund, "
            f"the first is {later[0].label}"
        )


def test_clocks_that_differ_by_a_few_minutes_raise_no_alert(brand: Brand) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with time_machine.travel(now + timedelta(minutes=4)):
        pay(brand)
    with time_machine.travel(now):
        pay(brand)
        assert (date_alerts(brand), errors_of(brand)) == ([], [])
