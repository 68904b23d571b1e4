"""Spans for OpenTelemetry, if `OTEL_EXPORTER_OTLP_ENDPOINT` is set: requests, jobs, calls to Stripe and Dolibarr.

A trace begins with a request or a periodic job. What a request enqueues goes on in its trace: `traceparent` is set for
each transaction, and the database writes it into the arguments of the job. Without the setting the SDK is not imported,
and a span costs one call of a function. Attributes are those named here; texts are redacted as in the log.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from lumira.logging import redact_text

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

Kind = Literal["server", "consumer", "client"]

#: The name of the transaction's setting that the database copies into the jobs which it enqueues.
SETTING = "lumira.traceparent"

_provider: "list[TracerProvider]" = []


class Unrecorded:
    """A span where no traces are recorded."""

    def set(self, attributes: Mapping[str, object]) -> None:
        """Record nothing."""

    def rename(self, name: str) -> None:
        """Record nothing."""

    def fail(self, error: str) -> None:
        """Record nothing."""


class Recorded(Unrecorded):
    """A span that is recorded."""

    def __init__(self, span: "Span") -> None:
        self._span = span

    def set(self, attributes: Mapping[str, object]) -> None:
        """Record these attributes; those that are `None` are left out."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, value if isinstance(value, int) else redact_text(str(value)))

    def rename(self, name: str) -> None:
        """Give the span another name."""
        self._span.update_name(redact_text(name))

    def fail(self, error: str) -> None:
        """Record that the work failed, with the class of its error."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - an extra

        self._span.set_status(StatusCode.ERROR, error)


_NOTHING: AbstractContextManager[Unrecorded] = nullcontext(Unrecorded())


def configure(endpoint: str | None, *, release: str) -> None:
    """Send spans to this collector from now on; with `None` there are none."""
    for provider in _provider:
        provider.shutdown()
    _provider.clear()
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": "lumira", "service.version": release})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _provider.append(provider)


def is_on() -> bool:
    """Return whether spans are recorded."""
    return bool(_provider)


def flush() -> None:
    """Send what is recorded."""
    for provider in _provider:
        provider.force_flush()


def span(name: str, kind: Kind, *, parent: str | None = None) -> AbstractContextManager[Unrecorded]:
    """Return a block that is recorded as a span, with the present one as its parent or the one that is named."""
    return _recorded(name, kind, parent) if _provider else _NOTHING


@contextmanager
def _recorded(name: str, kind: Kind, parent: str | None) -> Iterator[Unrecorded]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    tracer = _provider[0].get_tracer("lumira")
    context = None if parent is None else _context_of(parent)
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=SpanKind[kind.upper()],
        record_exception=False,
        set_status_on_exception=False,
    ) as started:
        recorded = Recorded(started)
        try:
            yield recorded
        except BaseException as error:
            # The class alone: the message may have values.
            recorded.fail(type(error).__name__)
            raise


def traceparent() -> str | None:
    """Return the present span in the form of W3C's Trace Context; `None` if there is none."""
    if not _provider:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _context_of(sent: str) -> "Context":
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({"traceparent": sent})


def within(parent: str | None) -> AbstractContextManager[Any]:
    """Return a block whose spans belong to this one, for another thread."""
    return _NOTHING if parent is None or not _provider else _within(parent)


@contextmanager
def _within(parent: str) -> Iterator[None]:
    from opentelemetry import context  # noqa: PLC0415

    token = context.attach(_context_of(parent))
    try:
        yield
    finally:
        context.detach(token)


def parent_in(arguments: Mapping[str, Any]) -> str | None:
    """Return the span that enqueued a job, by its arguments."""
    sent = arguments.get("traceparent")
    return sent if isinstance(sent, str) else None
