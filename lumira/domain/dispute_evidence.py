"""The response to a dispute: which fields it has, what must be true before it is sent, and its life until it is.

Its limits are those of Stripe's API (docs.stripe.com/api/disputes/update).
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from lumira.card_numbers import hide_card_numbers
from lumira.models import Dispute, DisputeEvidence, DisputeStatus, RequestState
from lumira.models.columns import uuid7

#: The fields of text that an operator fills in, by Stripe's names. Fields of files are sent in Stripe's Dashboard.
FIELDS = (
    "customer_name",
    "customer_email_address",
    "product_description",
    "access_activity_log",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "duplicate_charge_explanation",
    "uncategorized_text",
)
#: Characters of one field, and of all together.
MOST_IN_FIELD, MOST_IN_ALL = 20_000, 150_000
#: Unicode's categories of control characters and lone surrogates, which PostgreSQL or Stripe refuses.
_INVISIBLE = ("Cc", "Cs")
#: How long a response belongs to the process that sends it: longer than all retries of one call to Stripe.
LEASE = timedelta(seconds=90)
#: How long its words are stored after Stripe has responded: a bank decides within months, and late wins follow.
KEPT = timedelta(days=540)
#: The statuses in which Stripe accepts evidence. An appeal has fields of its own.
_RESPONDABLE = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.WARNING_NEEDS_RESPONSE)


class NoResponse(StrEnum):
    """Why no response to a dispute can be sent."""

    #: The bank decides, or has decided.
    NOT_AWAITED = "not_awaited"
    #: Appeals are made in Stripe's Dashboard.
    APPEAL = "appeal"
    DEADLINE = "deadline"
    #: One was sent, or is being sent.
    SENT = "sent"
    EMPTY = "empty"
    TOO_LONG = "too_long"


def why_not_respondable(
    dispute: Dispute, evidence: DisputeEvidence | None, now: datetime
) -> NoResponse | None:
    """Return why no response can be sent now; `None` if one can. `evidence` is the newest of the dispute."""
    if evidence is not None and evidence.state is not RequestState.REFUSED:
        return NoResponse.SENT
    if dispute.status is DisputeStatus.APPEAL_NEEDS_RESPONSE:
        return NoResponse.APPEAL
    if dispute.status not in _RESPONDABLE:
        return NoResponse.NOT_AWAITED
    return NoResponse.DEADLINE if dispute.due_at is not None and dispute.due_at <= now else None


def cleaned(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that have a text, as they are stored: without card numbers and invisible characters."""
    texts = {name: _clean(sent.get(name, "")) for name in FIELDS}
    return {name: text for name, text in texts.items() if text}


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(char for char in lines if char == "\n" or unicodedata.category(char) not in _INVISIBLE)
    return hide_card_numbers(shown.strip())


def problem_of(fields: Mapping[str, str]) -> NoResponse | None:
    """Return why these fields are no response; `None` if they are one."""
    if not fields:
        return NoResponse.EMPTY
    lengths = [len(text) for text in fields.values()]
    is_too_long = max(lengths) > MOST_IN_FIELD or sum(lengths) > MOST_IN_ALL
    return NoResponse.TOO_LONG if is_too_long else None


def freeze(
    dispute: Dispute, fields: Mapping[str, str], *, tenant_id: int, actor: str, now: datetime
) -> DisputeEvidence:
    """Return a new response, leased to the caller; what is sent never changes."""
    evidence_id = uuid7()
    return DisputeEvidence(
        tenant_id=tenant_id,
        id=evidence_id,
        order_id=dispute.order_id,
        stripe_dispute_id=dispute.stripe_dispute_id,
        fields=dict(fields),
        decided_by=actor,
        key_number=1,
        stripe_key=_key(evidence_id, 1),
        keyed_at=now,
        state=RequestState.FROZEN,
        attempts=1,
        next_attempt_at=now + LEASE,
        created_at=now,
        updated_at=now,
    )


def _key(evidence_id: UUID, number: int) -> str:
    return f"lumira-evidence-{evidence_id}-{number}"


def lease(evidence: DisputeEvidence, now: datetime) -> None:
    """Begin an attempt: the response belongs to the caller until the lease ends, then to any process."""
    evidence.attempts += 1
    evidence.next_attempt_at = now + LEASE


def renew_key(evidence: DisputeEvidence, now: datetime) -> None:
    """Continue under a new idempotency key: Stripe has not got the response, and may forget its key."""
    evidence.key_number += 1
    evidence.stripe_key = _key(evidence.id, evidence.key_number)
    evidence.keyed_at = now
    evidence.state = RequestState.FROZEN
    evidence.next_attempt_at = now + LEASE


def mark_accepted(evidence: DisputeEvidence, now: datetime) -> None:
    """Record that Stripe has got the response."""
    evidence.state, evidence.refusal, evidence.responded_at = RequestState.ACCEPTED, None, now


def mark_refused(evidence: DisputeEvidence, *, code: str, message: str, now: datetime) -> None:
    """Record that Stripe refused the response; it is not sent again, and another one may be."""
    evidence.state = RequestState.REFUSED
    evidence.refusal = {"code": code, "message": message}
    evidence.responded_at = now
