"""Which contracts the law keeps, whatever is erased."""

from collections.abc import Iterable
from datetime import date

from lumira.models import Order

#: Contracts concluded electronically of 120 € or more (code de la consommation, L213-1 and D213-1), in minor units.
_FROM, _CURRENCY = 12_000, "eur"
#: From the delivery or performance on (D213-2).
_YEARS = 10


def kept_until(order: Order) -> date | None:
    """Return until when the record of a contract is kept; `None` if the law does not require it.

    What is kept of an erased buyer's order are its lines, amounts, dates, consents and withdrawals; the receipts keep
    no name either (decision 9).
    """
    if order.completed_at is None or order.currency != _CURRENCY or order.amount < _FROM:
        return None
    completed = order.completed_at.date()
    # The 29th of February has no tenth anniversary in a common year.
    return (completed if (completed.month, completed.day) != (2, 29) else completed.replace(day=28)).replace(
        year=completed.year + _YEARS
    )


def kept_contracts(orders: Iterable[Order]) -> tuple[tuple[str, date], ...]:
    """Return the numbers of the orders whose contract the law keeps, and until when."""
    return tuple((order.order_number, until) for order in orders if (until := kept_until(order)))
