"""Watches the sales to other countries of the EU: needs no call to Stripe."""

from collections.abc import Callable

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.repositories.alerts import alerts
from lumira.services.accounting.period import books_of
from lumira.services.accounting.view_eu_sales import sales_of

_EURO = "eur"


def watch_eu_sales(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Raise an alert when the sales of this year reach a share of the threshold: once a year for each share.

    Nothing is watched in test mode, nor for a tenant that sells in another currency than euros.
    """
    if is_stopping():
        return
    with atomic(tenant_id):
        books = books_of(tenant_id)
        if not books.livemode or books.currency != _EURO:
            return
        year = utc_now().astimezone(books.zone).year
        sales = sales_of(books, year)
        if sales.reached is not None:
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.EU_SALES_THRESHOLD,
                subject=f"{year} {sales.reached}%",
                once=True,
                percent=sales.percent,
                unknown_documents=sales.unknown.documents,
            )
