"""Sends the response to a dispute to the bank, once, between two transactions.

Every process that sends it, also after a crash, sends the same words under the same idempotency key, and names the
response in the dispute's metadata. If the outcome of an attempt is unknown, the dispute is looked up first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client, stripe_disputes
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import dispute_evidence as rules
from lumira.domain import disputes
from lumira.domain.dispute_evidence import NoResponse
from lumira.domain.retries import retry_delay
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.domain.stripe.objects import MalformedObject, read_dispute, read_metadata
from lumira.domain.stripe.requests import is_key_stale
from lumira.errors import DisputeNotFound, EvidenceRefused
from lumira.errors.stripe import (
    OtherStripeMode,
    StripeConfigError,
    StripePermissionMissing,
    StripeUnavailable,
)
from lumira.models import AlertKind, DisputeEvidence, Order, RequestState
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.orders import dispute_evidence, order_polls, orders
from lumira.repositories.orders import disputes as dispute_rows
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services import leased_requests
from lumira.services.leased_requests import check_account, leased_by_another, require_lease
from lumira.settlement.settle_order import settle_order

log = structlog.get_logger()

_WORKER = "worker"
_SUBJECT = "response"
_REFUSALS = {
    NoResponse.NOT_AWAITED: "The bank expects no response to this dispute: it decides, or has decided.",
    NoResponse.APPEAL: "An appeal is made in Stripe's Dashboard.",
    NoResponse.DEADLINE: "The deadline for a response has passed: the bank accepts none any more.",
    NoResponse.SENT: "A response was sent, or is being sent: a bank reads one only.",
    NoResponse.EMPTY: "The response is empty: fill in at least one field.",
    NoResponse.TOO_LONG: "A field has at most 20,000 characters, and all together 150,000: shorten them.",
}


@dataclass(frozen=True, slots=True)
class EvidenceAttempt:
    """One attempt to send a leased response: ids and values, no rows."""

    evidence_id: UUID
    order_id: UUID
    livemode: bool
    stripe_dispute_id: str
    fields: dict[str, str]
    key: str
    #: The number of the lease: a process with a later one owns the response.
    attempts: int
    #: When the lease ends, and another process may send the response.
    leased_until: datetime
    #: Whether Stripe may have got the response without returning the dispute to a repeated call.
    needs_lookup: bool
    #: Whether Stripe may have forgotten the key, so that the response is sent under a new one.
    is_key_stale: bool


def send_evidence(tenant_id: int, stripe_dispute_id: str, sent: Mapping[str, str], *, actor: str) -> None:
    """Freeze an operator's response to a dispute, and send it to the bank.

    Raises `DisputeNotFound`, and `EvidenceRefused` with its reason if none can be sent or Stripe refuses it. After
    `StripeUnavailable` and `StripeConfigError` it is recorded, and a worker sends it.
    """
    fields = rules.cleaned(sent)
    account, attempt = _decide(tenant_id, stripe_dispute_id, fields, actor=actor)
    _send(tenant_id, account, attempt, actor=actor, is_awaited=True)


def send_due_evidence(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the tenant's due responses one by one; returns how many were attempted. Ends if Stripe is unavailable."""
    return leased_requests.send_due(
        lambda: _claim_next(tenant_id),
        lambda claimed: _send(tenant_id, *claimed, actor=_WORKER, is_awaited=False),
        refusal=EvidenceRefused,
        is_stopping=is_stopping,
    )


@retried
def _decide(
    tenant_id: int, stripe_dispute_id: str, fields: Mapping[str, str], *, actor: str
) -> tuple[StripeAccount, EvidenceAttempt]:
    """Freeze the response under the lock of its order, so that of two operators one sends it."""
    with atomic(tenant_id):
        order_id = dispute_rows.find_order_id(tenant_id, stripe_dispute_id)
        if order_id is None:
            raise DisputeNotFound("There is no such dispute.")
        order = orders.lock_order(tenant_id, order_id)
        dispute = next(each for each in order.disputes if each.stripe_dispute_id == stripe_dispute_id)
        now = utc_now()
        newest = dispute_evidence.find_newest(tenant_id, stripe_dispute_id)
        reason = rules.why_not_respondable(dispute, newest, now) or rules.problem_of(fields)
        if reason is not None:
            raise _refused(reason)
        account = check_account(
            stripe_accounts.find_account(tenant_id), livemode=order.livemode, subject="dispute"
        )
        evidence = rules.freeze(dispute, fields, tenant_id=tenant_id, actor=actor, now=now)
        dispute_evidence.add(evidence)
        audit.record(
            tenant_id,
            actor=actor,
            action="evidence_decided",
            subject=f"order:{order.id}",
            dispute=stripe_dispute_id,
            fields=sorted(fields),
        )
        return account, _attempt_of(order, evidence)


@retried
def _claim_next(tenant_id: int) -> tuple[StripeAccount | None, EvidenceAttempt] | None:
    with atomic(tenant_id):
        evidence = dispute_evidence.claim_due(tenant_id, utc_now())
        if evidence is None:
            return None
        order = orders.get_order(tenant_id, str(evidence.order_id))
        return stripe_accounts.find_account(tenant_id), _attempt_of(order, evidence)


def _attempt_of(order: Order, evidence: DisputeEvidence) -> EvidenceAttempt:
    is_stale = is_key_stale(evidence.keyed_at, utc_now())
    return EvidenceAttempt(
        evidence_id=evidence.id,
        order_id=order.id,
        livemode=order.livemode,
        stripe_dispute_id=evidence.stripe_dispute_id,
        fields=evidence.fields,
        key=evidence.stripe_key,
        attempts=evidence.attempts,
        leased_until=evidence.next_attempt_at,
        needs_lookup=is_stale or evidence.state is RequestState.UNKNOWN,
        is_key_stale=is_stale,
    )


def _send(
    tenant_id: int,
    account: StripeAccount | None,
    attempt: EvidenceAttempt,
    *,
    actor: str,
    is_awaited: bool,
) -> None:
    try:
        dispute = _call_stripe(
            tenant_id, check_account(account, livemode=attempt.livemode, subject="dispute"), attempt
        )
        facts = read_dispute(dispute)
    except stripe_client.StripeRefused as error:
        _record_refusal(tenant_id, attempt, error.code, error.message, is_awaited=is_awaited)
        raise EvidenceRefused(
            f"Stripe refuses the response ({error.code}): {error.message}", reason="stripe"
        ) from error
    except OtherStripeMode as error:
        _record_refusal(tenant_id, attempt, "other_mode", str(error), is_awaited=is_awaited)
        raise
    except (StripeConfigError, StripeUnavailable, MalformedObject) as error:
        is_unknown = isinstance(error, (stripe_client.StripeOutcomeUnknown, MalformedObject))
        _reschedule(tenant_id, attempt, error, is_unknown=is_unknown)
        if isinstance(error, MalformedObject):
            raise StripeUnavailable("Stripe's response is unusable.", retry_after=60) from error
        raise
    _record(tenant_id, attempt, facts, actor=actor)


def _call_stripe(tenant_id: int, account: StripeAccount, attempt: EvidenceAttempt) -> dict[str, Any]:
    name = str(attempt.evidence_id)
    if attempt.needs_lookup:
        dispute = stripe_disputes.get_dispute(account, attempt.stripe_dispute_id)
        details = dispute.get("evidence_details") or {}
        is_sent = read_metadata(dispute).get(stripe_metadata.EVIDENCE) == name
        if is_sent and details.get("submission_count"):
            return dispute
        if attempt.is_key_stale:
            attempt = _renew_key(tenant_id, attempt)
    require_lease(attempt.leased_until, _SUBJECT)
    return stripe_disputes.submit_evidence(
        account,
        attempt.stripe_dispute_id,
        evidence=attempt.fields,
        metadata={stripe_metadata.EVIDENCE: name},
        key=attempt.key,
    )


@retried
def _renew_key(tenant_id: int, attempt: EvidenceAttempt) -> EvidenceAttempt:
    with atomic(tenant_id):
        evidence = _lock_leased(tenant_id, attempt)
        if evidence is None:
            raise leased_by_another(_SUBJECT)
        rules.renew_key(evidence, utc_now())
        return replace(
            attempt, key=evidence.stripe_key, leased_until=evidence.next_attempt_at, needs_lookup=False
        )


def _lock_leased(tenant_id: int, attempt: EvidenceAttempt) -> DisputeEvidence | None:
    """The response, locked; `None` if it was completed, cleared or leased by another process meanwhile."""
    evidence = dispute_evidence.lock(tenant_id, attempt.evidence_id)
    return evidence if evidence.is_under_way and evidence.attempts == attempt.attempts else None


@retried
def _reschedule(tenant_id: int, attempt: EvidenceAttempt, error: Exception, *, is_unknown: bool) -> None:
    with atomic(tenant_id):
        if isinstance(error, StripePermissionMissing):
            alerts.raise_missing_permission(tenant_id, error)
        evidence = _lock_leased(tenant_id, attempt)
        if evidence is None:
            return
        if is_unknown:
            evidence.state = RequestState.UNKNOWN
        evidence.next_attempt_at = utc_now() + retry_delay(evidence.attempts)
        log.warning(
            "evidence_postponed",
            stripe_dispute_id=attempt.stripe_dispute_id,
            attempts=evidence.attempts,
            reason=type(error).__name__,
        )


@retried
def _record_refusal(
    tenant_id: int, attempt: EvidenceAttempt, code: str, message: str, *, is_awaited: bool
) -> None:
    """Record why Stripe refused; the alert is for a response of which no operator reads the error."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, attempt.order_id)
        evidence = _lock_leased(tenant_id, attempt)
        if evidence is None:
            return
        now = utc_now()
        rules.mark_refused(evidence, code=code, message=message, now=now)
        # The recorded state of the dispute allowed a response, so a part of it is missing.
        order_polls.schedule_at_once(order, now)
        audit.record(
            tenant_id,
            actor="stripe",
            action="evidence_refused",
            subject=f"order:{order.id}",
            dispute=attempt.stripe_dispute_id,
            code=code,
        )
        if not is_awaited:
            alerts.raise_alert(
                tenant_id,
                kind=AlertKind.EVIDENCE_REFUSED,
                subject=attempt.stripe_dispute_id,
                order_number=order.order_number,
                code=code,
            )


@retried
def _record(tenant_id: int, attempt: EvidenceAttempt, facts: disputes.DisputeFacts, *, actor: str) -> None:
    """Record that the bank has the response, and the dispute as its event would; safe to repeat."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, attempt.order_id)
        evidence = dispute_evidence.lock(tenant_id, attempt.evidence_id)
        disputes.record_dispute(order, facts)
        if evidence.is_under_way:
            rules.mark_accepted(evidence, utc_now())
            audit.record(
                tenant_id,
                actor=actor,
                action="evidence_sent",
                subject=f"order:{order.id}",
                dispute=attempt.stripe_dispute_id,
            )
            alerts.resolve(tenant_id, kind=AlertKind.EVIDENCE_REFUSED, subject=attempt.stripe_dispute_id)
        settle_order(order, actor=actor)


def _refused(reason: NoResponse) -> EvidenceRefused:
    return EvidenceRefused(_REFUSALS[reason], reason=str(reason))
