"""A customer's profile for an operator: what they bought, what they can access, and their links."""

from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.domain.commands import OrderFilter
from lumira.models import AccessLink, Order, Product
from lumira.repositories.catalog import products
from lumira.repositories.customers import access_links, customers
from lumira.repositories.orders import order_lists
from lumira.services.customers.view_customers import CustomerView, read_view

#: Orders on the profile; the list of orders has the rest.
ORDERS = 20


@dataclass(frozen=True, slots=True)
class CustomerProfile:
    """A customer with their figures and grants, their newest orders, their links, and what can be granted."""

    view: CustomerView
    #: Newest first, with their lines and payments.
    orders: list[Order]
    has_more_orders: bool
    #: Oldest first, those of merged customers included.
    links: list[AccessLink]
    #: The products on sale to which an operator may give access.
    grantable: list[Product]
    #: The names of the products that were granted, on sale or not.
    product_names: dict[str, str]


def view_profile(tenant_id: int, customer_id: UUID) -> CustomerProfile:
    """Return the profile of a customer by id, merges followed; raises `CustomerNotFound`."""
    with atomic(tenant_id):
        customer = customers.get_current(tenant_id, str(customer_id))
        view = read_view(tenant_id, customer)
        orders, following = order_lists.list_orders(
            tenant_id,
            OrderFilter(limit=ORDERS),
            rows=order_lists.SHOWN,
            also=Order.customer_id == customer.id,
        )
        return CustomerProfile(
            view=view,
            orders=orders,
            has_more_orders=following is not None,
            links=access_links.list_links(tenant_id, [customer.id, *(merged.id for merged in view.merged)]),
            grantable=[product for product in products.list_products(tenant_id) if product.grants_access],
            product_names=products.names_of(tenant_id, {grant.product_id for grant in view.grants}),
        )
