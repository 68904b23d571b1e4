"""The access of a customer, for the API."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.grant_coverage import Grant, covers
from lumira.repositories import customers
from lumira.repositories import grants as grant_rows


@dataclass(frozen=True, slots=True)
class AccessView:
    """Live and past grants of one customer; `active` is `None` unless one product or level was requested."""

    grants: list[Grant]
    active: bool | None


def view_access(
    tenant_id: int, *, customer_email: str, product_id: str | None = None, level: int | None = None
) -> AccessView:
    """Return a customer's live and past grants, and whether one product or level is accessible now.

    With a product or a level, only the grants that cover it are returned. An unknown address has no grants.
    """
    with atomic(tenant_id):
        customer = customers.find_by_email(tenant_id, customer_email)
        grants = grant_rows.list_grants(tenant_id, customer.id) if customer is not None else []
        product_level = None if product_id is None else grant_rows.find_level_number(tenant_id, product_id)
    if product_id is None and level is None:
        return AccessView(grants, None)
    covering = [
        grant
        for grant in grants
        if covers(grant, product_id=product_id, product_level=product_level, level=level)
    ]
    return AccessView(covering, any(grant.is_live for grant in covering))
