"""What a merge of two customers would move. Changes nothing."""

from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.errors.customers import CustomerNotFound
from lumira.models import Customer
from lumira.repositories.customers import customers
from lumira.repositories.orders import grants, orders
from lumira.services.customers.merge_customers import check_different, check_mergeable


@dataclass(frozen=True, slots=True)
class MergePreview:
    """Both customers, and how many orders and grants the target gets from the source."""

    source: Customer
    target: Customer
    orders: int
    grants: int
    #: The name of the source, if the target has none and gets it.
    moved_name: str | None


def preview_merge(tenant_id: int, source_id: UUID, target_reference: str) -> MergePreview:
    """Return what merging the source into the customer with this address or id would move.

    Raises `NotMergeable` and `CustomerNotFound` as `merge_customers` does.
    """
    with atomic(tenant_id):
        source = customers.find_by_reference(tenant_id, str(source_id))
        target = customers.find_by_reference(tenant_id, target_reference.strip())
        if source is None or target is None:
            raise CustomerNotFound("There is no customer with this e-mail address or id.")
        check_different(source.id, target.id)
        check_mergeable(source, target)
        return MergePreview(
            source,
            target,
            orders=len(orders.ids_of_customer(tenant_id, source.id)),
            grants=len(grants.list_grants(tenant_id, source.id)),
            moved_name=None if target.name else source.name,
        )
