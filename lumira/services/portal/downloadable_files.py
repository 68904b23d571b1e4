"""Which files a buyer may download: contents of the products they have access to, and their deliverables.

The rules stand in `_opens_contents` and `_opens_deliverable`. The portal lists files by order and by grant; a
download is checked from the file, because a buyer may have any number of orders.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.domain.grant_coverage import Grant
from lumira.errors.files import AccessEnded, FileMissing
from lumira.models import (
    AccessGrant,
    Content,
    DeliverableState,
    File,
    ManualGrant,
    Order,
    OrderLine,
)
from lumira.repositories.catalog import contents, products
from lumira.repositories.fulfilment import deliverables, files
from lumira.repositories.fulfilment.deliverables import DeliverableView
from lumira.repositories.orders import grants


@dataclass(frozen=True, slots=True)
class ContentFile:
    """A content of a product and its file; `None` if no file has been uploaded yet."""

    content: Content
    file: File | None


@dataclass(frozen=True, slots=True)
class LineFiles:
    """The files of one fulfilled order line; without live access it has no contents."""

    line: OrderLine
    grant: AccessGrant
    contents: tuple[ContentFile, ...] = ()
    #: All deliverables of the line with their state; files only of those that are delivered.
    deliverables: tuple[DeliverableView, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantedProduct:
    """A product with live access by a manual grant: its name and its contents."""

    grant: ManualGrant
    name: str
    contents: tuple[ContentFile, ...]


def _opens_contents(grant: Grant) -> bool:
    """Whether the grant gives access to the contents of its products: while it is live."""
    return grant.is_live


def _opens_deliverable(grant: AccessGrant, state: DeliverableState) -> bool:
    """Whether the grant gives access to a deliverable in this state.

    Delivered work stays the buyer's after timed access has expired, until access is revoked.
    """
    return grant.active and state is DeliverableState.DELIVERED


def list_order_files(tenant_id: int, orders: Sequence[Order]) -> dict[UUID, list[LineFiles]]:
    """List the files of every fulfilled line, by order id; the orders are fully loaded.

    A level that includes others has their contents too, after its own. The number of queries does not
    depend on the number of orders. Inside the caller's transaction.
    """
    fulfilled = {order.id: _fulfilled_lines(order) for order in orders}
    line_grants = [grant for lines in fulfilled.values() for _, grant in lines]
    contents_by_grant = _contents_by_grant(tenant_id, line_grants)
    views_by_line = _deliverables_by_line(
        tenant_id,
        [
            order
            for order in orders
            if any(line.promises and grant.active for line, grant in fulfilled[order.id])
        ],
    )
    return {
        order_id: [
            LineFiles(
                line,
                grant,
                contents_by_grant.get(grant.id, ()),
                views_by_line.get(line.id, ()) if grant.active else (),
            )
            for line, grant in lines
        ]
        for order_id, lines in fulfilled.items()
    }


def list_granted_products(tenant_id: int, customer_id: UUID) -> list[GrantedProduct]:
    """List the products with live access by a manual grant, newest grant first; inside the caller's transaction."""
    manual = [
        grant
        for grant in grants.list_grants(tenant_id, customer_id)
        if isinstance(grant, ManualGrant) and _opens_contents(grant)
    ]
    names = products.names_of(tenant_id, {grant.product_id for grant in manual})
    contents_by_grant = _contents_by_grant(tenant_id, manual)
    return [
        GrantedProduct(grant, names[grant.product_id], contents_by_grant.get(grant.id, ()))
        for grant in manual
    ]


def get_downloadable_file(tenant_id: int, customer_id: UUID, file_id: UUID) -> File:
    """Return a file that the customer may download now; inside the caller's transaction.

    Raises `AccessEnded` if the customer had access to it before, `FileMissing` for every other file, also of
    another customer.
    """
    file = files.get(tenant_id, file_id)
    is_open = _access_by_grant(tenant_id, customer_id, file)
    if not is_open:
        raise FileMissing("There is no such file.")
    if not any(is_open):
        raise AccessEnded("This purchase no longer gives access to the file.")
    return file


def _access_by_grant(tenant_id: int, customer_id: UUID, file: File) -> list[bool]:
    """Return, for every grant of the customer that gives or gave the file, whether it gives it now."""
    content = contents.find_of_file(file)
    if content is not None:
        return _access_to_content(tenant_id, customer_id, content)
    deliverable = deliverables.find_of_file(file)
    if deliverable is None or deliverable.delivered_at is None:
        return []
    line_grant = grants.find_by_line(tenant_id, customer_id, deliverable.order_line_id)
    return [] if line_grant is None else [_opens_deliverable(line_grant, deliverable.state)]


def _access_to_content(tenant_id: int, customer_id: UUID, content: Content) -> list[bool]:
    if not content.active:
        return []
    openers = grants.list_grants_covering(tenant_id, customer_id, content.product_id)
    return [_opens_contents(grant) for grant in openers]


def _fulfilled_lines(order: Order) -> list[tuple[OrderLine, AccessGrant]]:
    grant_of_line = {grant.order_line_id: grant for grant in order.grants}
    return [(line, grant_of_line[line.id]) for line in order.lines if line.id in grant_of_line]


def _contents_by_grant(
    tenant_id: int, every_grant: Sequence[AccessGrant | ManualGrant]
) -> dict[UUID, tuple[ContentFile, ...]]:
    """Return the contents that each of these grants opens now, by grant id."""
    live = [grant for grant in every_grant if _opens_contents(grant)]
    if not live:
        return {}
    product_ids = {grant.id: [grant.product_id, *grant.included_products] for grant in live}
    by_product = _contents_by_product(tenant_id, {id_ for ids in product_ids.values() for id_ in ids})
    return {
        grant_id: tuple(entry for product_id in ids for entry in by_product.get(product_id, ()))
        for grant_id, ids in product_ids.items()
    }


def _contents_by_product(tenant_id: int, product_ids: Collection[str]) -> dict[str, list[ContentFile]]:
    listed = contents.list_contents(tenant_id, sorted(product_ids))
    file_of = files.by_content(tenant_id, [content.id for content in listed])
    by_product: dict[str, list[ContentFile]] = {}
    for content in listed:
        by_product.setdefault(content.product_id, []).append(ContentFile(content, file_of.get(content.id)))
    return by_product


def _deliverables_by_line(tenant_id: int, orders: Sequence[Order]) -> dict[UUID, tuple[DeliverableView, ...]]:
    """Return the deliverables of these orders, by order line; files only of delivered ones."""
    if not orders:
        return {}
    rows = deliverables.list_by_order(tenant_id, [order.id for order in orders])
    grant_of_line = {grant.order_line_id: grant for order in orders for grant in order.grants}
    open_ids = [
        row.id
        for row in rows.values()
        if (grant := grant_of_line.get(row.order_line_id)) is not None
        and _opens_deliverable(grant, row.state)
    ]
    files_of = files.by_deliverable(tenant_id, open_ids)
    by_line: dict[UUID, tuple[DeliverableView, ...]] = {}
    for order in orders:
        for promise in deliverables.list_promises(order):
            view = deliverables.view(order, promise, rows, files_of)
            by_line[promise.line.id] = (*by_line.get(promise.line.id, ()), view)
    return by_line
