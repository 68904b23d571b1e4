"""Erased buyers: how they are recognised without being known, and what is taken out where they turn up again."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from lumira import encryption
from lumira.database import db
from lumira.domain.identifiers import names_in, spellings, strings_in
from lumira.domain.redaction import without_personal_data
from lumira.models import Customer, Order, Payment, WebhookEvent, email_key

_PURPOSE = "erased"
#: Events that are changed in one transaction.
_PAGE = 500


def digests_of(tenant_id: int, known: Iterable[str]) -> list[str]:
    """What addresses and ids are recognised by later, made with the newest key."""
    names = {spelling for each in known for spelling in spellings(each)}
    return sorted({encryption.digests(each, tenant_id=tenant_id, purpose=_PURPOSE)[0] for each in names})


def find_erased(tenant_id: int, address: str) -> list[Customer]:
    """Every customer that was erased under this address, oldest first."""
    return _recognised(tenant_id, list(_digests_of_all(tenant_id, spellings(email_key(address)))))


def _digests_of_all(tenant_id: int, names: Iterable[str]) -> dict[str, str]:
    """By each digest that a name may be remembered by, with whatever key, the name."""
    return {
        digest: name
        for name in names
        for digest in encryption.digests(name, tenant_id=tenant_id, purpose=_PURPOSE)
    }


def _recognised(tenant_id: int, made: Sequence[str]) -> list[Customer]:
    query = (
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.erased_digests.overlap(list(made)))
        .order_by(Customer.id)
    )
    return list(db.session.execute(query).scalars())


def page_of_events(tenant_id: int, *, after: UUID | None) -> list[tuple[WebhookEvent, Order | None]]:
    """The next events that may be about erased buyers: those of their orders, and those of no order."""
    query = (
        select(WebhookEvent, Order)
        .outerjoin(Order, (Order.tenant_id == WebhookEvent.tenant_id) & (Order.id == WebhookEvent.order_id))
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.order_id.is_(None) | Order.erased_at.is_not(None),
        )
        .order_by(WebhookEvent.id)
        .limit(_PAGE)
    )
    if after is not None:
        query = query.where(WebhookEvent.id > after)
    return [(row[0], row[1]) for row in db.session.execute(query)]


def forget_in_events(
    tenant_id: int, events: Sequence[WebhookEvent], order_of: Mapping[UUID, Order | None]
) -> int:
    """Take personal data out of events about erased buyers; how many had any. A worker does so before it reads them.

    An event of an order that is not erased stays as it is: somebody who was erased may buy again.
    """
    unplaced = [event for event in events if order_of.get(event.id) is None]
    names = {event.id: names_in(strings_in(event.payload)) for event in unplaced}
    erased = _erased_among(tenant_id, set().union(*names.values()))
    forgotten = 0
    for event in events:
        order = order_of.get(event.id)
        is_erased = names[event.id] & erased if order is None else order.erased_at is not None
        forgotten += bool(is_erased) and _forget_in_event(event)
    return forgotten


def _forget_in_event(event: WebhookEvent) -> bool:
    """Leave of the payload what is about no person, and of a failure that may have quoted it nothing."""
    left = without_personal_data(event.payload)
    if event.last_error is not None:
        event.last_error = "erased"
    if left == event.payload:
        return False
    event.payload = left
    return True


def _erased_among(tenant_id: int, names: set[str]) -> set[str]:
    """Which of the addresses, customers and payments that are named belong to somebody who was erased."""
    payments = [name for name in names if name.startswith("pi_")]
    made = _digests_of_all(tenant_id, names.difference(payments))
    erased = {
        made[digest]
        for customer in (_recognised(tenant_id, list(made)) if made else ())
        for digest in customer.erased_digests or ()
        if digest in made
    }
    return erased | (_payments_of_erased(tenant_id, payments) if payments else set())


def _payments_of_erased(tenant_id: int, payments: Sequence[str]) -> set[str]:
    query = (
        select(Payment.stripe_payment_intent_id)
        .join(Order, (Order.tenant_id == Payment.tenant_id) & (Order.id == Payment.order_id))
        .where(
            Payment.tenant_id == tenant_id,
            Payment.stripe_payment_intent_id == func.any(list(payments)),
            Order.erased_at.is_not(None),
        )
    )
    return set(db.session.execute(query).scalars())
