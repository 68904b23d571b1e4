"""After the misfortune: wait until nothing moves any more, then compare; not longer than is promised."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos import lumira_side
from tests.chaos.comparison import PROMISED, compare
from tests.chaos.differences import Difference
from tests.chaos.installation import Installation, module
from tests.chaos.journal import Journal
from tests.chaos.lumira_side import Records
from tests.chaos.plan import Plan
from tests.chaos.postgresql import Database
from tests.chaos.processes import finish
from tests.chaos.stripe_side import Sandbox, Truth

#: Reconciliation leaves the last half minute to the webhooks: before that, asking it is of no use.
_RECONCILE_AFTER = 31.0
_RECONCILE_EVERY = 15.0
_LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Settled:
    """How both sides stood in the end, and after how many seconds."""

    truth: Truth
    lumira_side: Records
    differences: list[Difference]
    seconds: float


def settle(
    plan: Plan,
    installation: Installation,
    database: Database,
    sandbox: Sandbox,
    journal: Journal,
    tell: Callable[[str], None],
) -> Settled:
    """Both sides once they agree, or as they stand when the promised time is over."""
    started = time.monotonic()
    hurried = started + _RECONCILE_AFTER - _RECONCILE_EVERY
    told = ""
    while True:
        last_missed_at = sandbox.last_missed_at()
        is_quiet = sandbox.is_quiet() and lumira_side.is_quiet(database, last_missed_at)
        is_over = time.monotonic() - started > PROMISED
        if is_quiet or is_over:
            truth, found = sandbox.read(), lumira_side.read(database)
            differences = compare(plan, truth, found, journal, installation.outbox)
            if not differences or is_over:
                return Settled(truth, found, differences, time.monotonic() - started)
            if told != (told := f"Nothing moves, and {len(differences)} differences are left; waiting."):
                tell(f"{told} The first: {differences[0].what[:200]}")
        may_hurry = not is_quiet and time.time() > last_missed_at + _RECONCILE_AFTER
        if may_hurry and time.monotonic() - hurried > _RECONCILE_EVERY:
            _reconcile(installation)
            hurried = time.monotonic()
        time.sleep(_LOOK_EVERY if not is_quiet else 5 * _LOOK_EVERY)


def _reconcile(installation: Installation) -> None:
    """Ask Stripe now and not at the next full minute, as an operator would who does not want to wait."""
    finish("reconcile", module("flask", "reconcile"), installation.environment(), installation.logs)
