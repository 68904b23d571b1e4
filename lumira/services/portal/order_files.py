"""What a buyer may download because of an order: what its products contain, and what was made for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.models import (
    AccessGrant,
    Content,
    DeliverableState,
    File,
    ManualGrant,
    Order,
    OrderLine,
    Product,
)
from lumira.repositories import contents, deliverables, files, products
from lumira.repositories.deliverables import DeliverableView


@dataclass(frozen=True, slots=True)
class OrderContent:
    """One thing that a product contains, and its file; `None` where nobody has uploaded it yet."""

    content: Content
    file: File | None


@dataclass(frozen=True, slots=True)
class LineFiles:
    """One line that was served, and what it gives at this moment: closed, nothing.

    Its time ends what it contains, and not what was made for its buyer: that stays theirs unless it is revoked.
    """

    line: OrderLine
    grant: AccessGrant
    contents: tuple[OrderContent, ...] = ()
    #: All of them with their state; files only of those that are delivered.
    deliverables: tuple[DeliverableView, ...] = ()


def read_order_files(tenant_id: int, found: Sequence[Order]) -> dict[UUID, list[LineFiles]]:
    """Of each whole order every line that gives access, as it is at this moment; inside the caller's transaction.

    A level that includes lower ones gives what those contain today, after what it contains itself. However many
    orders there are, it asks the same few questions.
    """
    served = {order.id: _served(order) for order in found}
    contained = contents_opened(
        tenant_id, [grant for lines in served.values() for _, grant in lines if grant.is_live]
    )
    made = _made(
        tenant_id,
        [order for order in found if any(line.promises and grant.active for line, grant in served[order.id])],
    )
    return {
        order_id: [
            LineFiles(line, grant, contained.get(grant.id, ()), made.get(line.id, ()) if grant.active else ())
            for line, grant in lines
        ]
        for order_id, lines in served.items()
    }


def _served(order: Order) -> list[tuple[OrderLine, AccessGrant]]:
    grants = {grant.order_line_id: grant for grant in order.grants}
    return [(line, grants[line.id]) for line in order.lines if line.id in grants]


def contents_opened(
    tenant_id: int, live: Sequence[AccessGrant | ManualGrant]
) -> dict[UUID, tuple[OrderContent, ...]]:
    """What is open by each of these live grants, by the grant's id."""
    if not live:
        return {}
    lower = products.list_levels(tenant_id) if any(grant.includes_lower_levels for grant in live) else []
    opened_ids = {grant.id: _products_opened(grant, lower) for grant in live}
    every = contents.list_contents(tenant_id, sorted({each for ids in opened_ids.values() for each in ids}))
    known = files.of_contents(tenant_id, [content.id for content in every])
    of_product: dict[str, list[OrderContent]] = {}
    for content in every:
        of_product.setdefault(content.product_id, []).append(OrderContent(content, known.get(content.id)))
    return {
        grant_id: tuple(each for product_id in product_ids for each in of_product.get(product_id, ()))
        for grant_id, product_ids in opened_ids.items()
    }


def _products_opened(grant: AccessGrant | ManualGrant, by_number: Sequence[Product]) -> list[str]:
    """The product itself, then the levels that are included in it, the highest first."""
    if not grant.includes_lower_levels or grant.level_number is None:
        return [grant.product_id]
    lower = [
        level.id
        for level in by_number
        if level.level_number is not None and level.level_number < grant.level_number
    ]
    return [grant.product_id, *reversed(lower)]


def _made(tenant_id: int, found: Sequence[Order]) -> dict[UUID, tuple[DeliverableView, ...]]:
    if not found:
        return {}
    rows = deliverables.rows_of(tenant_id, [order.id for order in found])
    delivered = [row.id for row in rows.values() if row.state is DeliverableState.DELIVERED]
    # What is being worked on is not shown before the expert says that it is done.
    known = files.of_deliverables(tenant_id, delivered)
    made: dict[UUID, tuple[DeliverableView, ...]] = {}
    for order in found:
        for each in deliverables.promised(order):
            made[each.line.id] = (*made.get(each.line.id, ()), deliverables.view(order, each, rows, known))
    return made
