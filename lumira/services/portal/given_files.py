"""What a buyer may download because an operator gave access to it, without an order."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from lumira.database import db
from lumira.models import ManualGrant, Product
from lumira.repositories import grants as access
from lumira.services.portal.order_files import OrderContent, contents_opened


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
    named = _names(tenant_id, {grant.product_id for grant in live})
    opened = contents_opened(tenant_id, live)
    return [Given(grant, named[grant.product_id], opened[grant.id]) for grant in live]


def _names(tenant_id: int, product_ids: Collection[str]) -> dict[str, str]:
    """What these products are called, on sale or not."""
    if not product_ids:
        return {}
    query = select(Product.id, Product.name).where(
        Product.tenant_id == tenant_id, Product.id == func.any(list(product_ids))
    )
    return {row.id: row.name for row in db.session.execute(query)}
