"""Orders. Each function raises the errors of `lumira.clients.dolibarr.errors`."""

from collections.abc import Sequence
from datetime import date, datetime

from lumira.clients.dolibarr import lines as new_lines
from lumira.clients.dolibarr import replies, searches, transport, values
from lumira.clients.dolibarr.records import EXTRA_FIELD, DolibarrAccount, NewLine, Order

_PATH = "/orders"


def find_order(account: DolibarrAccount, order_id: int) -> Order | None:
    """Return an order, or `None`: it was deleted."""
    found = transport.find(account, "find_order", f"{_PATH}/{order_id}")
    return None if found is None else replies.read(lambda: replies.order(found, account.currency))


def find_order_by_lumira_id(account: DolibarrAccount, lumira_id: str) -> Order | None:
    """Return the order with this id of ours, or `None`."""
    found = searches.by_lumira_id(account, "find_order_by_lumira_id", _PATH, lumira_id)
    return None if found is None else replies.read(lambda: replies.order(found, account.currency))


def list_orders(
    account: DolibarrAccount,
    *,
    modified_since: datetime | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[Order]:
    """Return the next orders by id after `after_id`; `modified_since` as in `list_third_parties`."""
    found = searches.page(
        account, "list_orders", _PATH, modified_since=modified_since, after_id=after_id, limit=limit
    )
    return replies.read(lambda: [replies.order(record, account.currency) for record in found])


def create_order(
    account: DolibarrAccount,
    *,
    third_party_id: int,
    lumira_id: str,
    day: date,
    lines: Sequence[NewLine],
    reference: str | None = None,
) -> int:
    """Create a draft and return its id; `reference` is what staff see, our id unless it is given.

    Raises `DolibarrDuplicate` if there is an order with this id of ours.
    """
    body = {
        "socid": third_party_id,
        "date": values.from_day(day),
        "ref_ext": lumira_id,
        "ref_client": reference or lumira_id,
        "lines": [new_lines.sent(line) for line in lines],
        "array_options": {f"options_{EXTRA_FIELD}": lumira_id},
    }
    return replies.created_id(transport.post(account, "create_order", _PATH, body))


def add_order_line(account: DolibarrAccount, order_id: int, line: NewLine) -> int:
    """Add a line to a draft and return the line's id. Nothing keeps the same line from being added twice."""
    path = f"{_PATH}/{order_id}/lines"
    return replies.created_id(transport.post(account, "add_order_line", path, new_lines.sent(line)))


def validate_order(account: DolibarrAccount, order_id: int) -> None:
    """Validate a draft; without effect if it is validated."""
    transport.post(account, "validate_order", f"{_PATH}/{order_id}/validate", {})


def set_order_invoiced(account: DolibarrAccount, order_id: int) -> None:
    """Mark an order as invoiced; without effect if it is."""
    transport.post(account, "set_order_invoiced", f"{_PATH}/{order_id}/setinvoiced", {})


def close_order(account: DolibarrAccount, order_id: int) -> None:
    """Close an order; without effect if it is closed."""
    transport.post(account, "close_order", f"{_PATH}/{order_id}/close", {})
