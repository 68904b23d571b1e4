"""Where errors and traces are sent besides Lumira's own tables: Sentry and OpenTelemetry, both optional extras."""

import re
from collections.abc import Mapping
from importlib.util import find_spec

from config.errors import SettingsError

_INSTALL = "pip install --require-hashes -r deploy/requirements-extras.txt"
_DSN = re.compile(r"https?://[^\s/@:]+(:[^\s/@]*)?@[^\s/@]+/(\S*/)?[0-9]+")

_ENDPOINT = re.compile(r"https?://[^\s/]+(/\S*)?")


def sentry_dsn(values: Mapping[str, str]) -> str | None:
    """Return SENTRY_DSN; raise `SettingsError` if it is invalid, or the package that sends to it is missing."""
    dsn = values.get("SENTRY_DSN")
    if dsn is None:
        return None
    if not _DSN.fullmatch(dsn):
        # The value is not repeated: its key permits to send.
        raise SettingsError("SENTRY_DSN must be a project's DSN, such as https://key@sentry.example.com/1.")
    _require("SENTRY_DSN", "sentry_sdk")
    return dsn


def otlp_endpoint(values: Mapping[str, str]) -> str | None:
    """Return OTEL_EXPORTER_OTLP_ENDPOINT; raise `SettingsError` if it is invalid, or a package is missing."""
    endpoint = values.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if endpoint is None:
        return None
    if not _ENDPOINT.fullmatch(endpoint):
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the collector's address for OTLP over HTTP, such as "
            "http://127.0.0.1:4318."
        )
    for module in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"):
        _require("OTEL_EXPORTER_OTLP_ENDPOINT", module)
    return endpoint


def _require(setting: str, module: str) -> None:
    if not _is_installed(module):
        raise SettingsError(f"{setting} is set, and its packages are not installed: {_INSTALL}")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # A package that contains it is missing.
        return False
