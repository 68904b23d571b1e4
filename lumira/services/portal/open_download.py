"""Downloading with a link: whether its holder may have a file is asked at that moment."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import AccessEnded, FileMissing
from lumira.link_tokens import LinkAddress
from lumira.models import Content, Deliverable, DeliverableState, File
from lumira.repositories import access_links, files, grants
from lumira.services.files import hand_out_file


@dataclass(frozen=True, slots=True)
class Download:
    """A file, and an address at which the service that keeps it hands it out for five minutes, if there is one."""

    file: File
    #: Bytes, and the SHA-256 of them in hexadecimal.
    size: int
    sha256: str
    address: str | None


def open_download(address: LinkAddress, file_id: UUID) -> Download | None:
    """One file that the holder's purchases, or an operator's gift, give now; `None` if the link opens nothing.

    `AccessEnded` if they gave it once, `FileMissing` for every other file, whoever's it is;
    `StorageUnavailable`.
    """
    with atomic(address.tenant_id):
        holder = access_links.find_link_owner(address.tenant_id, address.link_id)
        if holder is None or not holder.is_admitted(utc_now()):
            return None
        file = find_file(address.tenant_id, holder.customer.id, file_id)
    if file.size is None or file.sha256 is None:
        raise FileMissing("There is no such file.")
    return Download(file, file.size, file.sha256, hand_out_file.address_of(file))


def find_file(tenant_id: int, customer_id: UUID, file_id: UUID) -> File:
    """One file that this customer may have now, looked for from the file, however much the customer has bought.

    `AccessEnded` and `FileMissing` as above; inside the caller's transaction.
    """
    file = files.get(tenant_id, file_id)
    given = _given_by(tenant_id, customer_id, file)
    if not given:
        raise FileMissing("There is no such file.")
    if not any(given):
        raise AccessEnded("This purchase gives access no longer.")
    return file


def _given_by(tenant_id: int, customer_id: UUID, file: File) -> list[bool]:
    """For everything that gives the customer this file, or once gave it, whether it does now."""
    if file.content_id is not None:
        content = db.session.get_one(Content, (tenant_id, file.content_id))
        if not content.active:
            return []
        return [each.is_live for each in grants.list_openers(tenant_id, customer_id, content.product_id)]
    work = db.session.get_one(Deliverable, (tenant_id, file.deliverable_id))
    grant = grants.of_line(tenant_id, customer_id, work.order_line_id)
    if grant is None or work.delivered_at is None:
        return []
    # What was made for somebody is theirs also after the time of what they bought it with.
    is_delivered = work.state is DeliverableState.DELIVERED
    return [grant.active] if is_delivered or not grant.active else []
