"""Events about a buyer: those of their orders, and those that name them without being another buyer's."""

import re
from collections.abc import Sequence
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import select, text

from lumira.database import db
from lumira.domain.identifiers import customers_in, names_in, spellings, strings_in
from lumira.models import Payment, WebhookEvent

#: Events whose texts are looked through by one statement: those of years take longer than a statement may.
_PART = 5_000
#: Letters that stand in a stored payload as themselves, whatever wrote it; all others may be escaped.
_PLAIN = re.compile(r"[a-z0-9@._+-]+")


def find_events_naming(tenant_id: int, names: Sequence[str], order_ids: Sequence[UUID]) -> list[WebhookEvent]:
    """All events of these orders, and of no order all that name one of these addresses or ids; oldest first.

    What only might name one of them, or is about a payment of another order, is somebody else's and left out.
    """
    wanted = {spelling for name in names for spelling in spellings(name)}
    found = {event.id: event for event in _of_orders(tenant_id, order_ids)}
    after: UUID | None = None
    while wanted and (ids := _next_ids(tenant_id, after)):
        naming = {
            event: named
            for event in _perhaps_naming(tenant_id, wanted, ids)
            if wanted & (named := names_in(strings_in(event.payload), doubtful=False))
        }
        of_others = _payments_of_others(
            tenant_id, {name for named in naming.values() for name in named}, order_ids
        )
        found |= {event.id: event for event, named in naming.items() if not named & of_others}
        after = ids[-1]
    return [found[event_id] for event_id in sorted(found)]


def stripe_customers_of(tenant_id: int, order_ids: Sequence[UUID]) -> set[str]:
    """Whom Stripe, in the events of these orders, said that they are of: a page makes customers of its own."""
    events = _of_orders(tenant_id, order_ids)
    return {identifier for event in events for identifier in customers_in(event.payload)}


def _of_orders(tenant_id: int, order_ids: Sequence[UUID]) -> Sequence[WebhookEvent]:
    query = select(WebhookEvent).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.order_id.in_(list(order_ids))
    )
    return db.session.execute(query).scalars().all()


def _next_ids(tenant_id: int, after: UUID | None) -> list[UUID]:
    query = select(WebhookEvent.id).where(WebhookEvent.tenant_id == tenant_id).order_by(WebhookEvent.id)
    if after is not None:
        query = query.where(WebhookEvent.id > after)
    return list(db.session.execute(query.limit(_PART)).scalars())


def _perhaps_naming(tenant_id: int, wanted: set[str], ids: Sequence[UUID]) -> Sequence[WebhookEvent]:
    """Events of no order with a plain part of one of the names in them: all that name one, and more."""
    holds_one = text(
        "EXISTS (SELECT FROM unnest(CAST(:parts AS text[])) AS part "
        "WHERE position(part IN replace(lower(webhook_events.payload::text), '%40', '@')) > 0)"
    ).bindparams(parts=sorted({_plain_part(name) for name in wanted}))
    query = select(WebhookEvent).where(
        WebhookEvent.tenant_id == tenant_id,
        WebhookEvent.id.between(ids[0], ids[-1]),
        WebhookEvent.order_id.is_(None),
        holds_one,
    )
    return db.session.execute(query).scalars().all()


def _plain_part(name: str) -> str:
    return max(_PLAIN.findall(normalize("NFC", name).lower()), key=len, default="")


def _payments_of_others(tenant_id: int, names: set[str], order_ids: Sequence[UUID]) -> set[str]:
    query = select(Payment.stripe_payment_intent_id).where(
        Payment.tenant_id == tenant_id,
        Payment.stripe_payment_intent_id.in_([name for name in names if name.startswith("pi_")]),
        Payment.order_id.not_in(list(order_ids)),
    )
    return set(db.session.execute(query).scalars())
