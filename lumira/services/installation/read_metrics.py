"""Read the metrics of the installation: what its processes counted, and the state of the database."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from lumira.clock import utc_now
from lumira.metric_files import Processes
from lumira.repositories.installation import installation_figures
from lumira.repositories.installation.installation_figures import Figures
from lumira.services.installation.measure_process import folder
from lumira.services.installation.probe import Probe

__all__ = ["CONTENT_TYPE", "InstallationMetrics"]

log = structlog.get_logger()

#: Work is due for a moment each time: it is late when a sweep, each minute, has passed it by several times.
_LATE_AFTER = timedelta(minutes=5)
#: Seconds for which a process does not count all orders again.
_ORDERS_COUNTED_FOR = 60.0


@dataclass(slots=True)
class InstallationMetrics:
    """The metrics as one web process reads them, over a connection of its own: also while the pool is exhausted."""

    probe: Probe
    directory: Path
    _orders: dict[str, int] = field(default_factory=dict)
    #: When the orders were counted, on the monotonic clock.
    _orders_counted_at: float | None = None
    _counting_orders: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, settings: Settings) -> "InstallationMetrics":
        return cls(Probe.of(settings), folder(settings))

    def render(self) -> bytes:
        """Return the metrics in the text format of Prometheus; no label names a tenant or a person."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Processes(self.directory))
        registry.register(_State(self))
        return generate_latest(registry)

    def read_figures(self, now: datetime) -> Figures | None:
        """Return the state of the database; `None` if it cannot be read now."""
        try:
            with self.probe.connect() as connection:
                return installation_figures.read_figures(connection, now, late_since=now - _LATE_AFTER)
        except SQLAlchemyError as error:
            log.warning("metrics_not_read", failure=str(error))
            return None

    def count_orders(self) -> dict[str, int]:
        """Return how many orders there are in each status, at most a minute ago; none if they cannot be counted."""
        with self._counting_orders:
            counted_at = self._orders_counted_at
            if counted_at is None or time.monotonic() - counted_at > _ORDERS_COUNTED_FOR:
                # Also if it fails: what takes too long must not be tried each time.
                self._orders_counted_at, self._orders = time.monotonic(), self._read_orders()
            return self._orders

    def _read_orders(self) -> dict[str, int]:
        try:
            with self.probe.connect() as connection:
                return installation_figures.count_orders(connection)
        except SQLAlchemyError as error:
            log.warning("metrics_not_read", failure=str(error))
            return {}


class _State(Collector):
    """The state of the database as metrics."""

    def __init__(self, metrics: InstallationMetrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = utc_now()
        figures = self._metrics.read_figures(now)
        yield _gauge(
            "lumira_database_readable",
            "Whether the state of the installation could be read: 1 or 0.",
            int(figures is not None),
        )
        if figures is not None:
            yield from _of_workers(figures, now)
            yield from _of_queues(figures, now)
            orders = self._metrics.count_orders()
            yield _labelled("lumira_orders", "Orders by status.", "status", orders)


def _of_workers(figures: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge("lumira_workers", "Worker processes that reported within the last minute.", figures.workers)
    yield from _age(
        "lumira_worker_heartbeat_age_seconds",
        "Seconds since any worker reported; absent if none is registered.",
        figures.last_heartbeat_at,
        now,
    )
    yield _labelled(
        "lumira_tenants_with_late_work",
        "Tenants with work that has been due for more than five minutes.",
        "work",
        figures.late,
    )
    yield _gauge("lumira_jobs_waiting", "Jobs that no worker has begun.", figures.jobs)
    yield from _age("lumira_oldest_job_age_seconds", "Age of the oldest of them.", figures.oldest_job_at, now)


def _of_queues(figures: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _labelled(
        "lumira_events_unprocessed",
        "Events that are not processed: received, parked or failed.",
        "state",
        figures.events,
    )
    yield from _age(
        "lumira_oldest_unprocessed_event_age_seconds",
        "Age of the oldest event that waits for a worker; absent if none waits.",
        figures.oldest_event_at,
        now,
    )
    yield _labelled("lumira_messages_unsent", "Messages that are pending or dead.", "state", figures.messages)
    yield _gauge("lumira_reservations", "Reservations of stock.", figures.reservations)
    yield _gauge(
        "lumira_reservations_overdue",
        "Those of unpaid orders that ended more than three minutes ago and are not released.",
        figures.reservations_overdue,
    )
    yield _gauge("lumira_polls_due", "Orders that are to be looked up at Stripe now.", figures.due_polls)
    yield from _age(
        "lumira_oldest_due_poll_age_seconds",
        "Seconds since the oldest of them was due; absent if none is.",
        figures.oldest_poll_at,
        now,
    )
    yield _labelled("lumira_alerts_open", "Alerts that are not resolved.", "kind", figures.alerts)
    yield from _of_crms(figures, now)


def _of_crms(figures: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _labelled(
        "lumira_crm_records_unwritten",
        "Records for Dolibarr that are pending or parked.",
        "state",
        figures.crm_tasks,
    )
    yield from _age(
        "lumira_oldest_crm_record_age_seconds",
        "Age of the oldest pending record; absent if none is pending.",
        figures.oldest_crm_task_at,
        now,
    )
    yield _gauge("lumira_crms_failing", "Tenants whose Dolibarr accepts nothing.", figures.failing_crms)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)


def _labelled(name: str, documentation: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for label_value, number in values.items():
        family.add_metric([label_value], number)
    return family


def _age(name: str, documentation: str, since: datetime | None, now: datetime) -> Iterator[GaugeMetricFamily]:
    if since is not None:
        yield _gauge(name, documentation, max(0.0, (now - since).total_seconds()))
