"""Find customers for an operator, by one text."""

from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.domain.order_search import SearchTerm, read_term
from lumira.repositories.customers import customer_search, customers
from lumira.services.customers.view_customers import CustomerSummary, summarize

#: Customers on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundCustomers:
    """One page of customers, newest first, what the text names, and the id for `before` of the next page."""

    customers: list[CustomerSummary]
    term: SearchTerm | None
    next: UUID | None


def search_customers(
    tenant_id: int, text: str, *, before: UUID | None = None, limit: int = PAGE
) -> FoundCustomers:
    """Return one page of the customers whom the text names, with their figures; all of them for an empty text.

    A text is an e-mail address, the beginning of a name, an order number, or an id of Stripe's or ours.
    """
    with atomic(tenant_id):
        term = read_term(text)
        among = None if term is None else customer_search.find_ids(tenant_id, term)
        rows = customers.list_customers(tenant_id, limit=limit + 1, before=before, among=among)
        page = rows[:limit]
        following = page[-1].id if len(rows) > limit else None
        return FoundCustomers(summarize(tenant_id, page), term, following)
