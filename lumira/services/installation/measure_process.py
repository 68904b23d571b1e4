"""Let a web process or a worker count for `/metrics`, and measure its own state every few seconds."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sqlalchemy import Engine, QueuePool

from config.settings import Settings
from lumira import metrics, stripe_slots

#: Seconds between two measurements: Prometheus reads less often, so that a request need not write a gauge.
_MEASURE_EVERY = 2.0


def folder(settings: Settings) -> Path:
    """Return the folder that all processes of a machine count in."""
    return settings.instance_path / "metrics"


def begin_measuring(settings: Settings, process: str, engines: Mapping[str | None, Engine]) -> None:
    """Let this process count, if the installation has `METRICS_TOKEN`; `process` is `web` or `worker`."""
    if settings.metrics_token is None:
        return
    metrics.begin(folder(settings))
    pools = {name or "main": cast("QueuePool", engine.pool) for name, engine in engines.items()}
    threading.Thread(target=_measure, args=(process, pools), name="metrics", daemon=True).start()


def _measure(process: str, pools: Mapping[str, QueuePool]) -> None:
    pause = threading.Event()
    while True:
        measure(process, pools)
        pause.wait(_MEASURE_EVERY)


def measure(process: str, pools: Mapping[str, QueuePool]) -> None:
    """Write the state of this process: slots for calls to Stripe, and connections to the database."""
    used, slots = stripe_slots.usage()
    metrics.STRIPE_SLOTS_USED.set(used, process)
    metrics.STRIPE_SLOTS.set(slots, process)
    for name, pool in pools.items():
        metrics.CONNECTIONS_USED.set(pool.checkedout(), process, name)
        metrics.CONNECTIONS.set(pool.size(), process, name)
