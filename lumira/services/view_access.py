"""Looking at who may open what, without changing anything."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.models import AccessGrant
from lumira.services import access


@dataclass(frozen=True, slots=True)
class AccessView:
    """Live and past grants of one customer; `active` only where one product or level was asked about."""

    grants: list[AccessGrant]
    active: bool | None


def view_access(
    tenant_id: int, *, customer_email: str, product_id: str | None = None, level: int | None = None
) -> AccessView:
    """What a customer may open or could open once, and whether one product or level is among it now.

    An address that never bought anything has no grants; that is no error.
    """
    with atomic(tenant_id):
        grants = access.list_grants(
            tenant_id, customer_email=customer_email, product_id=product_id, level=level
        )
    is_about_one = product_id is not None or level is not None
    return AccessView(grants, any(grant.active for grant in grants) if is_about_one else None)
