"""The groups of a tenant's products, for an operator. Changes nothing."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.errors import ProductGroupNotFound
from lumira.models import Product, ProductGroup
from lumira.repositories.catalog import product_groups

__all__ = ["GroupDetails", "ProductGroup", "view_group", "view_groups"]


@dataclass(frozen=True, slots=True)
class GroupDetails:
    """A group with its variants, on sale or not, in the order of the catalog."""

    group: ProductGroup
    variants: list[Product]


def view_groups(tenant_id: int) -> list[ProductGroup]:
    """Return all groups by their names."""
    with atomic(tenant_id):
        return product_groups.list_groups(tenant_id)


def view_group(tenant_id: int, group_id: str) -> GroupDetails:
    """Return one group; raises `ProductGroupNotFound`."""
    with atomic(tenant_id):
        group = product_groups.by_ids(tenant_id, [group_id]).get(group_id)
        if group is None:
            raise ProductGroupNotFound(f"There is no group {group_id}.")
        return GroupDetails(group, product_groups.list_variants(tenant_id, [group_id], on_sale=False))
