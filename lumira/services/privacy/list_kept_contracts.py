"""The contracts of a data subject that an erasure leaves, because the law keeps them."""

from datetime import date

from lumira.database import atomic
from lumira.domain.kept_contracts import kept_contracts
from lumira.repositories.customers import personal_rows
from lumira.repositories.orders import orders
from lumira.services.privacy.find_data_subject import find_data_subject


def list_kept_contracts(tenant_id: int, email: str) -> tuple[tuple[str, date], ...]:
    """Return the order numbers, and until when each is kept; raises `CustomerNotFound`."""
    with atomic(tenant_id):
        subject = find_data_subject(tenant_id, email)
        return kept_contracts(orders.list_whole(tenant_id, personal_rows.list_order_ids(tenant_id, subject)))
