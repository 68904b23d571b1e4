"""Erasing a buyer: personal data go from every table and every file; numbers, amounts and states stay."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.redaction import without_personal_data
from lumira.errors import NotErasable
from lumira.models import (
    Customer,
    Deliverable,
    File,
    IdempotencyKey,
    ManualGrant,
    MessageKind,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    PaymentRequest,
    RefundRequest,
    RefundStatus,
)
from lumira.repositories import (
    access_links,
    audit,
    customers,
    deliverables,
    erasures,
    files,
    orders,
    outbox,
    receipts,
    tenants,
)
from lumira.services.privacy.find_data_subject import find_data_subjects, names_of, order_ids_of

_OPEN = (OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED)
#: A payment that is being opened is written down in several steps.
_BEING_OPENED = timedelta(hours=1)
_UNDER_WAY = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)


@dataclass(frozen=True, slots=True)
class Erased:
    """What there was, and the messages whose letters, where they are kept as files, have to go too."""

    orders: int
    events: int
    files: int
    receipts: int
    message_ids: tuple[UUID, ...]


def erase_customer(tenant_id: int, email: str, *, actor: str) -> Erased:
    """Erase whoever comes under this address, with all addresses that were merged into theirs.

    `CustomerNotFound`; `NotErasable` names what is still open. Repeating it erases what came up since, finishes
    what was broken off, and does nothing else. The files that were made for them are out of reach from here on:
    `remove_files`, or the next sweep, removes what is left of them in storage.
    """
    erased = _erase_rows(tenant_id, email, actor=actor)
    # From here on workers know of it: what Stripe told before is looked through, what it tells now is theirs.
    return replace(erased, events=_forget_events(tenant_id))


def _forget_events(tenant_id: int) -> int:
    """Take erased buyers out of all that Stripe told, a page in each transaction; how many events named any."""
    forgotten, after = 0, None
    while True:
        named, last = _forget_page(tenant_id, after)
        if last is None:
            return forgotten
        forgotten, after = forgotten + named, last


@retried
def _forget_page(tenant_id: int, after: UUID | None) -> tuple[int, UUID | None]:
    with atomic(tenant_id):
        page = erasures.page_of_events(tenant_id, after=after)
        forgotten = erasures.forget_in_events(
            tenant_id, [event for event, _ in page], {event.id: order for event, order in page}
        )
        return forgotten, page[-1][0].id if page else None


@retried
def _erase_rows(tenant_id: int, email: str, *, actor: str) -> Erased:
    with atomic(tenant_id):
        # As they are locked elsewhere: who buys first, then what was bought.
        people = _lock_people(tenant_id, email)
        whole = orders.lock_orders(tenant_id, order_ids_of(tenant_id, people))
        now = utc_now()
        _refuse_what_is_open(tenant_id, list(whole.values()), now)
        names = names_of(tenant_id, people, list(whole.values()))
        erased = Erased(
            orders=len(whole),
            events=0,
            files=_forget_files(tenant_id, list(whole)),
            receipts=receipts.forget_buyer(tenant_id, list(whole)),
            message_ids=tuple(message.id for order in whole.values() for message in order.messages),
        )
        for order in whole.values():
            _empty_order(order, now)
        _forget_calls(tenant_id, list(whole))
        _forget_access(tenant_id, [person.id for person in people])
        for person in people:
            _empty_customer(person, erasures.digests_of(tenant_id, names), now)
        tenants.get(tenant_id).last_erasure_at = now
        subject = f"customer:{people[0].id}"
        audit.record(tenant_id, actor=actor, action="customer_erased", subject=subject, orders=erased.orders)
        return erased


def _lock_people(tenant_id: int, email: str) -> list[Customer]:
    """Whoever comes under this address, locked until the transaction ends.

    Looked for again under the locks, until nobody is found who is not locked: a merge that was committed while a
    lock was waited for has made somebody else one of them.
    """
    locked: dict[UUID, Customer] = {}
    while found := {each.id for each in find_data_subjects(tenant_id, email)} - locked.keys():
        locked |= {customer_id: customers.lock(tenant_id, customer_id) for customer_id in sorted(found)}
    return list(locked.values())


def _refuse_what_is_open(tenant_id: int, whole: Sequence[Order], now: datetime) -> None:
    made = deliverables.rows_of(tenant_id, [order.id for order in whole])
    delivered = {(row.order_line_id, row.key) for row in made.values() if row.delivered_at is not None}
    for order in whole:
        reason = _why_open(order, now) or _why_unfinished(order, delivered)
        if reason is not None:
            raise NotErasable(f"Order {order.order_number} {reason}.")


def _why_open(order: Order, now: datetime) -> str | None:
    if order.review_reason is not None:
        return "was paid otherwise than asked for: release or refund it first"
    if order.status is OrderStatus.DISPUTED and any(each.status.is_open for each in order.disputes):
        return "is disputed: wait until the bank has decided"
    if order.status is OrderStatus.PROCESSING:
        return "is being paid or returned: wait until that has ended"
    if order.status in _OPEN and (order.next_poll_at is not None or now - order.created_at < _BEING_OPENED):
        return "may still be paid: it is closed by itself within a day or so of being left"
    if any(refund.status in _UNDER_WAY for refund in order.refunds):
        return "has a refund on its way"
    if any(request.is_under_way for request in order.refund_requests):
        return "has a refund that Stripe has yet to be asked for"
    if any(_is_being_sent(message, now) for message in order.messages):
        return "has a message that is being sent: try again in half a minute"
    return None


def _why_unfinished(order: Order, delivered: Collection[tuple[UUID, str]]) -> str | None:
    if order.status not in (OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED):
        return None
    promised = {(each.line.id, each.key) for each in deliverables.promised(order)}
    return "promises work that is not delivered yet" if promised - set(delivered) else None


def _is_being_sent(message: OutboxMessage, now: datetime) -> bool:
    is_taken = message.attempts > 0 and message.next_attempt_at <= now + outbox.LEASE
    return message.status is MessageStatus.PENDING and is_taken and message.next_attempt_at > now


def _empty_order(order: Order, now: datetime) -> None:
    order.customer_email = order.email_key = order.customer_name = order.request_id = order.locale = None
    order.caller_metadata = {}
    order.erased_at = order.erased_at or now
    for payment_request in order.requests:
        _empty_request(payment_request)
    for refund_request in order.refund_requests:
        _empty_request(refund_request)
    for message in order.messages:
        message.last_error = None
        if message.status is not MessageStatus.SENT and message.kind is not MessageKind.DISPUTE_ALERT:
            # There is nobody left to whom it could be sent.
            message.status = MessageStatus.SUPERSEDED


def _empty_request(request: PaymentRequest | RefundRequest) -> None:
    request.parameters = without_personal_data(request.parameters)
    if request.refusal is not None:
        request.refusal = {"code": request.refusal.get("code", ""), "message": ""}


def _empty_customer(person: Customer, digests: Sequence[str], now: datetime) -> None:
    person.email = person.email_key = f"{person.id}@erased.invalid"
    person.name = person.locale = person.stripe_customer_id = person.stripe_parameters = None
    person.erased_at = person.erased_at or now
    person.erased_digests = sorted({*(person.erased_digests or ()), *digests})


def _forget_calls(tenant_id: int, order_ids: Sequence[UUID]) -> None:
    """Stored replies, and digests of what was sent: a call that is made again is a new one."""
    db.session.flush()
    db.session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.order_id.in_(list(order_ids))
        )
    )


def _forget_access(tenant_id: int, customer_ids: Sequence[UUID]) -> None:
    access_links.remove(tenant_id, list(customer_ids))
    db.session.execute(
        update(ManualGrant)
        .where(ManualGrant.tenant_id == tenant_id, ManualGrant.customer_id.in_(list(customer_ids)))
        .values(note=None)
    )


def _forget_files(tenant_id: int, order_ids: Sequence[UUID]) -> int:
    """What was made for one person goes, and its name before it does: it may be theirs."""
    discarded = files.discard_of_orders(tenant_id, list(order_ids))
    made = select(Deliverable.id).where(
        Deliverable.tenant_id == tenant_id, Deliverable.order_id.in_(list(order_ids))
    )
    db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.deliverable_id.in_(made))
        .values(file_name="erased")
        .execution_options(synchronize_session=False)
    )
    return discarded
