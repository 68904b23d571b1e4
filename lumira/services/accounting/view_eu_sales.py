"""Sales of a year to other countries of the EU, and the alert near the threshold."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain import eu_sales
from lumira.domain.eu_sales import EuSales
from lumira.repositories.accounting import ledger_documents
from lumira.services.accounting.period import Books, books_of


@dataclass(frozen=True, slots=True)
class EuSalesView:
    """The sales of a year; amounts in minor units of `currency`, without VAT."""

    year: int
    currency: str
    sales: EuSales


def view_eu_sales(tenant_id: int, year: int) -> EuSalesView:
    """Return the sales of a calendar year by where they count."""
    with atomic(tenant_id):
        books = books_of(tenant_id)
        return EuSalesView(year, books.currency, sales_of(books, year))


def sales_of(books: Books, year: int) -> EuSales:
    """Return the sales of a year, inside the caller's transaction."""
    by_country = ledger_documents.sum_by_country(
        books.tenant_id, livemode=books.livemode, year=year, currency=books.currency
    )
    return eu_sales.of_year(by_country, home=books.accounts.country)
