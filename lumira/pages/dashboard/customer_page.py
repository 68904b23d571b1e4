"""The page of a customer: access grouped by product, because an operator changes it by product."""

from dataclasses import dataclass, field

from lumira.domain.grant_coverage import Grant
from lumira.models import AccessGrant
from lumira.services.customers.view_profile import CustomerProfile


@dataclass(slots=True)
class ShownGrant:
    """One grant: its state and where it comes from."""

    grant: Grant
    state: str
    #: The number of its order; `None` for a manual grant.
    order_number: str | None
    note: str | None


@dataclass(slots=True)
class ProductAccess:
    """The access to one product: its grants, newest first, and what an operator may change."""

    product_id: str
    name: str
    grants: list[ShownGrant] = field(default_factory=list)
    may_revoke: bool = False
    may_restore: bool = False


def group_access(profile: CustomerProfile) -> list[ProductAccess]:
    """Return the customer's access by product, the product that was granted last first."""
    by_product: dict[str, ProductAccess] = {}
    for grant in profile.view.grants:
        product_id = grant.product_id
        access = by_product.setdefault(
            product_id, ProductAccess(product_id, profile.product_names.get(product_id, product_id))
        )
        access.grants.append(_shown(grant, profile))
        access.may_revoke = access.may_revoke or grant.is_live
        access.may_restore = access.may_restore or _was_revoked_by_operator(grant)
    for access in by_product.values():
        # A later grant takes the place of a revoked one.
        access.may_restore = access.may_restore and not access.may_revoke
    return list(by_product.values())


def _shown(grant: Grant, profile: CustomerProfile) -> ShownGrant:
    state = "live" if grant.is_live else "expired" if grant.is_expired else "revoked"
    if isinstance(grant, AccessGrant):
        return ShownGrant(grant, state, profile.view.order_numbers.get(grant.order_id), None)
    return ShownGrant(grant, state, None, grant.note)


def _was_revoked_by_operator(grant: Grant) -> bool:
    if isinstance(grant, AccessGrant):
        return grant.operator_revoked_at is not None
    return grant.revoked_at is not None
