"""The erasure registry: keyed digests that recognise erased buyers, and the redaction of events about them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from lumira import encryption
from lumira.database import db
from lumira.domain.identifiers import identifiers_in, spellings, strings_in
from lumira.domain.redaction import without_personal_data
from lumira.models import Customer, Order, Payment, WebhookEvent, email_key

_PURPOSE = "erased"
#: Events that one transaction redacts.
_PAGE = 500


def digests_of(tenant_id: int, identifiers: Iterable[str]) -> list[str]:
    """Return the digests of addresses and ids, in all their spellings, made with the newest encryption key."""
    written = {spelling for identifier in identifiers for spelling in spellings(identifier)}
    return sorted({_digests(tenant_id, spelling)[0] for spelling in written})


def list_erased_customers(tenant_id: int, email: str) -> list[Customer]:
    """Return every customer that was erased under this address, oldest first."""
    return _list_by_digests(tenant_id, _by_digest(tenant_id, spellings(email_key(email))))


def _digests(tenant_id: int, identifier: str) -> list[str]:
    return encryption.digests(identifier, tenant_id=tenant_id, purpose=_PURPOSE)


def _by_digest(tenant_id: int, identifiers: Iterable[str]) -> dict[str, str]:
    """Map every digest of these identifiers, with each configured key, to its identifier."""
    return {digest: identifier for identifier in identifiers for digest in _digests(tenant_id, identifier)}


def _list_by_digests(tenant_id: int, digests: Collection[str]) -> list[Customer]:
    query = (
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.erased_digests.overlap(list(digests)))
        .order_by(Customer.id)
    )
    return list(db.session.execute(query).scalars())


def list_events_to_redact(tenant_id: int, *, after: UUID | None) -> list[tuple[WebhookEvent, Order | None]]:
    """Return the next page of events that may be about erased buyers: those of their orders, and those of no order."""
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


def redact_events(
    tenant_id: int, events: Sequence[WebhookEvent], order_by_event: Mapping[UUID, Order | None]
) -> int:
    """Remove personal data from the events about erased buyers; return how many events changed.

    A worker calls this before it reads the events. An event of an order that is not erased stays as it is,
    because an erased buyer may buy again.
    """
    unmatched = [event for event in events if order_by_event.get(event.id) is None]
    identifiers = {event.id: identifiers_in(strings_in(event.payload)) for event in unmatched}
    erased = _erased_among(tenant_id, set().union(*identifiers.values()))
    redacted = 0
    for event in events:
        order = order_by_event.get(event.id)
        is_erased = identifiers[event.id] & erased if order is None else order.erased_at is not None
        redacted += bool(is_erased) and _redact_event(event)
    return redacted


def _redact_event(event: WebhookEvent) -> bool:
    """Redact the payload, and the stored error, which may quote it; return whether the payload changed."""
    redacted = without_personal_data(event.payload)
    if event.last_error is not None:
        event.last_error = "erased"
    if redacted == event.payload:
        return False
    event.payload = redacted
    return True


def _erased_among(tenant_id: int, identifiers: set[str]) -> set[str]:
    """Return those of the addresses, customer ids and payment ids that belong to erased buyers."""
    payment_ids = [name for name in identifiers if name.startswith("pi_")]
    by_digest = _by_digest(tenant_id, identifiers.difference(payment_ids))
    erased = {
        by_digest[digest]
        for customer in (_list_by_digests(tenant_id, by_digest) if by_digest else ())
        for digest in customer.erased_digests or ()
        if digest in by_digest
    }
    return erased | (_payments_of_erased_orders(tenant_id, payment_ids) if payment_ids else set())


def _payments_of_erased_orders(tenant_id: int, payment_ids: Sequence[str]) -> set[str]:
    query = (
        select(Payment.stripe_payment_intent_id)
        .join(Order, (Order.tenant_id == Payment.tenant_id) & (Order.id == Payment.order_id))
        .where(
            Payment.tenant_id == tenant_id,
            Payment.stripe_payment_intent_id == func.any(list(payment_ids)),
            Order.erased_at.is_not(None),
        )
    )
    return set(db.session.execute(query).scalars())
