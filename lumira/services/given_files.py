"""What a buyer may download because an operator gave access to it, without an order."""

from dataclasses import dataclass
from uuid import UUID

from lumira.database import db
from lumira.models import ManualGrant, Product
from lumira.services import access, contents, files, levels
from lumira.services.order_files import OrderContent


@dataclass(frozen=True, slots=True)
class Given:
    """One product that is open by hand at this moment: what it is called, and what it contains."""

    grant: ManualGrant
    name: str
    contents: tuple[OrderContent, ...]


def read_given(tenant_id: int, customer_id: UUID) -> list[Given]:
    """What was given and is open now, newest first; inside the caller's transaction."""
    grants = access.list_grants(tenant_id, customer_id)
    live = [grant for grant in grants if isinstance(grant, ManualGrant) and grant.is_live]
    return [
        Given(
            grant,
            db.session.get_one(Product, (tenant_id, grant.product_id)).name,
            _contents(tenant_id, grant),
        )
        for grant in live
    ]


def _contents(tenant_id: int, grant: ManualGrant) -> tuple[OrderContent, ...]:
    product_ids = _products_opened(tenant_id, grant)
    every = contents.list_contents(tenant_id, product_ids)
    known = files.of_contents(tenant_id, [content.id for content in every])
    return tuple(
        OrderContent(content, known.get(content.id))
        for product_id in product_ids
        for content in every
        if content.product_id == product_id
    )


def _products_opened(tenant_id: int, grant: ManualGrant) -> list[str]:
    """The product itself, then the levels that are included in it, the highest first."""
    if not grant.includes_lower_levels or grant.level_number is None:
        return [grant.product_id]
    lower = [
        level.id
        for level in levels.list_levels(tenant_id)
        if level.level_number is not None and level.level_number < grant.level_number
    ]
    return [grant.product_id, *reversed(lower)]
