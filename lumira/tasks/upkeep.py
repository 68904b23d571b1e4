"""The periodic tasks that keep an installation in order: watching it, sealing records, and removing what expired."""

from collections.abc import Callable

import structlog
from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.documents import receipt_pdf
from lumira.error_reports import is_of_ended_job
from lumira.repositories.idempotency import idempotency
from lumira.repositories.installation import due_work
from lumira.services.accounting import prepare_files
from lumira.services.accounting import watch_eu_sales as watching_eu_sales
from lumira.services.audit import seal_entries
from lumira.services.chains import heads
from lumira.services.files import remove_files as removing
from lumira.services.installation import watch_installation
from lumira.services.program_errors import retire_errors
from lumira.services.receipts import close_periods, seal_receipts
from lumira.services.retention import event_months
from lumira.services.retention import remove_expired as removing_expired
from lumira.services.retention.remove_ended_sessions import remove_ended_sessions
from lumira.tasks.job_queue import (
    QUEUE,
    STALLED_AFTER,
    SWEEP_EVERY,
    every_tenant,
    for_each,
    queue,
    random,
    stopping,
)
from lumira.tasks.slots import alone, at_most

log = structlog.get_logger()
#: Seconds of one run that looks at certificates; it leaves the rest to the next one, six hours later.
_CERTIFICATES_FOR = 1800.0


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="prepare_accounting", queue=QUEUE, queueing_lock="prepare_accounting")
@at_most(alone())
def prepare_accounting(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Prepare the files for the accountant that were requested."""
    for_each(due_work.tenants_with_due_accounting_files(utc_now()), _prepare_files)


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
    tenant_ids = every_tenant()
    random.shuffle(tenant_ids)
    for_each(tenant_ids, watch_installation.watch_certificates, seconds=_CERTIFICATES_FOR)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="remove_files", queue=QUEUE, queueing_lock="remove_files")
@at_most(alone())
def remove_files(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove the files of every tenant that are no longer used."""
    for_each(removing.tenants_with_files_to_remove(), removing.remove_files)


@queue.periodic(cron="17 * * * *")
@queue.task(name="forget_expired_keys", queue=QUEUE, queueing_lock="forget_expired_keys")
def forget_expired_keys(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove expired idempotency keys."""
    for_each(every_tenant(), _forget_expired)


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
    for_each(every_tenant(), removing_expired.remove_expired)
    for_each(every_tenant(), prepare_files.remove_old_files)
    remove_ended_sessions()
    for_each(every_tenant(), retire_errors.retire_errors)
    retire_errors.retire_errors_of_installation()
    event_months.drop_months(is_stopping=stopping.is_set)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="seal_chains", queue=QUEUE, queueing_lock="seal_chains")
@at_most(alone())
def seal_chains(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Add the new audit entries and the new receipts of every tenant to their hash chains."""
    tenant_ids = every_tenant()
    for_each(tenant_ids, seal_entries.seal_recent)
    for_each(tenant_ids, seal_receipts.seal_receipts)


@queue.periodic(cron="27 * * * *")
@queue.task(name="close_receipts", queue=QUEUE, queueing_lock="close_receipts")
@at_most(alone())
def close_receipts(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Close the days, months and years of every tenant's receipts that have ended."""
    for_each(every_tenant(), close_periods.close_periods)


@queue.periodic(cron="7 3 * * *")
@queue.task(name="store_heads", queue=QUEUE, queueing_lock="store_heads")
@at_most(alone())
def store_heads(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Seal what is left, and store the signed heads of every tenant's chains outside the database."""
    tenant_ids = every_tenant()
    for_each(tenant_ids, seal_entries.seal_all)
    for_each(tenant_ids, seal_receipts.seal_receipts)
    for_each(tenant_ids, heads.store_heads)


@queue.periodic(cron="52 4 * * *")
@queue.task(name="watch_eu_sales", queue=QUEUE, queueing_lock="watch_eu_sales")
@at_most(alone())
def watch_eu_sales(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Raise an alert when a tenant's sales to other countries of the EU come near the threshold."""
    for_each(every_tenant(), watching_eu_sales.watch_eu_sales)


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
            if not is_of_ended_job(error):
                raise


async def _retry(manager: JobManager, job: Job) -> None:
    try:
        await manager.retry_job(job, retry_at=utc_now())
    except UniqueViolation:
        await manager.finish_job(job, status=Status.FAILED, delete_job=True)
