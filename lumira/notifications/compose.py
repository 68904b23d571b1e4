"""Composes claimed messages from the current state of their orders, several in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from lumira.database import atomic, retried
from lumira.domain import messages
from lumira.models import Customer, Language, Order, OutboxMessage, Receipt, Tenant
from lumira.notifications import (
    attachments,
    buyer_messages,  # noqa: F401 - importing the composers registers them
    link_messages,  # noqa: F401 - see above
    shipment_messages,  # noqa: F401 - see above
    team_messages,  # noqa: F401 - see above
    withdrawal_messages,  # noqa: F401 - see above
)
from lumira.notifications.composers import MessageContext, get_composer
from lumira.notifications.draft import Draft, Postponed
from lumira.repositories.customers import customers
from lumira.repositories.messages import outbox
from lumira.repositories.messages.message_claims import Claim
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Composed:
    """One message: its draft, `None` if it is superseded, or its postponement; and the receipt attached to it."""

    message_id: UUID
    order_number: str
    draft: Draft | Postponed | None
    receipt: Receipt | None


def compose_all(tenant_id: int, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Composed | Exception]]:
    """Yield each claimed message composed, or the error because of which it cannot be."""
    if len(claims) > 1:
        try:
            composed = _compose(tenant_id, [claim.message_id for claim in claims])
        except Exception:  # noqa: BLE001 - whatever it is, it is reported for the one message
            # One message that cannot be composed must not stop the others: each is composed alone.
            log.warning("messages_composed_alone", messages=len(claims))
        else:
            yield from ((claim, composed[claim.message_id]) for claim in claims)
            return
    for claim in claims:
        with structlog.contextvars.bound_contextvars(message_id=str(claim.message_id)):
            yield claim, _compose_alone(tenant_id, claim.message_id)


def _compose_alone(tenant_id: int, message_id: UUID) -> Composed | Exception:
    try:
        return _compose(tenant_id, [message_id])[message_id]
    except Exception as error:  # noqa: BLE001 - the caller reports it
        return error


@retried
def _compose(tenant_id: int, message_ids: Sequence[UUID]) -> dict[UUID, Composed]:
    with atomic(tenant_id):
        locked = outbox.lock_all(tenant_id, message_ids)
        found = orders.lock_orders(tenant_id, [message.order_id for message in locked])
        tenant = tenants.get(tenant_id)
        return {message.id: _compose_one(tenant, found[message.order_id], message) for message in locked}


def _compose_one(tenant: Tenant, order: Order, message: OutboxMessage) -> Composed:
    draft = draft_of(context_of(tenant, order, message))
    receipt = attachments.find_receipt(order, message) if isinstance(draft, Draft) else None
    return Composed(message.id, order.order_number, draft, receipt)


def context_of(
    tenant: Tenant, order: Order, message: OutboxMessage, *, is_preview: bool = False
) -> MessageContext:
    """Return what the composer of a message works with; inside the caller's transaction."""
    customer = _find_customer(order)
    return MessageContext(tenant, order, message, customer, _language(customer, message), is_preview)


def draft_of(context: MessageContext) -> Draft | Postponed | None:
    """Compose the message; `None` if it is superseded."""
    return get_composer(context.message.kind)(context)


def _find_customer(order: Order) -> Customer | None:
    """Return the customer that the order belongs to now; `None` if no e-mail address is known."""
    if order.customer_id is None:
        return None
    return customers.get_current(order.tenant_id, str(order.customer_id))


def _language(customer: Customer | None, message: OutboxMessage) -> Language:
    """Return the recipient's language: the buyer's, or the team's."""
    if customer is None or messages.is_for_team(message.kind):
        return Language.FRENCH
    return Language.of(customer.locale)
