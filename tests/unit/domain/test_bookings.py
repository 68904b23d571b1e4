"""What is booked for documents, movements and payouts: always balanced, and to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.domain.accounts import Role
from lumira.domain.bookings import (
    BookedDocument,
    SoldLine,
    book_arrival,
    book_document,
    book_movement,
    deductible_tax,
    difference,
    event_of_movement,
    in_books_currency,
    is_other_deduction,
    weights_of,
)
from lumira.models import LedgerEvent, PayoutStatus, ProductKind, ReceiptKind

SHIRT = SoldLine("shirt", ProductKind.PHYSICAL, 2, 8000)
EBOOK = SoldLine("ebook", ProductKind.DIGITAL, 1, 4700)
POSTAGE = "Frais de port : France"


def line(name: str, amount: int) -> dict[str, object]:
    return {"name": name, "quantity": 1, "unit_amount": amount, "amount": amount}


def test_a_sale_is_split_into_goods_services_and_postage() -> None:
    lines = [line("Shirt", 8000), line("E-book", 4700), line(POSTAGE, 490)]
    weights = weights_of(lines, [SHIRT, EBOOK], postage_names=(POSTAGE,))
    assert weights == {Role.GOODS: 8000, Role.SERVICES: 4700, Role.POSTAGE: 490}


def test_a_product_that_is_named_like_postage_is_none_where_nothing_was_shipped() -> None:
    assert weights_of([line(POSTAGE, 4700)], [EBOOK], postage_names=()) == {Role.SERVICES: 4700}


def test_a_refund_of_chosen_lines_is_booked_as_these_lines() -> None:
    weights = weights_of(
        [line("Shirt +1", 4000)],
        [SHIRT, EBOOK],
        postage_names=(POSTAGE,),
        refunded=[{"line_id": "shirt", "quantity": 1}],
    )
    assert weights == {Role.GOODS: 4000}


def test_a_refund_of_an_amount_has_the_proportions_of_the_sale() -> None:
    weights = weights_of([line("Shirt +1", 1270)], [SHIRT, EBOOK], postage_names=(POSTAGE,))
    assert weights == {Role.GOODS: 800, Role.SERVICES: 470}


def test_a_receipt_credits_income_without_vat_and_the_vat_of_its_rate() -> None:
    document = BookedDocument(ReceiptKind.RECEIPT, 12000, 2000, "20.00", {Role.GOODS: 1})
    assert book_document(document) == {"customer": 12000, "goods": -10000, "vat:20.00": -2000}


def test_a_credit_note_reverses_it_and_a_seller_without_vat_has_no_account_of_vat() -> None:
    document = BookedDocument(ReceiptKind.CREDIT_NOTE, 4700, None, None, {Role.SERVICES: 1})
    assert book_document(document) == {"customer": -4700, "services": 4700}


@given(
    amount=st.integers(1, 10**9),
    share=st.integers(0, 10**6),
    weights=st.dictionaries(
        st.sampled_from([Role.GOODS, Role.SERVICES, Role.POSTAGE]), st.integers(0, 10**9)
    ),
    kind=st.sampled_from(ReceiptKind),
)
def test_an_entry_of_any_document_is_balanced_and_has_its_amount_and_vat(
    amount: int, share: int, weights: dict[Role, int], kind: ReceiptKind
) -> None:
    vat = amount * share // 10**6
    booked = book_document(BookedDocument(kind, amount, vat, "20.00", weights))
    sign = 1 if kind is ReceiptKind.RECEIPT else -1
    assert sum(booked.values()) == 0
    assert booked["customer"] == sign * amount
    assert booked.get("vat:20.00", 0) == -sign * vat
    assert all(sign * value < 0 for role, value in booked.items() if role != "customer")


def test_a_document_in_another_currency_keeps_the_proportion_of_its_vat() -> None:
    document = BookedDocument(ReceiptKind.RECEIPT, 12000, 2000, "20.00", {Role.GOODS: 1})
    converted = in_books_currency(document, 10999)
    assert (converted.amount, converted.vat_amount) == (10999, 1833)


@pytest.mark.parametrize(
    ("event", "amount", "fee", "tax", "booked"),
    [
        (LedgerEvent.PAYMENT, 4700, 96, 16, {"stripe": 4604, "customer": -4700, "fees": 80, "fees_vat": 16}),
        (LedgerEvent.REFUND, -4700, 0, 0, {"stripe": -4700, "customer": 4700}),
        (LedgerEvent.DISPUTE, -4700, 1500, 0, {"stripe": -6200, "disputes": 4700, "fees": 1500}),
        (LedgerEvent.DISPUTE, 4700, -1500, 0, {"stripe": 6200, "disputes": -4700, "fees": -1500}),
        (LedgerEvent.FEE, -199, 0, 0, {"stripe": -199, "fees": 199}),
        (LedgerEvent.FEE, -40, 0, 40, {"stripe": -40, "fees_vat": 40}),
        (LedgerEvent.PAYOUT, -9000, 50, 0, {"stripe": -9050, "transit": 9000, "fees": 50}),
        (LedgerEvent.OTHER, 321, 0, 0, {"stripe": 321, "suspense": -321}),
    ],
)
def test_a_movement_changes_the_balance_by_its_net(
    event: LedgerEvent, amount: int, fee: int, tax: int, booked: dict[str, int]
) -> None:
    assert book_movement(event, amount=amount, fee=fee, tax=tax) == booked
    assert sum(booked.values()) == 0


@pytest.mark.parametrize(
    ("type_", "amount", "fee_tax", "has_vat", "tax"),
    [
        ("charge", 4700, 16, True, 16),
        ("charge", 4700, None, True, 0),
        ("charge", 4700, 16, False, 0),
        ("tax_fee", -40, 0, True, 40),
        ("tax_fee", 40, 0, True, -40),
        ("tax_fee", -40, 0, False, 0),
    ],
)
def test_the_vat_in_fees_is_deducted_by_who_charges_vat(
    type_: str, amount: int, fee_tax: int | None, has_vat: bool, tax: int
) -> None:
    assert deductible_tax(type_, amount=amount, fee_tax=fee_tax, has_vat=has_vat) == tax


def test_a_seller_who_begins_to_deduct_vat_does_not_correct_the_fees_before() -> None:
    without = book_movement(LedgerEvent.PAYMENT, amount=4700, fee=96, tax=0)
    assert is_other_deduction(
        difference(book_movement(LedgerEvent.PAYMENT, amount=4700, fee=96, tax=16), without)
    )
    assert not is_other_deduction(
        difference(book_movement(LedgerEvent.PAYMENT, amount=4700, fee=120, tax=20), without)
    )


@pytest.mark.parametrize(
    ("type_", "category", "event"),
    [
        ("payout", "payout", LedgerEvent.PAYOUT),
        ("payout_failure", "payout_reversal", LedgerEvent.PAYOUT),
        ("payout_cancel", "payout_reversal", LedgerEvent.PAYOUT),
        ("payout_minimum_balance_hold", "payout_minimum_balance_hold", LedgerEvent.OTHER),
        ("stripe_fee", "fee", LedgerEvent.FEE),
        ("tax_fee", "tax", LedgerEvent.FEE),
        ("charge", "charge", LedgerEvent.OTHER),
        ("a_type_of_next_year", None, LedgerEvent.OTHER),
    ],
)
def test_what_is_of_no_order_is_a_payout_a_fee_or_left_to_the_accountant(
    type_: str, category: str | None, event: LedgerEvent
) -> None:
    assert event_of_movement(None, type_=type_, category=category) is event
    assert event_of_movement(LedgerEvent.REFUND, type_=type_, category=category) is LedgerEvent.REFUND


def test_a_payout_is_in_the_bank_account_only_once_it_has_arrived() -> None:
    assert book_arrival(PayoutStatus.PAID, 9000) == {"bank": 9000, "transit": -9000}
    for status in set(PayoutStatus) - {PayoutStatus.PAID}:
        assert book_arrival(status, 9000) == {}


def test_only_what_changed_is_booked_again() -> None:
    before = {"stripe": 4604, "customer": -4700, "fees": 96}
    after = {"stripe": 4554, "customer": -4700, "fees": 146}
    assert difference(after, before) == {"stripe": -50, "fees": 50}
    assert difference(after, after) == {}
    assert difference({}, before) == {"stripe": -4604, "customer": 4700, "fees": -96}
