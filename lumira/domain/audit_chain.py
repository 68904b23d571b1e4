"""What a link of the audit log's hash chain covers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lumira.domain.hash_chain import next_digest


@dataclass(frozen=True, slots=True)
class Entry:
    """The content of an audit entry."""

    tenant_id: int
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


def text_of(entry: Entry) -> str:
    """Return the text of an entry that its link covers."""
    content = [
        entry.tenant_id,
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
    ]
    # The text must be the same for the same values for ever: sorted keys, no spaces, ASCII.
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest_of(previous: bytes, entry: Entry) -> bytes:
    """Return the digest of the link that follows the link with digest `previous`."""
    return next_digest(previous, text_of(entry))
