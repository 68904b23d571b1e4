"""The tasks that work on sales, messages and the CRM.

The work is in rows, and a job only makes a worker look at them. So a lost job delays the work until the next sweep,
and a job that runs twice does nothing twice.
"""

from collections.abc import Callable

import structlog

from lumira.clock import utc_now
from lumira.crm import read_changes, sync
from lumira.notifications import post_alerts, relay, send_alerts, send_invitations
from lumira.reconciliation import reconcile
from lumira.reconciliation.report import ReconciliationReport, StripeAvailability
from lumira.repositories.installation import due_work
from lumira.services.disputes.send_evidence import send_due_evidence
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.tasks import upkeep
from lumira.tasks.job_queue import QUEUE, SWEEP_EVERY, every_tenant, for_each, queue, random, stopping
from lumira.tasks.lanes import TenantLanes, Work
from lumira.tasks.slots import alone, at_most
from lumira.tasks.turns import TenantTurns
from lumira.webhooks import process

__all__ = ["UPKEEP", "queue"]

#: Importing it adds its tasks to the queue.
UPKEEP = upkeep

log = structlog.get_logger()
#: Seconds of a backlog of events during which orders are not polled: a poll would mostly find what an event in the
#: inbox reports, and takes longer. A success whose event was lost is found within five minutes nevertheless.
_POLLS_WAIT = 120.0


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
    for_each(due_work.tenants_with_due_refunds(utc_now()), send_due_refunds)


@queue.periodic(cron="* * * * *")
@queue.task(name="send_evidence", queue=QUEUE, queueing_lock="send_evidence")
@at_most(alone())
def send_evidence(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send the due responses to disputes of every tenant: postponed, or left by a killed process."""
    for_each(due_work.tenants_with_due_evidence(utc_now()), send_due_evidence)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_alerts", queue=QUEUE, queueing_lock="send_alerts")
@at_most(alone())
def send_alerts_to_teams(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send every tenant's team the alerts that were not sent yet. Posts have a task of their own, and delay none."""
    for_each(due_work.tenants_with_unsent_alerts(utc_now()), send_alerts.send_alerts)


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
    for_each(due_work.tenants_with_unsent_invitations(utc_now()), send_invitations.send_invitations)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sync_crm", queue=QUEUE, queueing_lock="sync_crm")
@at_most(alone())
def sync_crms(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Write the due records of every tenant to its CRM, each for one turn."""
    due = due_work.tenants_with_due_crm_tasks(utc_now())
    random.shuffle(due)
    _crm_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=stopping.is_set)


@queue.periodic(cron="* * * * *")
@queue.task(name="recover_events", queue=QUEUE, queueing_lock="recover_events")
@at_most(alone())
def recover_events(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Pull the events of every tenant that no webhook brought, and watch its deadlines."""
    tenant_ids = every_tenant()
    random.shuffle(tenant_ids)
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
    random.shuffle(due)
    _order_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=_polls_wait)


def _polls_wait() -> bool:
    return stopping.is_set() or process.has_recent_backlog(_POLLS_WAIT)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="read_crm", queue=QUEUE, queueing_lock="read_crm")
@at_most(alone())
def read_crm(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Read what changed in the CRM of every tenant: what it reported, and what is polled."""
    due = due_work.tenants_with_due_crm_reading(utc_now())
    random.shuffle(due)
    _crm_reading_lanes.run(due, seconds=SWEEP_EVERY, is_stopping=stopping.is_set)
