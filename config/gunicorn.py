"""Settings of the web server: `gunicorn --config config/gunicorn.py wsgi:app`."""

import os
import resource
import sys
from pathlib import Path
from typing import Any

import structlog

from config import web_server
from config.errors import SettingsError

try:
    _server = web_server.from_environment(os.environ)
except SettingsError as error:
    sys.exit(f"lumira: {error}")

bind = os.environ.get("BIND") or "127.0.0.1:8000"
# The folder itself, not a link to it: a release that the link leads to later must not be loaded by this process.
chdir = str(Path(__file__).resolve().parent.parent)

# Threads, because a request that opens a payment spends most of its time waiting for Stripe.
# Requests are received by the main loop, so that slow clients occupy none.
worker_class = "config.receiving_worker.ReceivingWorker"
workers = _server.processes
# More than database connections (DATABASE_POOL_SIZE), because a thread that waits for Stripe holds none. At most
# STRIPE_CONCURRENCY of them wait for Stripe.
threads = _server.threads

# Of each process. An idle one costs some kilobytes and no time; with fewer, whoever opens that many would keep everyone
# else waiting until they are closed. Each takes a file descriptor, and the process opens others too.
worker_connections = 16 * 1024
_files, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted_files = worker_connections + 1024
if _most_files != resource.RLIM_INFINITY and _most_files < _wanted_files:
    _wanted_files = _most_files
    worker_connections = _most_files - min(1024, _most_files // 2)
if _files != resource.RLIM_INFINITY and _files < _wanted_files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_wanted_files, _most_files))

# A call to Stripe that hangs ends after 76 seconds, its retries included (`stripe_transport.LONGEST_CALL`);
# a checkout makes up to three calls. A stop waits for one such call, but less than the 90 seconds after which the
# caller's retry may take over. A request that is cut off is continued by that retry.
graceful_timeout = 80
# Seconds without a heartbeat of a worker's main thread, which runs no request.
timeout = 90
# Longer than the proxy keeps idle connections open, so that the proxy closes them first.
keepalive = 75

# Heartbeat files in memory: on a slow disk a healthy worker can miss its timeout.
if Path("/dev/shm").is_dir():  # noqa: S108 - Gunicorn unlinks its files there at once
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# The application logs each request itself, with tenant and request id.
accesslog = None
# A running server is controlled by signals only, so it opens no control socket.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Log the master's lines as JSON, as the application does; the workers already log through it."""
    if sys.stderr.isatty():
        return
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )
    for handler in server.log.error_log.handlers:
        handler.setFormatter(formatter)


def post_worker_init(worker: Any) -> None:
    """Let the process count for `/metrics`, log what the first probe would find missing, and watch the workers."""
    # The benchmarks serve another application with these settings.
    begin_measuring = worker.wsgi.extensions.get("lumira.begin_measuring")
    if begin_measuring is not None:
        begin_measuring()
    readiness = worker.wsgi.extensions.get("lumira.readiness")
    missing = readiness().check().missing if readiness is not None else []
    if missing:
        worker.log.error("Not ready: %s (see /readyz).", ", ".join(missing))
    # In the process that serves, because a thread does not outlive the fork.
    watch = worker.wsgi.extensions.get("lumira.worker_watch")
    if watch is not None:
        watch.start()
