"""Wait until both sides are quiet and agree, but not longer than promised."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos import lumira_side
from tests.chaos.comparison import PROMISED, compare
from tests.chaos.differences import Difference
from tests.chaos.installation import Installation, module
from tests.chaos.lumira_side import LumiraState
from tests.chaos.plan import Plan
from tests.chaos.postgresql import Database
from tests.chaos.processes import finish
from tests.chaos.purchase_log import PurchaseLog
from tests.chaos.stripe_side import Sandbox, StripeState

#: Reconciliation ignores the last 30 seconds, which it leaves to webhooks: running it earlier finds nothing.
_RECONCILE_AFTER = 31.0
_RECONCILE_EVERY = 15.0
_POLL_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Settled:
    """The final state of both sides, and the seconds until then."""

    stripe: StripeState
    lumira: LumiraState
    differences: list[Difference]
    seconds: float


def settle(
    plan: Plan,
    installation: Installation,
    database: Database,
    sandbox: Sandbox,
    purchase_log: PurchaseLog,
    log_progress: Callable[[str], None],
) -> Settled:
    """Return both sides as soon as they agree, or as they are when the promised time is over."""
    started = time.monotonic()
    reconciled_at = started + _RECONCILE_AFTER - _RECONCILE_EVERY
    message = ""
    while True:
        last_missed_at = sandbox.last_missed_at()
        is_quiet = sandbox.is_quiet() and lumira_side.is_quiet(database, last_missed_at)
        is_over = time.monotonic() - started > PROMISED
        if is_quiet or is_over:
            stripe, lumira = sandbox.read(), lumira_side.read(database)
            differences = compare(plan, stripe, lumira, purchase_log, installation.outbox)
            if not differences or is_over:
                return Settled(stripe, lumira, differences, time.monotonic() - started)
            if message != (message := f"Both sides are quiet with {len(differences)} differences; waiting."):
                log_progress(f"{message} The first: {differences[0].what[:200]}")
        may_reconcile = not is_quiet and time.time() > last_missed_at + _RECONCILE_AFTER
        if may_reconcile and time.monotonic() - reconciled_at > _RECONCILE_EVERY:
            _reconcile(installation)
            reconciled_at = time.monotonic()
        time.sleep(_POLL_EVERY if not is_quiet else 5 * _POLL_EVERY)


def _reconcile(installation: Installation) -> None:
    """Run the reconciliation now instead of at the next full minute, as an operator may."""
    finish("reconcile", module("flask", "reconcile"), installation.environment(), installation.logs)
