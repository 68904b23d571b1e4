"""Looking at who may open what, without changing anything."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.repositories import customers
from lumira.repositories import grants as access
from lumira.repositories.grants import Grant


@dataclass(frozen=True, slots=True)
class AccessView:
    """Live and past grants of one customer; `active` only where one product or level was asked about."""

    grants: list[Grant]
    active: bool | None


def view_access(
    tenant_id: int, *, customer_email: str, product_id: str | None = None, level: int | None = None
) -> AccessView:
    """What a customer may open or could open once, and whether one product or level is open to them now.

    Asked about one product or level, the grants are those of it and of the levels that include it.
    An address that never bought anything has no grants; that is no error.
    """
    with atomic(tenant_id):
        customer = customers.find_by_email(tenant_id, customer_email)
        grants = access.list_grants(tenant_id, customer.id) if customer is not None else []
        product_level = access.level_of(tenant_id, product_id) if product_id is not None else None
    if product_id is None and level is None:
        return AccessView(grants, None)
    asked = [
        grant
        for grant in grants
        if access.covers(grant, product_id=product_id, product_level=product_level, level=level)
    ]
    return AccessView(asked, any(grant.is_live for grant in asked))
