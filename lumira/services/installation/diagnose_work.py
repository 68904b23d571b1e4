"""Diagnose the worker's work: whether it runs, removes old rows, ends reservations, and proves the audit log."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from lumira import stripe_slots
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.files import StorageUnavailable
from lumira.repositories import hash_chains
from lumira.repositories.hash_chains import AUDIT, RECEIPTS, Chain
from lumira.repositories.installation import due_work, periodic_runs, worker_heartbeats
from lumira.repositories.tenants import tenants
from lumira.services.chains import heads
from lumira.services.installation.findings import Finding, fault, ok, warning

_WORKER, _RETENTION, _RESERVATIONS = "worker", "retention", "reservations"
#: The subjects of the lines about the chains; their names are those of the commands that verify them.
_CHAINS = {AUDIT.name: "audit log", RECEIPTS.name: "receipts"}
#: The name of the worker's hourly task that removes what is kept for a time only.
_RETENTION_TASK = "remove_expired"
#: It runs once an hour: two runs were missed.
_RETENTION_LATE_AFTER = timedelta(hours=3)
#: Reservations that ended are polled every ten seconds: some minutes are more than one slow call to Stripe.
_RESERVATION_LATE_AFTER = timedelta(minutes=5)
#: A head is stored every night: one night was missed.
_HEADS_LOOKED_AT = 2
_HEAD_LATE_AFTER = timedelta(days=2)


def diagnose_worker() -> Finding:
    """Return whether a worker reports."""
    try:
        with atomic(None):
            last = worker_heartbeats.find_last()
    except SQLAlchemyError:
        return warning(_WORKER, "heartbeat_unreadable")
    if last is None:
        return fault(_WORKER, "worker_missing")
    silence = utc_now() - last
    if silence > worker_heartbeats.SILENT_AFTER:
        minutes = round(silence / timedelta(minutes=1))
        return fault(_WORKER, "worker_silent", minutes=minutes)
    return ok(_WORKER, "worker_runs", seconds=max(0, round(silence.total_seconds())))


def diagnose_retention() -> Finding:
    """Return whether a worker removes what is kept for a time only."""
    with atomic(None):
        last = periodic_runs.find_last(_RETENTION_TASK)
    if last is None:
        return warning(_RETENTION, "retention_never_ran") if _is_due() else ok(_RETENTION, "retention_new")
    if last.has_failed:
        return fault(_RETENTION, "retention_failed", at=last.at)
    if utc_now() - last.at > _RETENTION_LATE_AFTER:
        return fault(_RETENTION, "retention_late", at=last.at)
    return ok(_RETENTION, "retention_runs", at=last.at)


def _is_due() -> bool:
    """Whether the installation is older than the hours in which old rows have to be removed first."""
    with atomic(None):
        oldest = min(tenants.list_ids(), default=None)
    return oldest is not None and utc_now() - _created_at(oldest) > _RETENTION_LATE_AFTER


def _created_at(tenant_id: int) -> datetime:
    with atomic(tenant_id):
        return tenants.get(tenant_id).created_at


def diagnose_reservations(tenant_ids: list[int]) -> Iterator[Finding]:
    """Yield a warning for each tenant whose units are still reserved although their time has ended; else one `ok`."""
    overdue = due_work.tenants_with_ended_reservations(utc_now() - _RESERVATION_LATE_AFTER)
    late = [tenant_id for tenant_id in tenant_ids if tenant_id in overdue]
    for tenant_id in late:
        yield warning(_RESERVATIONS, "reservations_overdue", tenant=_slug_of(tenant_id))
    if not late:
        yield ok(_RESERVATIONS, "reservations_end")


def diagnose_chains(tenant_id: int) -> Iterator[Finding]:
    """Yield whether each hash chain agrees with its head of the last nights, which is stored outside the database."""
    for chain in (AUDIT, RECEIPTS):
        yield _diagnose_chain(chain, tenant_id)


def _diagnose_chain(chain: Chain, tenant_id: int) -> Finding:
    slug, subject = _slug_of(tenant_id), _CHAINS[chain.name]
    try:
        with stripe_slots.paused():
            newest = heads.find_newest(chain, tenant_id, days=_HEADS_LOOKED_AT)
    except StorageUnavailable:
        return warning(subject, "chain_unknown", tenant=slug)
    if newest is not None:
        difference = heads.difference_of(chain, tenant_id, newest)
        if difference is None:
            return ok(subject, "chain_agrees", tenant=slug, day=newest.day)
        return fault(
            subject,
            "chain_differs",
            tenant=slug,
            day=newest.day,
            command=chain.name,
            detail=f"{difference}.",
        )
    with atomic(tenant_id):
        sealed_at = hash_chains.find_begin(chain, tenant_id)
    # Sales that are imported, or those of the demo, have earlier dates than the tenant, for which heads are stored.
    is_late = sealed_at is not None and utc_now() - max(sealed_at, _created_at(tenant_id)) > _HEAD_LATE_AFTER
    if is_late:
        return warning(subject, "chain_late", tenant=slug)
    return ok(subject, "chain_new", tenant=slug)


def _slug_of(tenant_id: int) -> str:
    with atomic(tenant_id):
        return tenants.get(tenant_id).slug
