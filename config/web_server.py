"""The processes and threads of the web server, and how many threads may wait for Stripe at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import SettingsError

#: A thread that waits for Stripe holds no database connection, so threads are cheap.
DEFAULT_THREADS = 64


@dataclass(frozen=True, slots=True)
class WebServer:
    """What the web server runs."""

    processes: int
    threads: int
    #: Threads of a process that wait for Stripe at once. The others answer what needs no Stripe: webhooks, the
    #: catalog, the portal, health checks.
    stripe_concurrency: int


def from_environment(values: Mapping[str, str]) -> WebServer:
    """Return WEB_CONCURRENCY, WEB_THREADS and STRIPE_CONCURRENCY; raise `SettingsError` if one is invalid."""
    return WebServer(
        processes=_positive(values, "WEB_CONCURRENCY", default=os.cpu_count() or 1),
        threads=_positive(values, "WEB_THREADS", default=DEFAULT_THREADS),
        stripe_concurrency=stripe_concurrency(values),
    )


def stripe_concurrency(values: Mapping[str, str]) -> int:
    """Return STRIPE_CONCURRENCY, by default three quarters of the threads; `SettingsError` if no thread is left."""
    threads = _positive(values, "WEB_THREADS", default=DEFAULT_THREADS)
    limit = _positive(values, "STRIPE_CONCURRENCY", default=max(1, threads * 3 // 4))
    # One thread serves everything, Stripe included.
    if threads > 1 and limit >= threads:
        raise SettingsError(
            f"STRIPE_CONCURRENCY must be less than WEB_THREADS ({threads}), not {limit}: the other threads answer "
            "webhooks and the catalog while Stripe is slow."
        )
    return limit


def _positive(values: Mapping[str, str], name: str, *, default: int) -> int:
    text = values.get(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)
