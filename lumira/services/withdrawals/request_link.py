"""The first step of a withdrawal without an account: the link to the second one is sent to the order's own address.

Directive (EU) 2023/2673, article 11a: the function is available to every buyer. Whether an order has this number and
address must not be revealed, so the caller gets the same reply after the same time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.messages import may_send_link
from lumira.models import MessageKind, Order, email_key
from lumira.repositories.audit import audit
from lumira.repositories.customers import customers
from lumira.repositories.messages import outbox
from lumira.repositories.orders import orders

log = structlog.get_logger()

#: Seconds that a request takes, whether or not a message was enqueued: longer than the work on a busy machine.
REPLY_TIME = 0.4


def request_withdrawal_link(tenant_id: int, *, order_number: str, email: str) -> datetime:
    """Enqueue a message with a link if the order has this number and address; returns the time of the request.

    The time is that of the buyer's statement: the period is compared with it, however late the second step follows.
    """
    with _even_duration():
        # Whole seconds, as the link contains it.
        requested_at = utc_now().replace(microsecond=0)
        _enqueue_link(tenant_id, order_number.strip().upper(), email, requested_at)
    return requested_at


@contextmanager
def _even_duration() -> Iterator[None]:
    ends_at = time.monotonic() + REPLY_TIME
    try:
        yield
    finally:
        time.sleep(max(0.0, ends_at - time.monotonic()))


@retried
def _enqueue_link(tenant_id: int, order_number: str, email: str, requested_at: datetime) -> None:
    with atomic(tenant_id):
        order_id = orders.ids_by_number(tenant_id, [order_number]).get(order_number)
        order = None if order_id is None else _lock(tenant_id, order_id)
        if order is None or not _is_of(order, email):
            return
        if _was_sent_recently(order, requested_at):
            log.info("withdrawal_link_not_sent", reason="requested_recently")
            return
        outbox.enqueue(order, MessageKind.WITHDRAWAL_LINK, requested_at.isoformat())
        audit.record(
            tenant_id, actor="buyer", action="withdrawal_link_requested", subject=f"order:{order.id}"
        )


def _lock(tenant_id: int, order_id: UUID) -> Order:
    """Lock the customer before the order: concurrent requests about one buyer wait for each other."""
    customer_id = orders.get_order(tenant_id, str(order_id)).customer_id
    if customer_id is not None:
        customers.lock_current(tenant_id, customer_id)
    return orders.lock_order(tenant_id, order_id)


def _is_of(order: Order, email: str) -> bool:
    """Whether the address is the one that was typed for the order, or that of its customer after a merge."""
    if order.customer_email is None or order.customer_id is None:
        return False
    return email_key(email) in (email_key(order.customer_email), order.email_key)


def _was_sent_recently(order: Order, now: datetime) -> bool:
    if order.customer_id is None:
        return False
    today = outbox.list_enqueued_at(
        order.tenant_id, order.customer_id, MessageKind.WITHDRAWAL_LINK, since=now - timedelta(days=1)
    )
    return not may_send_link(today, now)
