"""The web server, for `gunicorn --config config/gunicorn.py wsgi:app`; the rest is Gunicorn's default."""

import os
import sys
from pathlib import Path
from typing import Any

import structlog


def _number(name: str, *, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        sys.exit(f"lumira: {name} must be a whole number above 0, not {text!r}.")
    return int(text)


bind = os.environ.get("BIND") or "127.0.0.1:8000"

# Threads, because a request that opens a payment mostly waits for Stripe.
worker_class = "gthread"
workers = _number("WEB_CONCURRENCY", default=os.cpu_count() or 1)
# As many as a process has database connections (DATABASE_POOL_SIZE): one more would only queue for one.
threads = _number("WEB_THREADS", default=16)

# A call to Stripe that hangs ends after 55 seconds, its one retry included; a refusal for a while in between makes it
# 80, and a sale makes up to three calls. A stop or a reload lets the usual bad one end, below the 90 seconds after
# which another try of the same request may begin. What it cuts off goes on with that try.
graceful_timeout = 75
# Seconds without a sign of life from a worker's main thread; requests have threads of their own.
timeout = 90
# Longer than a proxy keeps its idle connections to us, so that it is the one who closes them.
keepalive = 75

# A heartbeat file on a slow disk can make a healthy worker look dead.
if Path("/dev/shm").is_dir():  # noqa: S108 - memory, and Gunicorn's files there have no name
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# The application logs each request itself, with its tenant and its id.
accesslog = None
# Nobody here speaks to a running server but by signals: one thing less that listens.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Make the master's own lines JSON as the application's are; the workers' go through its log anyway."""
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
