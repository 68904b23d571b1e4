"""Closing unpaid orders before their buyer is erased: anyone who knows an address can open an order with it."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.erasability import is_closed_by_erasure
from lumira.errors.orders import NotCancelable
from lumira.reconciliation.cancel_order import cancel_order
from lumira.repositories.customers import personal_rows
from lumira.repositories.orders import orders
from lumira.services.privacy.find_data_subject import find_data_subject


def close_unpaid_orders(tenant_id: int, email: str, *, actor: str) -> int:
    """Cancel every unpaid order of the data subject of this address, at Stripe too; return how many were canceled.

    Orders whose payment is in progress stay as they are. Raises `CustomerNotFound` and `StripeUnavailable`.
    """
    closed = 0
    for order_id in _list_unpaid(tenant_id, email):
        try:
            cancel_order(tenant_id, order_id, actor=actor)
        except NotCancelable:
            # It was paid or closed in the meantime: the erasure decides about it as it is now.
            continue
        closed += 1
    return closed


def _list_unpaid(tenant_id: int, email: str) -> list[UUID]:
    now = utc_now()
    with atomic(tenant_id):
        ids = personal_rows.list_order_ids(tenant_id, find_data_subject(tenant_id, email))
        loaded = orders.lock_orders(tenant_id, ids).values()
        return [order.id for order in loaded if is_closed_by_erasure(order, now)]
