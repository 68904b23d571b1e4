"""The order that an operator acts on."""

from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.errors.orders import BuyerUnknown
from lumira.repositories.orders import orders


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order, and its buyer as far as known."""

    tenant_id: int
    id: UUID
    order_number: str
    customer_id: UUID | None
    customer_email: str | None

    def require_customer(self) -> UUID:
        """Return the buyer's id; raises `BuyerUnknown` if the buyer is unknown."""
        if self.customer_id is None:
            raise self._no_buyer()
        return self.customer_id

    def require_email(self) -> str:
        """Return the buyer's address; raises `BuyerUnknown` if it is unknown."""
        if self.customer_email is None:
            raise self._no_buyer()
        return self.customer_email

    def _no_buyer(self) -> BuyerUnknown:
        return BuyerUnknown(
            f"The buyer of the order {self.order_number} is unknown: set the e-mail address first."
        )


def find_order(tenant_id: int, reference: str) -> FoundOrder:
    """Return the order with this number, id, PaymentIntent or session. Raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        return FoundOrder(tenant_id, order.id, order.order_number, order.customer_id, order.customer_email)
