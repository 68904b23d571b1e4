"""Sends unexpected errors to Sentry, if `SENTRY_DSN` is set.

An event is built here from an allow-list: the kind of the error, files, functions and lines, the place, and the ids of
tenant and request. The SDK only sends it: its integrations, which collect requests, variables, users and breadcrumbs,
are off. What is sent is redacted once more, last.
"""

import atexit
from typing import TYPE_CHECKING, Any, cast

from lumira.error_reports import ErrorLink, ErrorReport, links_of, without_secrets

if TYPE_CHECKING:
    from sentry_sdk.client import Client
    from sentry_sdk.types import Event

#: Seconds that a process which ends gives what is not sent yet.
_LAST_SENDS = 2.0
#: Folders of Lumira's own code.
_OWN = ("lumira/", "config/", "migrations/")

_client: "list[Client]" = []


def configure(dsn: str | None, *, release: str, environment: str) -> None:
    """Send errors to this project from now on; with `None` nothing is imported."""
    for client in _client:
        client.close(timeout=0)
    _client.clear()
    if dsn is None:
        return
    from sentry_sdk.client import Client  # noqa: PLC0415 - an extra, which is installed where it is set

    _client.append(
        Client(
            dsn=dsn,
            release=f"lumira@{release}",
            environment=environment,
            before_send=_redact,
            default_integrations=False,
            auto_enabling_integrations=False,
            max_breadcrumbs=0,
            send_client_reports=False,
            auto_session_tracking=False,
            server_name="",
        )
    )
    atexit.register(flush, _LAST_SENDS)


def is_configured() -> bool:
    """Return whether errors are sent."""
    return bool(_client)


def send(
    error: BaseException, report: ErrorReport, *, place: str, tenant_id: int | None, request_id: str | None
) -> None:
    """Send an error in the background; the SDK drops it if too many wait."""
    tags = {"place": place, "tenant_id": tenant_id, "request_id": request_id, "error_id": report.id}
    values = [_value(link) for link in links_of(error)]
    values[-1]["value"] = report.message
    event: Any = {
        "level": "error",
        "logger": "lumira",
        "transaction": place,
        "fingerprint": [str(report.id)],
        "tags": {name: str(value) for name, value in tags.items() if value is not None},
        "exception": {"values": values},
    }
    for client in _client:
        client.capture_event(event)


def flush(seconds: float) -> None:
    """Wait for what is not sent yet."""
    for client in _client:
        client.flush(timeout=seconds)


def _value(link: ErrorLink) -> dict[str, Any]:
    module, _, name = link.error_type.rpartition(".")
    frames = [
        {
            "filename": file,
            "function": function,
            "lineno": number,
            "context_line": line,
            "in_app": file.startswith(_OWN),
        }
        for file, number, function, line in link.calls
    ]
    return {"type": name, "module": module or None, "value": "", "stacktrace": {"frames": frames}}


def _redact(event: "Event", _hint: dict[str, Any]) -> "Event":
    """Redact everything that is sent, whoever added it."""
    return cast("Event", without_secrets(cast("dict[str, Any]", event)))
