"""Views of customers with their figures and grants."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.grant_coverage import Grant
from lumira.models import AccessGrant, Customer
from lumira.repositories.customers import customer_figures, customers
from lumira.repositories.customers.customer_figures import CustomerFigures
from lumira.repositories.orders import grants as grant_rows
from lumira.repositories.orders import orders


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """One customer and their figures, for a list."""

    customer: Customer
    figures: CustomerFigures


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer with their figures, the customers merged into it, and their grants."""

    customer: Customer
    figures: CustomerFigures
    merged: list[Customer]
    grants: list[Grant]
    #: The numbers of the orders that the grants come from, by order id.
    order_numbers: dict[UUID, str]


def view_customer(tenant_id: int, reference: str) -> CustomerView:
    """Return one customer by address or id, merges followed; raises `CustomerNotFound`."""
    with atomic(tenant_id):
        return read_view(tenant_id, customers.get_current(tenant_id, reference))


def read_view(tenant_id: int, customer: Customer) -> CustomerView:
    """Return the view of a customer, inside the caller's transaction."""
    grants = grant_rows.list_grants(tenant_id, customer.id)
    return CustomerView(
        customer,
        customer_figures.figures_of(tenant_id, [customer.id], now=utc_now())[customer.id],
        customers.list_merged(tenant_id, customer.id),
        grants,
        orders.numbers_by_id(
            tenant_id, {grant.order_id for grant in grants if isinstance(grant, AccessGrant)}
        ),
    )


def list_customers(tenant_id: int, *, limit: int, before: UUID | None = None) -> list[CustomerSummary]:
    """Return a page of customers with their figures, newest first, without merged ones."""
    with atomic(tenant_id):
        return summarize(tenant_id, customers.list_customers(tenant_id, limit=limit, before=before))


def summarize(tenant_id: int, page: Sequence[Customer]) -> list[CustomerSummary]:
    """Return these customers with their figures, inside the caller's transaction."""
    figures = customer_figures.figures_of(tenant_id, [customer.id for customer in page], now=utc_now())
    return [CustomerSummary(customer, figures[customer.id]) for customer in page]
