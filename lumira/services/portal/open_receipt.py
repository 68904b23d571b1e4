"""Receipts on the portal: those of the link owner's own orders."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.orders import ReceiptNotFound
from lumira.link_tokens import LinkAddress
from lumira.models import Receipt
from lumira.repositories.customers import access_links
from lumira.repositories.receipts import receipts


@dataclass(frozen=True, slots=True)
class OpenedReceipt:
    """A receipt or credit note to render, and the buyer's locale, if known."""

    receipt: Receipt
    locale: str | None
    #: The `Content-Disposition` header with the file's name.
    disposition: str


def open_receipt(address: LinkAddress, receipt_id: UUID) -> OpenedReceipt | None:
    """Return one receipt or credit note of the link owner's orders, whatever their status.

    `None` if the link does not open the portal. Raises `ReceiptNotFound` for every other receipt, also of
    another customer.
    """
    with atomic(address.tenant_id):
        owner = access_links.find_link_owner(address.tenant_id, address.link_id)
        if owner is None or not owner.is_admitted(utc_now()):
            return None
        receipt = receipts.find_of_customer(address.tenant_id, owner.customer.id, receipt_id)
        if receipt is None:
            raise ReceiptNotFound("There is no such receipt.")
        return OpenedReceipt(receipt, owner.customer.locale, storage.disposition(receipt.file_name))
