"""What the holder of a link sees: purchases, how they stand, and what can be downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import refunds
from lumira.link_tokens import LinkAddress
from lumira.models import Order, OrderLine, Receipt, Tenant
from lumira.repositories import access_links, order_lists, receipts, tenants
from lumira.services.portal.given_files import Given, read_given
from lumira.services.portal.order_files import LineFiles, read_order_files


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order, whole; `refunded` in minor units, for each line what it gives, if it was ever served, and its papers.

    The papers are receipts and credit notes, as they were issued.
    """

    order: Order
    refunded: int
    lines: tuple[tuple[OrderLine, LineFiles | None], ...]
    papers: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class PortalView:
    """A link that was signed here and is known: whose page it is, and what is on it while it lives."""

    tenant: Tenant
    #: The buyer's language, if it is known.
    locale: str | None
    is_live: bool
    ends_at: datetime
    #: Whether it is time to ask for a new one.
    is_aging: bool
    purchases: tuple[Purchase, ...] = ()
    #: Which page of the purchases it is, and whether another one follows.
    page: int = 1
    has_more: bool = False
    #: Open by hand, without an order.
    given: tuple[Given, ...] = ()


def view_purchases(address: LinkAddress, page: int = 1) -> PortalView | None:
    """The page of this link, what was paid for first; `None` if nobody holds such a link (any more).

    Of a link that is over, or that was revoked, only whose it was.
    """
    tenant_id, now = address.tenant_id, utc_now()
    with atomic(tenant_id):
        holder = access_links.find_link_owner(tenant_id, address.link_id)
        if holder is None:
            return None
        is_live = holder.is_admitted(now)
        found, has_more = (
            order_lists.list_of_customer(tenant_id, holder.customer.id, page) if is_live else ((), False)
        )
        return PortalView(
            tenant=tenants.get(tenant_id),
            locale=holder.customer.locale,
            is_live=is_live,
            ends_at=holder.link.expires_at,
            is_aging=holder.link.is_aging(now),
            purchases=_purchases(tenant_id, found),
            page=page,
            has_more=has_more,
            given=tuple(read_given(tenant_id, holder.customer.id)) if is_live and page == 1 else (),
        )


def _purchases(tenant_id: int, found: Sequence[Order]) -> tuple[Purchase, ...]:
    files_of = read_order_files(tenant_id, found)
    papers = receipts.known_of(tenant_id, [order.id for order in found])
    return tuple(
        _purchase(order, files_of[order.id], [paper for paper in papers if paper.order_id == order.id])
        for order in found
    )


def _purchase(order: Order, given: Sequence[LineFiles], papers: Sequence[Receipt]) -> Purchase:
    served = {each.line.id: each for each in given}
    return Purchase(
        order=order,
        refunded=refunds.refunded_amount(order),
        lines=tuple((line, served.get(line.id)) for line in order.lines),
        papers=tuple(papers),
    )
