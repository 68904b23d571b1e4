"""An operator retries messages that were given up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic, retried
from lumira.models import AlertKind, MessageKind
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.messages import message_lists, outbox

#: Messages that one form retries.
MOST_RETRIED = 500
#: Messages that one transaction makes due: workers must not wait long for the rows.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class DeadMessages:
    """How many messages one form would retry, by kind; the last one of them, and whether there are more."""

    by_kind: Mapping[MessageKind, int]
    last: UUID | None
    has_more: bool

    @property
    def number(self) -> int:
        """How many there are in all."""
        return sum(self.by_kind.values())


def find_dead(tenant_id: int, kind: MessageKind | None = None) -> DeadMessages:
    """Return the messages that were given up, of one kind or all: the oldest, up to `MOST_RETRIED`."""
    with atomic(tenant_id):
        found = message_lists.list_dead(tenant_id, kind=kind, limit=MOST_RETRIED + 1)
    chosen = found[:MOST_RETRIED]
    return DeadMessages(
        by_kind=Counter(kind for _, kind in chosen),
        last=chosen[-1][0] if chosen else None,
        has_more=len(found) > MOST_RETRIED,
    )


def retry_dead(tenant_id: int, kind: MessageKind | None, *, until: UUID, actor: str) -> int:
    """Retry the messages that `find_dead` returned, up to the one with the id `until`; return how many there were.

    A message that was given up since then is not among them: the operator has not seen it.
    """
    with atomic(tenant_id):
        found = message_lists.list_dead(tenant_id, kind=kind, until=until, limit=MOST_RETRIED)
    return retry_all(tenant_id, [message_id for message_id, _ in found], actor=actor)


def retry_all(tenant_id: int, message_ids: Sequence[UUID], *, actor: str) -> int:
    """Do as `retry_messages`, of any number of messages, in several transactions."""
    return sum(
        retry_messages(tenant_id, message_ids[first : first + _BATCH], actor=actor)
        for first in range(0, len(message_ids), _BATCH)
    )


@retried
def retry_messages(tenant_id: int, message_ids: Sequence[UUID], *, actor: str) -> int:
    """Make these messages due now, with their attempts at zero; return how many were not sent already."""
    with atomic(tenant_id):
        for message_id in message_ids:
            audit.record(tenant_id, actor=actor, action="message_retried", subject=f"message:{message_id}")
        # A message that fails again raises a new alert.
        subjects = [str(message_id) for message_id in message_ids]
        alerts.resolve_all(tenant_id, kind=AlertKind.MESSAGE_DEAD, subjects=subjects)
        return outbox.retry(tenant_id, message_ids)
