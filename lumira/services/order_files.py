"""What a buyer may download because of an order: what its products contain, and what was made for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.errors import FileMissing
from lumira.models import AccessGrant, Content, DeliverableState, File, Order, OrderLine
from lumira.services import contents, deliverables, files, levels
from lumira.services.deliverables import DeliverableView


@dataclass(frozen=True, slots=True)
class OrderContent:
    """One thing that a product contains, and its file; `None` where nobody has uploaded it yet."""

    content: Content
    file: File | None


@dataclass(frozen=True, slots=True)
class LineFiles:
    """One line that was served, whether it is open at this moment, and what it gives: closed, nothing."""

    line: OrderLine
    grant: AccessGrant
    contents: tuple[OrderContent, ...] = ()
    #: All of them with their state; files only of those that are delivered.
    deliverables: tuple[DeliverableView, ...] = ()


def read_order_files(tenant_id: int, order: Order) -> list[LineFiles]:
    """Of a whole order every line that gives access, as it is at this moment; inside the caller's transaction.

    A level that includes lower ones gives what those contain today, after what it contains itself.
    """
    grants = {grant.order_line_id: grant for grant in order.grants}
    served = [(line, grants[line.id]) for line in order.lines if line.id in grants]
    live = [(line, grant) for line, grant in served if grant.is_live]
    found = _contents(tenant_id, live) if live else {}
    made = _made(tenant_id, order) if any(line.promises for line, _ in live) else {}
    return [
        LineFiles(line, grant, found.get(line.id, ()), made.get(line.id, ()))
        if grant.is_live
        else LineFiles(line, grant)
        for line, grant in served
    ]


def find_order_file(tenant_id: int, order: Order, file_id: UUID) -> File:
    """One file that this order gives its buyer at this moment; `FileMissing` for every other, whatever it is."""
    for each in read_order_files(tenant_id, order):
        for content in each.contents:
            if content.file is not None and content.file.id == file_id:
                return content.file
        for deliverable in each.deliverables:
            for file in deliverable.files:
                if file.id == file_id:
                    return file
    raise FileMissing("There is no such file.")


def _contents(
    tenant_id: int, live: Sequence[tuple[OrderLine, AccessGrant]]
) -> dict[UUID, tuple[OrderContent, ...]]:
    products = {line.id: _products_opened(tenant_id, grant) for line, grant in live}
    every = contents.list_contents(tenant_id, sorted({each for ids in products.values() for each in ids}))
    known = files.of_contents(tenant_id, [content.id for content in every])
    return {
        line_id: tuple(
            OrderContent(content, known.get(content.id))
            for product_id in product_ids
            for content in every
            if content.product_id == product_id
        )
        for line_id, product_ids in products.items()
    }


def _products_opened(tenant_id: int, grant: AccessGrant) -> list[str]:
    """The product itself, then the levels that are included in it, the highest first."""
    if not grant.includes_lower_levels or grant.level_number is None:
        return [grant.product_id]
    lower = [
        level.id
        for level in levels.list_levels(tenant_id)
        if level.level_number is not None and level.level_number < grant.level_number
    ]
    return [grant.product_id, *reversed(lower)]


def _made(tenant_id: int, order: Order) -> dict[UUID, tuple[DeliverableView, ...]]:
    promised = deliverables.promised(order)
    rows = deliverables.rows_of(tenant_id, [order.id])
    delivered = [row.id for row in rows.values() if row.state is DeliverableState.DELIVERED]
    # What is being worked on is not shown before the expert says that it is done.
    known = files.of_deliverables(tenant_id, delivered)
    made: dict[UUID, tuple[DeliverableView, ...]] = {}
    for each in promised:
        made[each.line.id] = (*made.get(each.line.id, ()), deliverables.view(order, each, rows, known))
    return made
