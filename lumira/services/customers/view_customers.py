"""Looking at customers, without changing anything."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import Customer
from lumira.repositories import customer_figures, customers
from lumira.repositories import grants as access
from lumira.repositories.customer_figures import CustomerFigures
from lumira.repositories.grants import Grant


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One customer and their figures."""

    customer: Customer
    figures: CustomerFigures


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer, who else turned out to be them, and what they may open."""

    customer: Customer
    figures: CustomerFigures
    merged: list[Customer]
    grants: list[Grant]
    #: The number of each order that a grant comes from.
    order_numbers: dict[UUID, str]


def view_customer(tenant_id: int, reference: str) -> CustomerView:
    """One customer by address or id, merges followed; `CustomerNotFound` if this tenant has none such."""
    with atomic(tenant_id):
        customer = customers.get_current(tenant_id, reference)
        grants = access.list_grants(tenant_id, customer.id)
        return CustomerView(
            customer,
            customer_figures.figures_of(tenant_id, [customer.id], now=utc_now())[customer.id],
            customers.list_merged(tenant_id, customer.id),
            grants,
            access.order_numbers(tenant_id, access.orders_behind(grants)),
        )


def list_customers(tenant_id: int, *, limit: int, before: UUID | None = None) -> list[CustomerLine]:
    """Customers with their figures, newest first."""
    with atomic(tenant_id):
        found = customers.list_customers(tenant_id, limit=limit, before=before)
        figures = customer_figures.figures_of(tenant_id, [each.id for each in found], now=utc_now())
    return [CustomerLine(customer, figures[customer.id]) for customer in found]
