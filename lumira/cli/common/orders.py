"""The order of a command, by its number."""

from uuid import UUID

from lumira.database import atomic
from lumira.errors.orders import OrderNotFound
from lumira.repositories.orders import orders


def address_of(number: str) -> tuple[int, UUID]:
    """Return the tenant and id of the order with this number, in any tenant; raises `OrderNotFound`."""
    with atomic(None):
        address = orders.find_address(number.strip())
    if address is None:
        raise OrderNotFound(f"There is no order {number}.")
    return address
