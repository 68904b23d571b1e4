"""Work side by side in threads: each thread has an application context, and so a database session, of its own."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import wraps
from threading import Thread
from typing import ParamSpec, TypeVar

import structlog
from flask import current_app

from lumira import tracing

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

#: So few items are worked on by the caller's thread, which keeps its connections for the next ones.
_FEW = 2


def in_own_context(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the function for another thread: with a context of its own, and the caller's fields of the log."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Flask documents it for threads
    fields = structlog.contextvars.get_contextvars()
    parent = tracing.traceparent()

    @wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with app.app_context(), structlog.contextvars.bound_contextvars(**fields), tracing.within(parent):
            return function(*args, **kwargs)

    return run


def begin_beside(work: Callable[[], Result], *, name: str) -> "Future[Result]":
    """Begin the work in a thread of this name and return its result to come. It keeps no process alive."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()
    in_context = in_own_context(work)

    def run() -> None:
        try:
            future.set_result(in_context())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future


def side_by_side(items: Sequence[Item], work: Callable[[Item], None], *, threads: int) -> None:
    """Do the work for each item, on as many threads at most; returns once all of it is done.

    The first error is raised once the running work has ended; work that was not begun is left out then.
    """
    if threads <= 1 or len(items) <= _FEW:
        for item in items:
            work(item)
        return
    waiting = deque(items)
    errors: list[BaseException] = []

    def work_on() -> None:
        while waiting and not errors:
            try:
                item = waiting.popleft()
            except IndexError:
                return
            try:
                work(item)
            except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                errors.append(error)

    count = min(threads, len(items))
    with ThreadPoolExecutor(count, thread_name_prefix="side-by-side") as pool:
        begun = [pool.submit(in_own_context(work_on)) for _ in range(count)]
        try:
            wait(begun)
        except BaseException:
            # Ctrl-C: what is running ends, and nothing more begins.
            waiting.clear()
            raise
    if errors:
        raise errors[0]
