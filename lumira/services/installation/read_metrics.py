"""Read the metrics of the installation: what its processes counted, and the state of the database."""

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from config.settings import Settings
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.metric_files import Processes
from lumira.repositories import due_work, worker_heartbeats
from lumira.services.installation.measure_process import folder

__all__ = ["CONTENT_TYPE", "read_metrics"]

#: Work is due for a moment each time: it is late when a sweep, each minute, has passed it by several times.
_LATE_AFTER = timedelta(minutes=5)


def read_metrics(settings: Settings) -> bytes:
    """Return the metrics in the text format of Prometheus; no label names a tenant or a person."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Installation())
    registry.register(Processes(folder(settings)))
    return generate_latest(registry)


class _Installation(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = utc_now()
        with atomic(None):
            alive = worker_heartbeats.count_since(now - worker_heartbeats.SILENT_AFTER)
            last = worker_heartbeats.find_last()
            late = due_work.count_tenants(now - _LATE_AFTER)
        yield GaugeMetricFamily(
            "lumira_workers", "Worker processes that reported within the last minute.", value=alive
        )
        if last is not None:
            yield GaugeMetricFamily(
                "lumira_worker_heartbeat_age_seconds",
                "Seconds since any worker reported; absent if none is registered.",
                value=max(0.0, (now - last).total_seconds()),
            )
        waiting = GaugeMetricFamily(
            "lumira_tenants_with_late_work",
            "Tenants with work that has been due for more than five minutes.",
            labels=["work"],
        )
        for work, tenants in late.items():
            waiting.add_metric([work], tenants)
        yield waiting
