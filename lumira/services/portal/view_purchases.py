"""The portal view: the link owner's purchases, their status, and what can be downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.withdrawal import WithdrawalRight, right_of
from lumira.link_tokens import LinkAddress
from lumira.models import Order, OrderLine, Receipt, Tenant
from lumira.repositories.catalog import product_images
from lumira.repositories.catalog.product_images import ShownImage
from lumira.repositories.customers import access_links
from lumira.repositories.orders import order_lists
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.services.portal.downloadable_files import (
    GrantedProduct,
    LineFiles,
    list_granted_products,
    list_order_files,
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One fully loaded order, and what the portal shows of it; `refunded` in minor units."""

    order: Order
    refunded: int
    #: Each line with its files; `None` for a line that was never fulfilled.
    lines: tuple[tuple[OrderLine, LineFiles | None], ...]
    #: The images of the lines, by the line's id.
    images: Mapping[UUID, ShownImage]
    #: Receipts and credit notes, in the order in which they were issued.
    receipts: tuple[Receipt, ...]
    #: From what the buyer may withdraw now.
    right: WithdrawalRight


@dataclass(frozen=True, slots=True)
class PortalView:
    """The portal of one link's owner; without purchases if the link is no longer live."""

    tenant: Tenant
    #: The buyer's locale, if known.
    locale: str | None
    is_live: bool
    ends_at: datetime
    #: Whether the portal offers to send a new link.
    is_aging: bool
    purchases: tuple[Purchase, ...] = ()
    #: The number of this page of purchases, and whether another one follows.
    page: int = 1
    has_more: bool = False
    #: Products with access by a manual grant, on the first page only.
    granted: tuple[GrantedProduct, ...] = ()


def view_purchases(address: LinkAddress, page: int = 1) -> PortalView | None:
    """Return the portal view of this link, newest purchases first; `None` if the link has no owner (any more).

    The view of an expired or revoked link only identifies the tenant and the buyer's locale.
    """
    tenant_id, now = address.tenant_id, utc_now()
    with atomic(tenant_id):
        owner = access_links.find_link_owner(tenant_id, address.link_id)
        if owner is None:
            return None
        is_live = owner.is_admitted(now)
        orders, has_more = (
            order_lists.list_of_customer(tenant_id, owner.customer.id, page) if is_live else ((), False)
        )
        tenant = tenants.get(tenant_id)
        return PortalView(
            tenant=tenant,
            locale=owner.customer.locale,
            is_live=is_live,
            ends_at=owner.link.expires_at,
            is_aging=owner.link.is_aging(now),
            purchases=_purchases(tenant, orders, now),
            page=page,
            has_more=has_more,
            granted=tuple(list_granted_products(tenant_id, owner.customer.id))
            if is_live and page == 1
            else (),
        )


def _purchases(tenant: Tenant, orders: Sequence[Order], now: datetime) -> tuple[Purchase, ...]:
    tenant_id, zone = tenant.id, ZoneInfo(tenant.time_zone)
    files_of = list_order_files(tenant_id, orders)
    issued = receipts.list_of_orders(tenant_id, [order.id for order in orders])
    images = product_images.shown_on(tenant_id, (line for order in orders for line in order.lines))
    return tuple(
        _purchase(
            order,
            files_of[order.id],
            images,
            [receipt for receipt in issued if receipt.order_id == order.id],
            right_of(order, zone=zone, at=now),
        )
        for order in orders
    )


def _purchase(
    order: Order,
    files: Sequence[LineFiles],
    images: Mapping[UUID, ShownImage],
    issued: Sequence[Receipt],
    right: WithdrawalRight,
) -> Purchase:
    files_of_line = {line_files.line.id: line_files for line_files in files}
    return Purchase(
        order=order,
        refunded=order.refunded_amount,
        lines=tuple((line, files_of_line.get(line.id)) for line in order.lines),
        images=images,
        receipts=tuple(issued),
        right=right,
    )
