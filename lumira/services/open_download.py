"""Downloading with a link: whether its holder may have a file is asked at that moment."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import AccessEnded, FileMissing
from lumira.link_tokens import LinkAddress
from lumira.models import File
from lumira.services import access_links, contents, deliverables, files, hand_out_file, orders
from lumira.services.given_files import read_given
from lumira.services.order_files import find_order_file


@dataclass(frozen=True, slots=True)
class Download:
    """A file, and an address at which the service that keeps it hands it out for five minutes, if there is one."""

    file: File
    #: Bytes, and the SHA-256 of them in hexadecimal.
    size: int
    sha256: str
    address: str | None


def open_download(address: LinkAddress, file_id: UUID) -> Download | None:
    """One file that the holder's purchases give now; `None` if the link opens nothing.

    `AccessEnded` if they gave it once, `FileMissing` for every other file, whoever's it is;
    `StorageUnavailable`.
    """
    with atomic(address.tenant_id):
        holder = access_links.find_holder(address.tenant_id, address.link_id)
        if holder is None or not holder.is_admitted(utc_now()):
            return None
        file = _find(address.tenant_id, holder.customer.id, file_id)
    if file.size is None or file.sha256 is None:
        raise FileMissing("There is no such file.")
    return Download(file, file.size, file.sha256, hand_out_file.address_of(file))


def _find(tenant_id: int, customer_id: UUID, file_id: UUID) -> File:
    bought = orders.list_of_customer(tenant_id, customer_id)
    for order in bought:
        if any(grant.is_live for grant in order.grants):
            try:
                return find_order_file(tenant_id, order, file_id)
            except FileMissing:
                continue
    for given in read_given(tenant_id, customer_id):
        for content in given.contents:
            if content.file is not None and content.file.id == file_id:
                return content.file
    closed = [grant for order in bought for grant in order.grants if not grant.is_live]
    if _is_of(
        tenant_id,
        files.get(tenant_id, file_id),
        {grant.product_id for grant in closed},
        {grant.order_id for grant in closed},
    ):
        raise AccessEnded("This purchase gives access no longer.")
    raise FileMissing("There is no such file.")


def _is_of(tenant_id: int, file: File, product_ids: set[str], order_ids: set[UUID]) -> bool:
    """Whether a file belongs to one of these products, or was delivered for one of these orders."""
    if file.content_id is not None:
        return file.content_id in {each.id for each in contents.list_contents(tenant_id, sorted(product_ids))}
    delivered = {
        row.id
        for row in deliverables.rows_of(tenant_id, list(order_ids)).values()
        if row.delivered_at is not None
    }
    return file.deliverable_id in delivered
