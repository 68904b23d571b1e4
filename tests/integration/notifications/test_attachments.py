"""Receipts and credit notes are attached to messages."""

import io
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from pypdf import PdfReader

from lumira.database import atomic
from lumira.notifications import relay
from lumira.repositories.receipts import receipts
from tests.support import refunds, seller
from tests.support.factories import Brand, open_payment
from tests.support.mail_server import Mailbox

pytestmark = pytest.mark.usefixtures("app_context")


def pdf_texts(mail: EmailMessage) -> list[tuple[str, str]]:
    """Name and text of each PDF that is attached."""
    return [
        (
            str(part.get_filename()),
            " ".join(PdfReader(io.BytesIO(part.get_content())).pages[0].extract_text().split()),
        )
        for part in mail.iter_attachments()
        if part.get_content_type() == "application/pdf"
    ]


@pytest.mark.parametrize(
    ("locale", "title", "note"), [("fr", "Reçu", "Avoir"), ("en", "Receipt", "Credit note")]
)
def test_receipt_and_credit_note_are_attached_in_the_buyers_language(
    make_brand: Callable[..., Brand], mailbox: Mailbox, locale: str, title: str, note: str
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = refunds.pay(brand, locale=locale)
    relay.relay(brand.id)
    refunds.refund_in_dashboard(brand, opened, amount=1000)
    refunds.deliver_events(brand)
    relay.relay(brand.id)

    with atomic(brand.id):
        receipt, credit_note = receipts.list_receipts(brand.id)
    confirmed, refunded = mailbox.received
    [(name, text)] = pdf_texts(confirmed)
    assert name == receipt.file_name
    assert f"{title} {receipt.label}" in text
    [(name, text)] = pdf_texts(refunded)
    assert name == credit_note.file_name
    assert f"{note} {credit_note.label}" in text


def test_free_orders_and_tenants_without_seller_details_have_no_attachment(
    make_brand: Callable[..., Brand], tenant: Brand, mailbox: Mailbox
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    open_payment(brand, "simple")
    refunds.pay(tenant)
    relay.relay(brand.id)
    relay.relay(tenant.id)

    assert [pdf_texts(mail) for mail in mailbox.received] == [[], []]
