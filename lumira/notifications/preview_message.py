"""The preview of a message for an operator: what would be sent now, without a link that opens anything."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import Receipt
from lumira.notifications import attachments, compose, delivery, emails
from lumira.notifications.addresses import Undeliverable
from lumira.notifications.draft import Draft, Postponed
from lumira.repositories.messages import outbox
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants


class NoPreview(StrEnum):
    """Why a message has no preview: it would not be sent now."""

    #: Its content is no longer true of the order, or no link for it can be made.
    OUTDATED = "outdated"
    #: It waits for another message to the same mailbox.
    POSTPONED = "postponed"
    #: The buyer's address is unknown, or was erased.
    NO_ADDRESS = "no_address"
    #: An address in it is invalid.
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would be sent now; `receipt` is the label of the document attached to it."""

    subject: str
    sender: str
    to: str
    reply_to: str | None
    plain: str
    html: str
    receipt: str | None


def preview_message(tenant_id: int, message_id: UUID) -> Preview | NoPreview:
    """Return the preview of a message, sent or not, or why it has none; changes nothing. Raises `NotFound`."""
    try:
        composed, receipt = _compose(tenant_id, message_id)
    except Undeliverable:
        return NoPreview.UNDELIVERABLE
    if isinstance(composed, Draft):
        return _render(composed, receipt)
    return composed


def _compose(tenant_id: int, message_id: UUID) -> tuple[Draft | NoPreview, Receipt | None]:
    with atomic(tenant_id):
        message = outbox.find(tenant_id, message_id)
        if message is None:
            raise NotFound(f"There is no message {message_id}.")
        order = orders.get_order(tenant_id, str(message.order_id))
        context = compose.context_of(tenants.get(tenant_id), order, message, is_preview=True)
        if context.lacks_recipient:
            return NoPreview.NO_ADDRESS, None
        draft = compose.draft_of(context)
        if isinstance(draft, Draft):
            return draft, attachments.find_receipt(order, message)
        return NoPreview.POSTPONED if isinstance(draft, Postponed) else NoPreview.OUTDATED, None


def _render(draft: Draft, receipt: Receipt | None) -> Preview:
    text = emails.render(draft, receipt=receipt.label if receipt else None)
    return Preview(
        subject=text.subject,
        sender=f"{draft.tenant.name} <{delivery.sender_address()}>",
        to=draft.to.addr_spec,
        reply_to=draft.reply_to,
        plain=text.plain,
        html=text.html,
        receipt=receipt.label if receipt else None,
    )
