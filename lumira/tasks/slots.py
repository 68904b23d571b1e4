"""Bounds of the jobs that wait for others: Stripe, a mail server, the storage, a tenant's host."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

_Task = TypeVar("_Task", bound=Callable[..., None])


def at_most(slots: threading.BoundedSemaphore) -> Callable[[_Task], _Task]:
    """Run a task only while one of these slots is free in this process; otherwise the next sweep does its work.

    A queueing lock prevents that a job waits twice, not that it runs twice. While Stripe, a mail server or the storage
    does not respond, the jobs that wait for it must not occupy the threads that process events.
    """

    def limit(task: _Task) -> _Task:
        @wraps(task)
        def run(*arguments: Any, **options: Any) -> None:
            if slots.acquire(blocking=False):
                try:
                    task(*arguments, **options)
                finally:
                    slots.release()

        return cast("_Task", run)

    return limit


def alone() -> threading.BoundedSemaphore:
    """Return a slot for one job at a time."""
    return threading.BoundedSemaphore(1)
