"""Slots for calls to Stripe: how many threads of one process wait for Stripe at once.

A web process has more threads than slots. So webhooks, the catalog, the portal and health checks are answered however
slowly Stripe responds, and a call that finds no slot is refused at once instead of waiting in line.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from config import web_server
from lumira import metrics
from lumira.errors.stripe import StripeBusy

#: Requests that begin without a slot, at once: a free order and a repeated request need none, and are recognised by a
#: few statements. More would take the processor from the requests that the slots protect.
_ENTRIES = 2
#: Requests that work at once, while the others wait for Stripe. When Stripe responds to all of them at the same time,
#: they would otherwise share the processor with the requests that the slots protect.
_WORKING = 4
#: Seconds that a call waits for a slot in a worker or a command.
_PATIENCE = 60


class _Slots:
    """The slots of this process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calls = threading.BoundedSemaphore(limit)
        self.entries = threading.BoundedSemaphore(_ENTRIES)
        self.working = threading.BoundedSemaphore(_WORKING)


class _Admission:
    """What one request holds until its end."""

    def __init__(self, slots: _Slots) -> None:
        self._slots = slots
        self.has_slot = slots.calls.acquire(blocking=False)
        self._has_entry = not self.has_slot and slots.entries.acquire(blocking=False)
        self._is_working = False
        if not self.has_slot and not self._has_entry:
            raise _busy()

    def require(self) -> None:
        self.has_slot = self.has_slot or self._slots.calls.acquire(blocking=False)
        if not self.has_slot:
            raise _busy()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work in the block, when few others do."""
        with self._slots.working:
            self._is_working = True
            try:
                yield
            finally:
                self._is_working = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let another request work during the block."""
        if not self._is_working:
            yield
            return
        self._is_working = False
        self._slots.working.release()
        try:
            yield
        finally:
            self._slots.working.acquire()
            self._is_working = True

    def release(self) -> None:
        if self.has_slot:
            self._slots.calls.release()
        if self._has_entry:
            self._slots.entries.release()


#: Until `configure` is called, as many as by default.
_slots = [_Slots(web_server.stripe_concurrency({}))]
_admission: ContextVar[_Admission | None] = ContextVar("stripe_admission", default=None)


def configure(limit: int) -> None:
    """Let `limit` threads of this process wait for Stripe at once."""
    _slots[:] = [_Slots(limit)]


def usage() -> tuple[int, int]:
    """Return how many slots are taken, and how many there are."""
    slots = _slots[0]
    return slots.limit - slots.calls._value, slots.limit  # noqa: SLF001 - a semaphore has no public number


def _busy() -> StripeBusy:
    metrics.STRIPE_BUSY.count()
    return StripeBusy()


@contextmanager
def admitted() -> Iterator[None]:
    """Hold a slot during a request that may call Stripe, from before it writes anything.

    Without a free slot a few requests begin nevertheless, and are refused where they need Stripe (`require`). Raises
    `StripeBusy`, after which nothing was written. Few requests work at once; a request that waits for Stripe does not.
    """
    admission = _Admission(_slots[0])
    token = _admission.set(admission)
    try:
        with admission.working():
            yield
    finally:
        _admission.reset(token)
        admission.release()


@contextmanager
def paused() -> Iterator[None]:
    """Let another request work while this one waits for something other than the processor and the database."""
    admission = _admission.get()
    with nullcontext() if admission is None else admission.paused():
        yield


def require() -> None:
    """Raise `StripeBusy` if the running request has no slot and none is free; for a transaction that precedes a call.

    Without a request, in a worker or a command, each call takes a slot by itself.
    """
    admission = _admission.get()
    if admission is not None:
        admission.require()


@contextmanager
def occupied() -> Iterator[None]:
    """Hold a slot during one call to Stripe: the request's, or one for this call, which is waited for.

    Raises `StripeBusy`.
    """
    if _admission.get() is not None:
        require()
        with paused():
            yield
        return
    calls = _slots[0].calls
    # The threads of a worker or a command take turns: no buyer waits for them.
    if not calls.acquire(timeout=_PATIENCE):
        raise _busy()
    try:
        yield
    finally:
        calls.release()
