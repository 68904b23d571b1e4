"""The access of a customer, for the API."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.grant_coverage import Grant, covers
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers
from lumira.repositories.orders import grants as grant_rows


@dataclass(frozen=True, slots=True)
class AccessView:
    """Live and past grants of one customer; `active` is `None` unless one product or level was requested."""

    grants: list[Grant]
    active: bool | None


def view_access(
    tenant_id: int, *, customer_email: str, product_id: str | None = None, level: int | None = None
) -> AccessView:
    """Return a customer's live and past grants, and whether one product or level is accessible now.

    With a product or a level, only the grants that cover it are returned; a level is the product that has its number
    now. An unknown address has no grants.
    """
    with atomic(tenant_id):
        customer = customers.find_by_email(tenant_id, customer_email)
        grants = grant_rows.list_grants(tenant_id, customer.id) if customer is not None else []
        level_id = None if level is None else products.find_level_id(tenant_id, level)
    if product_id is None and level is None:
        return AccessView(grants, None)
    if level is not None and level_id is None:
        return AccessView([], active=False)
    requested = [one for one in (product_id, level_id) if one is not None]
    covering = [grant for grant in grants if all(covers(grant, one) for one in requested)]
    return AccessView(covering, any(grant.is_live for grant in covering))
