"""Erased buyers: how they are recognised without being known, and what is taken out where they turn up again."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from lumira import encryption
from lumira.database import db
from lumira.models import Customer, Order, Payment, WebhookEvent, email_key
from lumira.services.impersonal import without_personal_data

_PURPOSE = "erased"
#: Events that are changed in one transaction, and events whose texts are looked through by one statement.
_PAGE, _PART = 500, 5_000
#: Whatever may be an address: it only has to match one that was erased.
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]]+@[^\s<>\"',;:()\[\]]+")
_CUSTOMER, _PAYMENT = re.compile(r"\bcus_\w+"), re.compile(r"\bpi_[A-Za-z0-9]+")


def digests_of(tenant_id: int, known: Iterable[str]) -> list[str]:
    """What addresses and ids are recognised by later, made with the newest key."""
    return sorted({encryption.digests(each, tenant_id=tenant_id, purpose=_PURPOSE)[0] for each in known})


def find_erased(tenant_id: int, address: str) -> list[Customer]:
    """Every customer that was erased under this address, oldest first."""
    made = encryption.digests(email_key(address), tenant_id=tenant_id, purpose=_PURPOSE)
    return _recognised(tenant_id, made)


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
    strings = {event.id: list(_strings(event.payload)) for event in unplaced}
    erased = (
        _erased_among(tenant_id, [each for found in strings.values() for each in found])
        if unplaced
        else set()
    )
    forgotten = 0
    for event in events:
        order = order_of.get(event.id)
        is_erased = (
            any(name in erased for each in strings[event.id] for name in _names(each))
            if order is None
            else order.erased_at is not None
        )
        forgotten += is_erased and _forget_in_event(event)
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


def _erased_among(tenant_id: int, strings: Iterable[str]) -> set[str]:
    """Which of the addresses, customers and payments that are named belong to somebody who was erased."""
    names = {name for each in strings for name in _names(each)}
    made = {
        digest: name
        for name in names
        if not name.startswith("pi_")
        for digest in encryption.digests(name, tenant_id=tenant_id, purpose=_PURPOSE)
    }
    erased = {
        made[digest]
        for customer in (_recognised(tenant_id, list(made)) if made else ())
        for digest in customer.erased_digests or ()
        if digest in made
    }
    payments = [name for name in names if name.startswith("pi_")]
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


def _names(string: str) -> Iterator[str]:
    yield from (email_key(each) for each in _ADDRESS.findall(string))
    yield from _CUSTOMER.findall(string)
    yield from _PAYMENT.findall(string)


def _strings(value: Any) -> Iterator[str]:
    """Every text in a payload, names of fields included: metadata may be called anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def events_naming(tenant_id: int, names: Sequence[str], order_ids: Sequence[UUID]) -> list[WebhookEvent]:
    """All events of these orders, and all that name one of these addresses or ids; oldest first."""
    of_orders = select(WebhookEvent).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.order_id.in_(list(order_ids))
    )
    found = {event.id: event for event in db.session.execute(of_orders).scalars()}
    after: UUID | None = None
    while ids := _next_ids(tenant_id, after):
        # A part at a time: texts of all events of years take longer to look through than a statement may.
        named = text(
            "EXISTS (SELECT FROM unnest(CAST(:names AS text[])) AS name "
            "WHERE position(name IN lower(webhook_events.payload::text)) > 0)"
        ).bindparams(names=[_as_json(name) for name in names])
        query = select(WebhookEvent).where(
            WebhookEvent.tenant_id == tenant_id, WebhookEvent.id.between(ids[0], ids[-1]), named
        )
        found |= {event.id: event for event in db.session.execute(query).scalars()}
        after = ids[-1]
    return [found[event_id] for event_id in sorted(found)]


def _next_ids(tenant_id: int, after: UUID | None) -> list[UUID]:
    query = select(WebhookEvent.id).where(WebhookEvent.tenant_id == tenant_id).order_by(WebhookEvent.id)
    if after is not None:
        query = query.where(WebhookEvent.id > after)
    return list(db.session.execute(query.limit(_PART)).scalars())


def _as_json(name: str) -> str:
    """As it stands in a stored payload, where letters beyond ASCII are written as escapes."""
    return name.lower().encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
