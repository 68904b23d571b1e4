"""What the processes of an installation count for Prometheus: requests, events, calls to Stripe, messages, jobs.

Web processes and workers count (`begin`); a command counts nothing, and does not import Prometheus' client. The
processes of a machine write to files of one folder (`metric_files`), which whichever of them is asked adds up.

No label names a tenant or a person, and each has few values: a route is Flask's rule and never a path, a type of event
that has no handler is `other`.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from prometheus_client.metrics import MetricWrapperBase

log = structlog.get_logger()

#: Seconds: the upper bounds of the buckets of a histogram. A page takes milliseconds, a call to Stripe up to a minute.
_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
#: An event waits for the mail server's or Stripe's turn in no case, but for its order, and for a stopped worker.
_LONG_BUCKETS = (0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 300.0, 900.0, 3600.0)

_families: "list[Family]" = []


class Family:
    """Series of one name, one for each combination of values of its labels."""

    _type = ""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: tuple[str, ...] = (),
        *,
        initial: Iterable[tuple[str, ...]] = (),
        **options: Any,
    ) -> None:
        self.name = name
        self.documentation = documentation
        self.labels = labels
        #: The series that exist from the start, so that Prometheus sees the first increase.
        self._initial = tuple(initial) or (((),) if not labels else ())
        self._options = options
        #: `None`: this process counts nothing.
        self._family: MetricWrapperBase | None = None
        self._series: dict[tuple[str, ...], Any] = {}
        _families.append(self)

    def begin(self) -> None:
        """Count from now on."""
        import prometheus_client  # noqa: PLC0415 - commands do not need it

        create = getattr(prometheus_client, self._type)
        self._family = create(self.name, self.documentation, self.labels, registry=None, **self._options)
        self._series = {}
        for values in self._initial:
            self._of(values)

    def end(self) -> None:
        """Count nothing any more."""
        self._family, self._series = None, {}

    def _of(self, values: tuple[str, ...]) -> Any:
        """The series with these values; `None` if this process counts nothing."""
        series = self._series.get(values)
        if series is None and self._family is not None:
            series = self._series[values] = self._family.labels(*values) if values else self._family
        return series


class Counter(Family):
    """A number that grows until all processes of the machine have ended."""

    _type = "Counter"

    def count(self, *values: str, number: float = 1) -> None:
        """Add to the series with these values of the labels."""
        series = self._of(values)
        if series is not None:
            series.inc(number)


class Histogram(Family):
    """How many took how long, in seconds."""

    _type = "Histogram"

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: tuple[str, ...] = (),
        *,
        buckets: tuple[float, ...] = _BUCKETS,
    ) -> None:
        super().__init__(name, documentation, labels, buckets=buckets)

    def observe(self, seconds: float, *values: str) -> None:
        """Add one that took so many seconds."""
        series = self._of(values)
        if series is not None:
            series.observe(seconds)


class Gauge(Family):
    """A state of the running processes, added up."""

    _type = "Gauge"

    def __init__(self, name: str, documentation: str, labels: tuple[str, ...] = ()) -> None:
        super().__init__(name, documentation, labels, multiprocess_mode="livesum")

    def set(self, value: float, *values: str) -> None:
        """Set the state of this process."""
        series = self._of(values)
        if series is not None:
            series.set(value)


HTTP_REQUESTS = Counter(
    "lumira_http_requests",
    "Requests by method, route and class of the status; the route is none if no route was found.",
    ("method", "route", "status"),
)
HTTP_SECONDS = Histogram(
    "lumira_http_request_duration_seconds",
    "Time from the beginning of a request that has arrived until its reply.",
    ("method", "route"),
)
EVENTS_RECEIVED = Counter(
    "lumira_events_received",
    "Events that Stripe delivered with a valid signature.",
    ("type", "result"),
)
DELIVERIES_REFUSED = Counter(
    "lumira_deliveries_refused",
    "Deliveries to the inbox that were refused.",
    ("reason",),
    initial=[("signature",), ("no_secret",), ("no_event",)],
)
EVENTS_PROCESSED = Counter(
    "lumira_events_processed",
    "Attempts to process an event, by what became of it.",
    ("type", "result"),
)
EVENT_SECONDS = Histogram(
    "lumira_event_age_when_processed_seconds",
    "Time from the arrival of an event until it was handled.",
    buckets=_LONG_BUCKETS,
)
BATCH_SECONDS = Histogram(
    "lumira_event_batch_duration_seconds",
    "Time that the transaction of one batch of events took.",
)
STRIPE_CALLS = Counter(
    "lumira_stripe_calls",
    "Calls to Stripe by operation and result, after the one repetition that a call may have.",
    ("operation", "result"),
)
STRIPE_SECONDS = Histogram(
    "lumira_stripe_call_duration_seconds",
    "Time that a call to Stripe took.",
    ("operation",),
)
STRIPE_BUSY = Counter(
    "lumira_stripe_slots_refused",
    "Requests and calls that were refused because too many others waited for Stripe.",
)
STRIPE_SLOTS_USED = Gauge(
    "lumira_stripe_slots_used",
    "Slots for calls to Stripe that are taken (STRIPE_CONCURRENCY).",
    ("process",),
)
STRIPE_SLOTS = Gauge("lumira_stripe_slots", "Slots for calls to Stripe that there are.", ("process",))
CONNECTIONS_USED = Gauge(
    "lumira_database_connections_used",
    "Connections of the pools that are in use (DATABASE_POOL_SIZE).",
    ("process", "pool"),
)
CONNECTIONS = Gauge(
    "lumira_database_connections", "Connections that the pools may have.", ("process", "pool")
)
PAYMENTS_OPENED = Counter(
    "lumira_payments_opened",
    "Requests to open a payment, by what is opened and the result: opened, replayed, or the code of the error.",
    ("kind", "result"),
)
ORDERS_SETTLED = Counter(
    "lumira_orders_settled",
    "Orders that came to a status, by webhook, poll, caller or operator.",
    ("status",),
)
MESSAGES = Counter(
    "lumira_messages",
    "Messages to buyers and teams by kind and what became of the attempt.",
    ("kind", "result"),
)
REPAIRS = Counter(
    "lumira_reconciliation_repairs",
    "What reconciliation found at Stripe that no webhook had brought.",
    ("kind",),
    initial=[("event",), ("payment",), ("order",)],
)
POLLS = Counter("lumira_orders_polled", "Orders that were looked up at Stripe.")
RECONCILIATIONS = Counter(
    "lumira_reconciliation_runs",
    "Runs of reconciliation for one tenant, by whether Stripe could be used.",
    ("stripe",),
)
JOBS = Counter("lumira_jobs", "Jobs that workers ran.", ("task", "result"))
JOB_SECONDS = Histogram(
    "lumira_job_duration_seconds", "Time that a job took.", ("task",), buckets=_LONG_BUCKETS
)


def families() -> "list[Family]":
    """Return all families that processes count."""
    return list(_families)


def begin(directory: Path) -> None:
    """Let this process count, into files of the folder; without them, if the folder cannot be used, it does not."""
    from lumira import metric_files  # noqa: PLC0415 - imports Prometheus' client

    try:
        metric_files.take_slot(directory)
    except OSError as error:
        log.warning("metrics_not_counted", folder=str(directory), error=str(error))
        return
    for family in _families:
        family.begin()


def end() -> None:
    """Let this process count nothing any more."""
    for family in _families:
        family.end()


# A forked process would write into the files of its parent.
os.register_at_fork(after_in_child=end)
