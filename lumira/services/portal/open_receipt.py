"""A receipt for whoever holds a link: of one's own orders, and of nobody else's."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import ReceiptNotFound
from lumira.link_tokens import LinkAddress
from lumira.models import Receipt
from lumira.repositories import access_links, receipts


@dataclass(frozen=True, slots=True)
class OpenedReceipt:
    """A paper that may be drawn for its buyer, in the buyer's language where that is known."""

    receipt: Receipt
    locale: str | None


def open_receipt(address: LinkAddress, receipt_id: UUID) -> OpenedReceipt | None:
    """One receipt or credit note of the holder's orders, however these stand; `None` if the link opens nothing.

    `ReceiptNotFound` for every other, whoever's it is.
    """
    with atomic(address.tenant_id):
        holder = access_links.find_link_owner(address.tenant_id, address.link_id)
        if holder is None or not holder.is_admitted(utc_now()):
            return None
        receipt = receipts.find_of_customer(address.tenant_id, holder.customer.id, receipt_id)
        if receipt is None:
            raise ReceiptNotFound("There is no such receipt.")
        return OpenedReceipt(receipt, holder.customer.locale)
