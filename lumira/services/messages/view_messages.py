"""The messages of a tenant: a page at a time, and one with its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.domain.order_search import read_term
from lumira.errors import NotFound
from lumira.models import AlertKind, AuditEntry, MessageKind, MessageStatus, Order, OutboxMessage
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.audit.audit import AuditFilter
from lumira.repositories.messages import message_lists, outbox
from lumira.repositories.messages.message_lists import ListedMessage
from lumira.repositories.operators import operator_roles
from lumira.repositories.orders import order_search, orders

#: Messages on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class MessageSearch:
    """Which messages are wanted: of the orders that the text names, in a state, of a kind, before one of them."""

    text: str = ""
    status: MessageStatus | None = None
    kind: MessageKind | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages, newest first, and the id for `before` of the next page.

    `searched` is how many orders were searched, if the text may name more.
    """

    messages: Sequence[ListedMessage]
    next: UUID | None
    searched: int | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message with its order, and what operators did about it, newest first.

    `reason` is why it was given up: `undeliverable`, `not_sent`, or `None` if that is unknown. `operators` has the
    addresses of the team by their names in the audit log.
    """

    message: OutboxMessage
    order: Order
    reason: str | None
    actions: Sequence[AuditEntry]
    operators: Mapping[str, str]


def list_messages(tenant_id: int, search: MessageSearch) -> MessagePage:
    """Return one page of the messages that are wanted."""
    with atomic(tenant_id):
        term = read_term(search.text)
        named = None if term is None else order_search.newest_ids(tenant_id, term)
        found = message_lists.list_page(
            tenant_id,
            status=search.status,
            kind=search.kind,
            order_ids=named,
            before=search.before,
            limit=PAGE + 1,
        )
    page = found[:PAGE]
    following = page[-1].message.id if len(found) > PAGE else None
    return MessagePage(page, following, order_search.searched_of(named))


def view_message(tenant_id: int, message_id: UUID) -> MessageView:
    """Return one message; raises `NotFound`."""
    with atomic(tenant_id):
        message = outbox.find(tenant_id, message_id)
        if message is None:
            raise NotFound(f"There is no message {message_id}.")
        alert = alerts.find_about(tenant_id, kind=AlertKind.MESSAGE_DEAD, subject=str(message_id))
        return MessageView(
            message=message,
            order=orders.get_order(tenant_id, str(message.order_id)),
            reason=None if alert is None else str(alert.details.get("reason")),
            actions=audit.list_entries(tenant_id, AuditFilter(subject=f"message:{message_id}")),
            operators=operator_roles.addresses_by_actor(tenant_id),
        )
