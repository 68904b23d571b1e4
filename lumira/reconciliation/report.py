"""What one run of reconciliation did for one tenant, and which failures of Stripe end a step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

import structlog

from lumira.errors.stripe import StripeConfigError, StripePermissionMissing, StripeUnavailable

log = structlog.get_logger()

#: After this many failed calls in a row Stripe counts as down. Fewer may be about single objects.
_FAILURES_UNTIL_DOWN = 3


class StripeAvailability(StrEnum):
    """Whether Stripe's API could be used during the run, in the words of `flask reconcile`."""

    AVAILABLE = "available"
    #: Some objects could not be fetched, others could.
    PARTIAL = "partially available"
    #: The key lacks a permission: what needs it was left out, everything else was done.
    PERMISSION_MISSING = "permission missing"
    NO_KEY = "no Stripe key"
    UNAVAILABLE = "unavailable"
    KEY_REFUSED = "key refused"


@dataclass(slots=True)
class ReconciliationReport:
    """Counts of one run. `failures` counts Lumira's own errors; the log has each with its traceback."""

    events_recovered: int = 0
    payments_decided: int = 0
    orders_polled: int = 0
    orders_repaired: int = 0
    failures: int = 0
    stripe: StripeAvailability = StripeAvailability.AVAILABLE
    #: Stripe's own sentence, if it refused the key.
    key_refusal: str | None = None
    #: The permissions that the tenant's key lacks, by name.
    missing_permissions: dict[str, StripePermissionMissing] = field(default_factory=dict)
    _failed_calls: int = 0
    #: Orders are polled side by side, and each counts.
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def add_missing_permission(self, error: StripePermissionMissing) -> None:
        """Record that the key lacks a permission; what needs no such permission goes on."""
        with self._lock:
            self._add_missing_permission(error)

    def _add_missing_permission(self, error: StripePermissionMissing) -> None:
        self.missing_permissions[error.permission] = error
        if self.stripe in (StripeAvailability.AVAILABLE, StripeAvailability.PARTIAL):
            self.stripe = StripeAvailability.PERMISSION_MISSING

    def count_polled(self, is_repaired: bool | None) -> None:
        """Count one order; `None` if nothing was looked up about it."""
        with self._lock:
            self.orders_polled += is_repaired is not None
            self.orders_repaired += is_repaired is True

    def count_unchanged(self, number: int) -> None:
        """Count orders that a listing shows unchanged."""
        with self._lock:
            self.orders_polled += number

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Run one step of the run: an error ends this step only, and is counted."""
        self._failed_calls = 0
        try:
            yield
        except StripePermissionMissing as error:
            self.add_missing_permission(error)
        except StripeConfigError as error:
            self.stripe = StripeAvailability.KEY_REFUSED
            self.key_refusal = error.stripe_message
        except StripeUnavailable:
            self.stripe = StripeAvailability.UNAVAILABLE
            log.warning("reconciliation_postponed", step=name)
        except Exception:
            self.failures += 1
            log.exception("reconciliation_failed", step=name)

    @contextmanager
    def item(self, step: str, subject: object) -> Iterator[None]:
        """Process one item of a step: an error ends this item only, and is counted.

        Raises `StripeUnavailable` if Stripe is down for all items, and `StripeConfigError`.
        """
        try:
            yield
        except StripeConfigError:
            raise
        except StripeUnavailable:
            if self._is_down():
                raise
            log.warning("reconciliation_item_skipped", step=step, subject=str(subject))
        except Exception:
            with self._lock:
                self.failures += 1
            log.exception("reconciliation_failed", step=step, subject=str(subject))
        else:
            with self._lock:
                self._failed_calls = 0

    def _is_down(self) -> bool:
        """Count a failed call, and return whether Stripe is down for all items."""
        with self._lock:
            self._failed_calls += 1
            # After one step has found Stripe down, the next steps do not wait for it item by item.
            if self._failed_calls >= _FAILURES_UNTIL_DOWN or self.stripe is StripeAvailability.UNAVAILABLE:
                return True
            if self.stripe is StripeAvailability.AVAILABLE:
                self.stripe = StripeAvailability.PARTIAL
            return False
