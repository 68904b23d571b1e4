"""Receipts and credit notes as a reader of PDF finds them."""

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pypdf import PdfReader

from lumira.database import atomic
from lumira.documents import pdf, receipt_pdf
from lumira.domain.commands import Consents
from lumira.models import Receipt
from lumira.repositories.messages import message_claims
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.factories import BUYER, Brand, open_payment
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")


def documents_of(brand: Brand) -> list[Receipt]:
    with atomic(brand.id):
        return list(receipts.list_receipts(brand.id))


def read(content: bytes) -> str:
    """All that stands in a PDF, each gap a single space."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def text_of(receipt: Receipt, locale: str) -> str:
    return read(receipt_pdf.render(receipt, locale=locale))


def make(make_brand: Callable[..., Brand], legal: dict[str, Any], product: str, **sale: Any) -> Receipt:
    brand = make_brand(seller=legal)
    pay(brand, product, **sale)
    [receipt] = documents_of(brand)
    return receipt


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("fr", ("Reçu", "Désignation", "Total payé", "59,00 €", "118,00 €", "VENDEUR")),
        ("en", ("Receipt", "Unit price", "Total paid", "€59.00", "€118.00", "SELLER")),
    ],
)
def test_a_receipt_shows_number_lines_total_and_legal_lines(
    make_brand: Callable[..., Brand], locale: str, words: tuple[str, ...]
) -> None:
    receipt = make(make_brand, seller.EXEMPT, "shirt", quantity=2, customer_name="Ana Martin")
    text = text_of(receipt, locale)

    wanted = [receipt.label, receipt.order_number, "Chemise", "Ana Martin", BUYER, *words]
    wanted += [seller.EXEMPT["legal_name"], *seller.EXEMPT["address"], seller.EXEMPT["registration"]]
    assert [each for each in [*wanted, seller.EXEMPT["vat_note"]] if each not in text] == []


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("fr", ("Total hors taxes 39,17 €", "TVA 20 % 7,83 €", "Total payé 47,00 €")),
        ("en", ("Total excluding VAT €39.17", "VAT 20% €7.83", "Total paid €47.00")),
    ],
)
def test_a_receipt_shows_the_vat_that_the_seller_charges(
    make_brand: Callable[..., Brand], locale: str, words: tuple[str, ...]
) -> None:
    text = text_of(make(make_brand, seller.WITH_VAT, "mystique"), locale)
    assert [each for each in (*words, seller.WITH_VAT["vat_number"]) if each not in text] == []


TERMS = {"terms_version": "2026-11", "terms_url": "https://shop.example.com/terms/of/sale/2026-11"}
BOTH = Consents("2026-11", immediate_delivery=True)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "fr",
            (
                "Conditions générales de vente acceptées, version 2026-11",
                "perd ainsi son droit de rétractation",
            ),
        ),
        ("en", ("Terms and conditions accepted, version 2026-11", "the right of withdrawal is thereby lost")),
    ],
)
def test_a_receipt_states_what_the_buyer_consented_to(
    make_brand: Callable[..., Brand], locale: str, words: tuple[str, ...]
) -> None:
    brand = make_brand(seller=seller.EXEMPT, **TERMS)
    pay(brand, consents=BOTH)
    [receipt] = documents_of(brand)

    content = receipt_pdf.render(receipt, locale=locale)
    text = read(content).replace("\u200b", "")
    assert [each for each in (*words, TERMS["terms_url"]) if each not in text] == []
    assert TERMS["terms_url"].encode() in b"".join(
        str(each.get_object()["/A"]["/URI"]).encode()
        for page in PdfReader(io.BytesIO(content)).pages
        for each in page["/Annots"]
    )


def test_a_receipt_keeps_its_consents_when_the_terms_change(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.EXEMPT, **TERMS)
    intent = pay(brand, consents=BOTH)
    [receipt] = documents_of(brand)
    first = receipt_pdf.render(receipt, locale="fr")
    with atomic(brand.id):
        tenants.lock(brand.id).terms_version = "2027-01"
    pdf.forget()

    report_refund(brand, intent, 4700)
    again, note = documents_of(brand)
    assert receipt_pdf.render(again, locale="fr") == first
    assert "2026-11" not in text_of(note, "fr")


def test_a_receipt_states_no_consent_that_was_not_asked_for(make_brand: Callable[..., Brand]) -> None:
    # Nor a text that a front end sent as the version of terms that the shop does not publish.
    own = make_brand(seller=seller.EXEMPT)
    pay(own, consents=Consents("Refunded without end", immediate_delivery=False))
    for receipt in (make(make_brand, seller.EXEMPT, "shirt"), *documents_of(own)):
        text = text_of(receipt, "en")
        assert "accepted" not in text
        assert "withdrawal" not in text


def test_a_credit_note_names_its_receipt_and_a_failed_refund_corrects_it(
    make_brand: Callable[..., Brand],
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    intent = pay(brand)
    report_refund(brand, intent, 1000)
    report_refund(brand, intent, 1000, "failed")
    sale, back, note = documents_of(brand)

    text = text_of(note, "fr")
    wanted = (
        f"Avoir {note.label}",
        f"Se rapporte au reçu {sale.label}",
        "Remboursement : Niveau Mystique",
        "Total remboursé 10,00 €",
    )
    assert [each for each in wanted if each not in text] == []
    assert f"Credit note {note.label}" in text_of(note, "en-GB")
    text = text_of(back, "fr")
    assert f"Reçu {back.label}" in text
    assert f"Annule l'avoir {note.label}" in text
    assert f"Cancels credit note {note.label}" in text_of(back, "en")


def test_every_rendering_of_a_receipt_is_the_same_file(
    make_brand: Callable[..., Brand],
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    pay(brand)
    [before] = documents_of(brand)
    first = receipt_pdf.render(before, locale="fr")
    [again] = documents_of(brand)

    # In another process, and on another day.
    pdf.pool.close()
    pdf.forget()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=400)):
        assert receipt_pdf.render(again, locale="fr") == first
    assert first.startswith(b"%PDF-")


def test_a_receipt_can_be_archived_and_read_by_screen_readers(make_brand: Callable[..., Brand]) -> None:
    receipt = make(make_brand, seller.WITH_VAT, "mystique")
    content = receipt_pdf.render(receipt, locale="fr")
    catalog = PdfReader(io.BytesIO(content)).trailer["/Root"]

    # PDF/A-2a and PDF/UA-1: typst refuses to write a file that declares a standard and breaks it.
    for declared in (b"<pdfaid:part>2<", b"<pdfaid:conformance>A<", b"<pdfuaid:part>1<"):
        assert declared in content
    assert (catalog["/Lang"], catalog["/MarkInfo"]["/Marked"]) == ("fr", True)


@pytest.mark.parametrize(
    "name",
    [
        '#read("/etc/passwd")',
        '#import "@preview/cetz:0.4.0"; #panic()',
        '"]) #include "/etc/passwd"',
        "*Ana* _Li_ `raw` $x^2$ @ref <label> = // end",
        '<img src="file:///etc/passwd"><b>Ana</b>',
    ],
)
def test_a_buyers_input_is_rendered_as_text(make_brand: Callable[..., Brand], name: str) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique")
    receipt.buyer = {"name": name}

    text = text_of(receipt, "fr").replace(" ", "").replace("\u200b", "")
    assert name.replace(" ", "") in text
    assert "root:" not in text


def test_the_template_reads_nothing_but_its_data() -> None:
    template = (Path(receipt_pdf.__file__).parent / "templates" / "receipt.typ").read_text()

    assert not re.search(
        r"\b(eval|read|import|include|plugin|image|csv|yaml|toml|xml)\b", template.partition("#let")[2]
    )


def test_a_word_that_is_wider_than_its_column_is_broken(make_brand: Callable[..., Brand]) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique")
    receipt.buyer = {"email": f"{'a' * 64}@{'b' * 60}.example.com"}
    receipt.lines = [{"name": "Q" * 200, "quantity": 1, "unit_amount": 4700, "amount": 4700}]
    [page] = PdfReader(io.BytesIO(receipt_pdf.render(receipt, locale="fr"))).pages
    lines = page.extract_text().replace("\u200b", "").split("\n")

    # Half a page has room for some forty letters.
    assert max(len(line) for line in lines) < 64
    assert "Q" * 200 in "".join(lines)


def test_line_breaks_and_control_characters_are_spaces(make_brand: Callable[..., Brand]) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique")
    receipt.buyer = {"name": "Ana\r\n\tMartin\x0b\x85Li"}

    assert "Ana Martin Li" in text_of(receipt, "fr")


def test_a_cart_of_many_lines_continues_on_a_second_page(make_brand: Callable[..., Brand]) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique")
    receipt.lines = [
        {"name": f"Article {number}", "quantity": 1, "unit_amount": 100, "amount": 100}
        for number in range(60)
    ]
    content = receipt_pdf.render(receipt, locale="fr")

    assert len(PdfReader(io.BytesIO(content)).pages) > 1
    assert "Article 59" in read(content)


def test_the_longest_cart_is_rendered_in_a_small_part_of_a_lease(
    make_brand: Callable[..., Brand],
) -> None:
    receipt = make(make_brand, seller.WITH_VAT, "mystique")
    name = ("Grand carnet relié " * 11)[:200]
    receipt.lines = [
        {"name": name, "quantity": 100, "unit_amount": 99_999_999, "amount": 9_999_999_900}
    ] * 100
    started = time.monotonic()
    content = receipt_pdf.render(receipt, locale="fr")

    assert time.monotonic() - started < message_claims.LEASE.total_seconds() / 4
    # The widest figures stand side by side.
    assert "100 999 999,99 € 99 999 999,00 €" in read(content).replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_an_erased_buyer_is_not_on_the_receipt(make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = open_payment(brand)
    paid = payment_intent(id=str(opened.payment_intent_id), status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))
    with atomic(brand.id):
        [receipt] = receipts.list_receipts(brand.id)
        assert receipts.forget_buyer(brand.id, [receipt.order_id]) == 1
        assert receipts.forget_buyer(brand.id, [receipt.order_id]) == 0
    [receipt] = documents_of(brand)

    text = text_of(receipt, "fr")
    assert BUYER not in text
    assert receipt.label in text


@pytest.mark.parametrize(("locale", "words"), [("fr", "DOCUMENT DE TEST"), ("en", "TEST DOCUMENT")])
def test_a_document_of_test_mode_says_that_it_is_not_valid(
    make_brand: Callable[..., Brand], locale: str, words: str
) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique")
    assert words in text_of(receipt, locale)

    receipt.livemode = True
    assert words not in text_of(receipt, locale)


SCRIPTS = [
    "李明",
    "さくら 田中",
    "김민수",
    "สมชาย ใจดี",
    "अनन्या शर्मा",
    "محمد علي",
    "Ірина Ґудзь",
    "Ángel Núñez",
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_receipt_shows_a_name_in_any_script(
    make_brand: Callable[..., Brand], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = make(make_brand, seller.EXEMPT, "mystique", customer_name=name)
    receipt_pdf.render(receipt, locale="en")

    # Not by the text of the PDF, which is right for boxes too.
    assert "fonts_missing" not in capsys.readouterr().err


def test_every_font_of_a_latin_receipt_comes_with_the_package(make_brand: Callable[..., Brand]) -> None:
    receipt = make(make_brand, seller.WITH_VAT, "mystique", customer_name="Zoë Šťastný Ελένη Ірина")
    [page] = PdfReader(io.BytesIO(receipt_pdf.render(receipt, locale="fr"))).pages
    fonts = {str(font["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}

    assert {font.partition("+")[2].partition("-")[0] for font in fonts} == {"LibertinusSerif"}


def test_a_name_that_no_font_can_show_is_not_in_the_log(
    make_brand: Callable[..., Brand], capsys: pytest.CaptureFixture[str]
) -> None:
    # Private characters, which no font has.
    name = "Ana \ue5a1\ue5a2"
    receipt = make(make_brand, seller.EXEMPT, "mystique", customer_name=name)
    capsys.readouterr()
    receipt_pdf.render(receipt, locale="en")
    logged = capsys.readouterr().err

    assert "fonts_missing" in logged
    assert "unknown" in logged
    assert not any(character in logged for character in ("\ue5a1", "E5A1", "notdef"))
