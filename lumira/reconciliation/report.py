"""What one run of reconciliation did for one tenant, and how far it lets Stripe's silence go."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import structlog

from lumira.errors import StripeConfigError, StripeUnavailable

log = structlog.get_logger()

#: So many unanswered questions in a row mean that Stripe is down; fewer, that it has lost one object.
_PATIENCE = 3


class Answered(StrEnum):
    """How Stripe answered, as a person reads it."""

    YES = "answered"
    #: It could not give some objects, and gave the others.
    PARTLY = "answered in part"
    NO_KEY = "no Stripe key"
    NOT_AT_ALL = "Stripe did not answer"
    KEY_REFUSED = "Stripe refuses the key"


@dataclass(slots=True)
class Findings:
    """Counts of one run. `failures` are errors of ours: each is in the log with its traceback."""

    events_recovered: int = 0
    payments_decided: int = 0
    orders_checked: int = 0
    orders_repaired: int = 0
    failures: int = 0
    stripe: Answered = Answered.YES
    _unanswered: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One part of the run: whatever ends it, the other parts have their turn."""
        self._unanswered = 0
        try:
            yield
        except StripeConfigError:
            self.stripe = Answered.KEY_REFUSED
        except StripeUnavailable:
            self.stripe = Answered.NOT_AT_ALL
            log.warning("reconciliation_postponed", step=name)
        except Exception:
            self.failures += 1
            log.exception("reconciliation_failed", step=name)

    @contextmanager
    def one(self, step: str, subject: object) -> Iterator[None]:
        """One object of several: what goes wrong with it does not stop the others.

        Raises `StripeUnavailable` where Stripe is down altogether, and `StripeConfigError`.
        """
        try:
            yield
        except StripeConfigError:
            raise
        except StripeUnavailable:
            self._unanswered += 1
            # Once a step has found Stripe down, the next ones do not wait for it again and again.
            if self._unanswered >= _PATIENCE or self.stripe is Answered.NOT_AT_ALL:
                raise
            self.stripe = Answered.PARTLY
            log.warning("reconciliation_passed_over", step=step, subject=str(subject))
        except Exception:
            self.failures += 1
            log.exception("reconciliation_failed", step=step, subject=str(subject))
        else:
            self._unanswered = 0
