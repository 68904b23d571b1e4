"""The job queue and its tasks.

The work is in rows, and a job only makes a worker look at them. So a lost job delays the work until the next sweep,
and a job that runs twice does nothing twice.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable
from random import SystemRandom

import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.testing import InMemoryConnector
from psycopg.errors import RaiseException

from lumira.clock import utc_now
from lumira.crm import read_changes, sync
from lumira.database import atomic
from lumira.documents import receipt_pdf
from lumira.errors import TenantFrozen
from lumira.notifications import post_alerts, relay, send_alerts, send_invitations
from lumira.reconciliation import reconcile
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.repositories.idempotency import idempotency
from lumira.repositories.installation import due_work
from lumira.repositories.tenants import tenants
from lumira.services.accounting import prepare_files
from lumira.services.accounting import watch_eu_sales as watching_eu_sales
from lumira.services.audit import seal_entries
from lumira.services.chains import heads
from lumira.services.disputes.send_evidence import send_due_evidence
from lumira.services.files import remove_files as removing
from lumira.services.installation import watch_installation
from lumira.services.program_errors import retire_errors
from lumira.services.receipts import close_periods, seal_receipts
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.services.retention import event_months
from lumira.services.retention import remove_expired as removing_expired
from lumira.services.retention.remove_ended_sessions import remove_ended_sessions
from lumira.tasks.lanes import TenantLanes, Work
from lumira.tasks.slots import alone, at_most
from lumira.tasks.turns import TenantTurns
from lumira.webhooks import process

log = structlog.get_logger()

QUEUE = "lumira"
#: Seconds between two sweeps: work whose job was lost is found at most this late.
SWEEP_EVERY = 10
#: Seconds without a heartbeat after which a worker counts as dead, and seconds between two heartbeats.
STALLED_AFTER = 15
HEARTBEAT_EVERY = 5
#: Seconds of a backlog of events during which orders are not polled: a poll would mostly find what an event in the
#: inbox reports, and takes longer. A success whose event was lost is found within five minutes nevertheless.
_POLLS_WAIT = 120.0
#: Seconds of one run that looks at certificates; it leaves the rest to the next one, six hours later.
_CERTIFICATES_FOR = 1800.0

#: Set when the process is asked to stop: it finishes the current batch.
stopping = threading.Event()

_random = SystemRandom()


def _responds(work: Callable[..., ReconciliationReport]) -> Work:
    def run(tenant_id: int, *, is_stopping: Callable[[], bool]) -> bool:
        return work(tenant_id, is_stopping=is_stopping).stripe is not StripeAvailability.UNAVAILABLE

    return run


#: Events are processed by one thread of a process for each tenant: several that use the processor by turns take twice
#: the time for the same events. Four, so that a tenant whose orders are locked delays no other one.
_event_turns = TenantTurns("process_events", process.process_events, threads=4, seconds=5.0)
#: Two jobs at a time send messages, each several of one tenant; events are processed meanwhile.
_mail_turns = TenantTurns("relay", relay.relay, threads=2, seconds=5.0)
#: A webhook may take its whole deadline: its tenant posts once, and then waits until the others had their turn.
_post_turns = TenantTurns("post_alerts", post_alerts.post_alerts, threads=2, seconds=5.0)
_event_lanes = TenantLanes("recover_events", _responds(reconcile.recover_events))
_reservation_lanes = TenantLanes("release_reservations", _responds(reconcile.release_reservations))
_order_lanes = TenantLanes("poll_orders", _responds(reconcile.poll_orders_due))
#: A CRM that does not respond delays those of other tenants no more than a Stripe that does not.
_crm_lanes = TenantLanes("sync_crm", sync.sync_crm, threads=4, threads_for_slow=2)
_crm_reading_lanes = TenantLanes("read_crm", read_changes.read_changes, threads=2, threads_for_slow=2)

# Only `worker.run` connects it to a database, so that importing the tasks opens no connection.
queue = App(connector=InMemoryConnector())


@queue.task(name="process_events", queue=QUEUE)
def process_events(tenant_id: int, traceparent: str | None = None) -> None:  # noqa: ARG001 - read by the worker
    """Process the tenant's due events."""
    _event_turns.run([tenant_id], is_stopping=stopping.is_set)


@queue.task(name="relay_outbox", queue=QUEUE)
def relay_outbox(tenant_id: int, traceparent: str | None = None) -> None:  # noqa: ARG001 - read by the worker
    """Send the tenant's due messages."""
    _mail_turns.run([tenant_id], is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sweep", queue=QUEUE, queueing_lock="sweep")
def sweep_due(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Process the due events of every tenant that have no job: retries, and what a killed process left."""
    _event_turns.run(due_work.tenants_with_due_events(utc_now()), is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sweep_outbox", queue=QUEUE, queueing_lock="sweep_outbox")
def sweep_outbox(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send the due messages of every tenant that have no job."""
    _mail_turns.run(due_work.tenants_with_due_messages(utc_now()), is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_refunds", queue=QUEUE, queueing_lock="send_refunds")
@at_most(alone())
def send_refunds(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send the due refunds of every tenant: new, postponed, or left by a killed process."""
    _for_each(due_work.tenants_with_due_refunds(utc_now()), send_due_refunds)


@queue.periodic(cron="* * * * *")
@queue.task(name="send_evidence", queue=QUEUE, queueing_lock="send_evidence")
@at_most(alone())
def send_evidence(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send the due responses to disputes of every tenant: postponed, or left by a killed process."""
    _for_each(due_work.tenants_with_due_evidence(utc_now()), send_due_evidence)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_alerts", queue=QUEUE, queueing_lock="send_alerts")
@at_most(alone())
def send_alerts_to_teams(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send every tenant's team the alerts that were not sent yet. Posts have a task of their own, and delay none."""
    _for_each(due_work.tenants_with_unsent_alerts(utc_now()), send_alerts.send_alerts)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="post_alerts", queue=QUEUE, queueing_lock="post_alerts")
def post_alerts_to_teams(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Post every tenant's due alerts to the webhook of its team."""
    _post_turns.run(due_work.tenants_with_due_team_posts(utc_now()), is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_invitations", queue=QUEUE, queueing_lock="send_invitations")
@at_most(alone())
def send_invitations_to_operators(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send every tenant's invitations to its team that were not sent yet."""
    _for_each(due_work.tenants_with_unsent_invitations(utc_now()), send_invitations.send_invitations)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sync_crm", queue=QUEUE, queueing_lock="sync_crm")
@at_most(alone())
def sync_crms(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Write the due records of every tenant to its CRM, each for one turn."""
    due = due_work.tenants_with_due_crm_tasks(utc_now())
    _random.shuffle(due)
    _crm_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="prepare_accounting", queue=QUEUE, queueing_lock="prepare_accounting")
@at_most(alone())
def prepare_accounting(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Prepare the files for the accountant that were requested."""
    _for_each(due_work.tenants_with_due_accounting_files(utc_now()), _prepare_files)


def _prepare_files(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
    prepare_files.prepare_files(
        tenant_id,
        render=lambda document, language: receipt_pdf.render(document, locale=language),
        is_stopping=is_stopping,
    )


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="watch_disks", queue=QUEUE, queueing_lock="watch_disks")
def watch_disks(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Raise an alert about a disk that is almost full."""
    watch_installation.watch_disks()


@queue.periodic(cron="23 */6 * * *")
@queue.task(name="watch_certificates", queue=QUEUE, queueing_lock="watch_certificates")
@at_most(alone())
def watch_certificates(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Raise an alert about each certificate of the tenants' domains that expires soon."""
    tenant_ids = _every_tenant()
    # In another order each time: what one run leaves is not always left.
    _random.shuffle(tenant_ids)
    _for_each(tenant_ids, watch_installation.watch_certificates, seconds=_CERTIFICATES_FOR)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="remove_files", queue=QUEUE, queueing_lock="remove_files")
@at_most(alone())
def remove_files(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove the files of every tenant that are no longer used."""
    _for_each(removing.tenants_with_files_to_remove(), removing.remove_files)


def _every_tenant() -> list[int]:
    with atomic(None):
        return tenants.list_active_ids()


def _for_each(tenant_ids: Iterable[int], work: Callable[..., object], *, seconds: float = math.inf) -> None:
    """Do the work of each tenant until the process stops; an error for one tenant does not stop the others.

    No tenant's work begins after so many seconds.
    """
    end = time.monotonic() + seconds
    for tenant_id in tenant_ids:
        if stopping.is_set() or time.monotonic() > end:
            return
        with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
            try:
                work(tenant_id, is_stopping=stopping.is_set)
            except TenantFrozen:
                log.info("tenant_frozen", work=work.__name__)
            except Exception:
                log.exception("tenant_failed", work=work.__name__)


@queue.periodic(cron="* * * * *")
@queue.task(name="recover_events", queue=QUEUE, queueing_lock="recover_events")
@at_most(alone())
def recover_events(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Pull the events of every tenant that no webhook brought, and watch its deadlines."""
    tenant_ids = _every_tenant()
    # In another order each time, so that a run that is killed does not always omit the same tenants.
    _random.shuffle(tenant_ids)
    _event_lanes.run(tenant_ids, seconds=60, is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="release_reservations", queue=QUEUE, queueing_lock="release_reservations")
@at_most(alone())
def release_reservations(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Poll the orders of every tenant whose reservation has ended, and release the units of the unpaid ones."""
    due = due_work.tenants_with_ended_reservations(utc_now())
    _reservation_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="poll_orders", queue=QUEUE, queueing_lock="poll_orders")
@at_most(alone())
def poll_orders(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Poll the other orders of every tenant that are due; none while this process has just got many events."""
    if _polls_wait():
        return
    due = due_work.tenants_with_due_polls(utc_now())
    _random.shuffle(due)
    _order_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=_polls_wait)


def _polls_wait() -> bool:
    return stopping.is_set() or process.has_recent_backlog(_POLLS_WAIT)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="read_crm", queue=QUEUE, queueing_lock="read_crm")
@at_most(alone())
def read_crm(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Read what changed in the CRM of every tenant: what it reported, and what is polled."""
    due = due_work.tenants_with_due_crm_reading(utc_now())
    _random.shuffle(due)
    _crm_reading_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=stopping.is_set)


@queue.periodic(cron="17 * * * *")
@queue.task(name="forget_expired_keys", queue=QUEUE, queueing_lock="forget_expired_keys")
def forget_expired_keys(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove expired idempotency keys."""
    _for_each(_every_tenant(), _forget_expired)


def _forget_expired(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
    removed = 1
    while removed and not is_stopping():
        with atomic(tenant_id):
            removed = idempotency.remove_expired(tenant_id, utc_now())


@queue.periodic(cron="47 * * * *")
@queue.task(name="remove_expired", queue=QUEUE, queueing_lock="remove_expired")
@at_most(alone())
def remove_expired(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Create the months of events ahead, and remove what is kept for a time only."""
    event_months.create_months()
    _for_each(_every_tenant(), removing_expired.remove_expired)
    _for_each(_every_tenant(), prepare_files.remove_old_files)
    remove_ended_sessions()
    _for_each(_every_tenant(), retire_errors.retire_errors)
    retire_errors.retire_errors_of_installation()
    event_months.drop_months(is_stopping=stopping.is_set)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="seal_chains", queue=QUEUE, queueing_lock="seal_chains")
@at_most(alone())
def seal_chains(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Add the new audit entries and the new receipts of every tenant to their hash chains."""
    tenant_ids = _every_tenant()
    _for_each(tenant_ids, seal_entries.seal_recent)
    _for_each(tenant_ids, seal_receipts.seal_receipts)


@queue.periodic(cron="27 * * * *")
@queue.task(name="close_receipts", queue=QUEUE, queueing_lock="close_receipts")
@at_most(alone())
def close_receipts(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Close the days, months and years of every tenant's receipts that have ended."""
    _for_each(_every_tenant(), close_periods.close_periods)


@queue.periodic(cron="7 3 * * *")
@queue.task(name="store_heads", queue=QUEUE, queueing_lock="store_heads")
@at_most(alone())
def store_heads(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Seal what is left, and store the signed heads of every tenant's chains outside the database."""
    tenant_ids = _every_tenant()
    _for_each(tenant_ids, seal_entries.seal_all)
    _for_each(tenant_ids, seal_receipts.seal_receipts)
    _for_each(tenant_ids, heads.store_heads)


@queue.periodic(cron="52 4 * * *")
@queue.task(name="watch_eu_sales", queue=QUEUE, queueing_lock="watch_eu_sales")
@at_most(alone())
def watch_eu_sales(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Raise an alert when a tenant's sales to other countries of the EU come near the threshold."""
    _for_each(_every_tenant(), watching_eu_sales.watch_eu_sales)


@queue.periodic(cron="37 * * * *")
@queue.task(name="forget_old_jobs", queue=QUEUE, queueing_lock="forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove jobs that failed or were cancelled days ago: their work is in rows, so the jobs are not needed."""
    await context.app.job_manager.delete_old_jobs(nb_hours=72, include_failed=True, include_cancelled=True)


@queue.periodic(cron=f"* * * * * */{STALLED_AFTER}")
@queue.task(name="retry_stalled", queue=QUEUE, queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Enqueue the jobs of dead workers again; a job that is enqueued already is closed."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_AFTER):
        log.warning("job_stalled", task=job.task_name, job_id=job.id)
        try:
            await _retry(manager, job)
        except ConnectorException as error:
            # The queue's own functions raise it if the job has ended meanwhile: its worker was slow, and not dead.
            if not isinstance(error.__cause__, RaiseException):
                raise


async def _retry(manager: JobManager, job: Job) -> None:
    try:
        await manager.retry_job(job, retry_at=utc_now())
    except UniqueViolation:
        await manager.finish_job(job, status=Status.FAILED, delete_job=True)
