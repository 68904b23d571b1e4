"""Events about a buyer: those of their orders, and those of no order that hold one of their identifiers."""

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import select, text

from lumira import event_payloads
from lumira.database import db
from lumira.domain.identifiers import customer_ids_in, identifiers_in, spellings, strings_in
from lumira.models import Payment, WebhookEvent

#: Events whose payloads one statement searches: searching several years of events exceeds the statement timeout.
_PAGE = 5_000
#: Characters that every JSON encoder stores unescaped. All others may be escaped in a stored payload.
_UNESCAPED = re.compile(r"[a-z0-9@._+-]+")


def list_events_naming(
    tenant_id: int, identifiers: Sequence[str], order_ids: Sequence[UUID]
) -> list[WebhookEvent]:
    """Return all events of these orders, and the events of no order that hold one of these identifiers, oldest first.

    Events that hold an identifier only ambiguously, or that concern a payment of another order, are left out:
    they may be about another buyer.
    """
    written = {spelling for identifier in identifiers for spelling in spellings(identifier)}
    events = {event.id: event for event in _list_of_orders(tenant_id, order_ids)}
    after: UUID | None = None
    while written and (ids := _next_ids(tenant_id, after)):
        naming = {
            event: held
            for event in _list_candidates(tenant_id, written, ids)
            if written & (held := identifiers_in(strings_in(event.payload), include_ambiguous=False))
        }
        of_others = _payments_of_others(
            tenant_id, {identifier for held in naming.values() for identifier in held}, order_ids
        )
        events |= {event.id: event for event, held in naming.items() if not held & of_others}
        after = ids[-1]
    return [events[event_id] for event_id in sorted(events)]


def list_stripe_customer_ids(tenant_id: int, order_ids: Sequence[UUID]) -> set[str]:
    """Return the Stripe customers in the events of these orders: a Checkout Session may create its own."""
    events = _list_of_orders(tenant_id, order_ids)
    return {customer_id for event in events for customer_id in customer_ids_in(event.payload)}


def _list_of_orders(tenant_id: int, order_ids: Sequence[UUID]) -> Sequence[WebhookEvent]:
    query = select(WebhookEvent).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.order_id.in_(list(order_ids))
    )
    return db.session.execute(query).scalars().all()


def _next_ids(tenant_id: int, after: UUID | None) -> list[UUID]:
    query = select(WebhookEvent.id).where(WebhookEvent.tenant_id == tenant_id).order_by(WebhookEvent.id)
    if after is not None:
        query = query.where(WebhookEvent.id > after)
    return list(db.session.execute(query.limit(_PAGE)).scalars())


def _list_candidates(tenant_id: int, written: set[str], ids: Sequence[UUID]) -> Sequence[WebhookEvent]:
    """Return the events of no order that hold an unescaped part of an identifier: a superset of the matches."""
    parts = sorted({_unescaped_part(spelling) for spelling in written})
    holds_a_part = text(
        "EXISTS (SELECT FROM unnest(CAST(:parts AS text[])) AS part "
        "WHERE position(part IN replace(lower(webhook_events.payload::text), '%40', '@')) > 0)"
    ).bindparams(parts=parts)
    searched = (
        WebhookEvent.tenant_id == tenant_id,
        WebhookEvent.id.between(ids[0], ids[-1]),
        WebhookEvent.order_id.is_(None),
    )
    is_plain = WebhookEvent.compressed_payload.is_(None)
    compressed = select(WebhookEvent.id, WebhookEvent.compressed_payload).where(*searched, ~is_plain)
    holding = [row.id for row in db.session.execute(compressed) if _holds(row.compressed_payload, parts)]
    query = select(WebhookEvent).where(*searched, (is_plain & holds_a_part) | WebhookEvent.id.in_(holding))
    return db.session.execute(query).scalars().all()


def _holds(compressed: bytes, parts: Iterable[str]) -> bool:
    """Whether a compressed payload holds one of these parts; as the statement above compares the others."""
    written = event_payloads.text_of(compressed).lower().replace("%40", "@")
    return any(part in written for part in parts)


def _unescaped_part(spelling: str) -> str:
    return max(_UNESCAPED.findall(normalize("NFC", spelling).lower()), key=len, default="")


def _payments_of_others(tenant_id: int, identifiers: set[str], order_ids: Sequence[UUID]) -> set[str]:
    query = select(Payment.stripe_payment_intent_id).where(
        Payment.tenant_id == tenant_id,
        Payment.stripe_payment_intent_id.in_([name for name in identifiers if name.startswith("pi_")]),
        Payment.order_id.not_in(list(order_ids)),
    )
    return set(db.session.execute(query).scalars())
