"""Slots for calls to Stripe: how many threads of one process wait for Stripe at once.

A web process has more threads than slots. So webhooks, the catalog, the portal and health checks are answered however
slowly Stripe responds, and a call that finds no slot is refused at once instead of waiting in line.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from lumira.errors import StripeBusy

#: Requests that begin without a slot, at once: a free order and a repeated request need none, and are recognised by a
#: few statements. More would take the processor from the requests that the slots protect.
_ENTRIES = 2
#: Seconds that a call waits for a slot in a worker or a command.
_PATIENCE = 60
#: Until `configure` is called.
_DEFAULT_LIMIT = 48


class _Slots:
    """The slots of this process."""

    def __init__(self, limit: int) -> None:
        self.calls = threading.BoundedSemaphore(limit)
        self.entries = threading.BoundedSemaphore(_ENTRIES)


@dataclass(slots=True)
class _Admission:
    """What one request holds until its end."""

    slots: _Slots
    has_slot: bool = field(init=False)

    def __post_init__(self) -> None:
        self.has_slot = self.slots.calls.acquire(blocking=False)

    def require(self) -> None:
        self.has_slot = self.has_slot or self.slots.calls.acquire(blocking=False)
        if not self.has_slot:
            raise StripeBusy

    def release(self) -> None:
        if self.has_slot:
            self.slots.calls.release()


_slots = [_Slots(_DEFAULT_LIMIT)]
_admission: ContextVar[_Admission | None] = ContextVar("stripe_admission", default=None)


def configure(limit: int) -> None:
    """Let `limit` threads of this process wait for Stripe at once."""
    _slots[:] = [_Slots(limit)]


@contextmanager
def admitted() -> Iterator[None]:
    """Hold a slot during a request that may call Stripe, from before it writes anything.

    Without a free slot a few requests begin nevertheless, and are refused where they need Stripe (`require`). Raises
    `StripeBusy`, after which nothing was written.
    """
    slots = _slots[0]
    admission = _Admission(slots)
    if not admission.has_slot and not slots.entries.acquire(blocking=False):
        raise StripeBusy
    has_entry = not admission.has_slot
    token = _admission.set(admission)
    try:
        yield
    finally:
        _admission.reset(token)
        admission.release()
        if has_entry:
            slots.entries.release()


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
        yield
        return
    calls = _slots[0].calls
    # The threads of a worker or a command take turns: no buyer waits for them.
    if not calls.acquire(timeout=_PATIENCE):
        raise StripeBusy
    try:
        yield
    finally:
        calls.release()
