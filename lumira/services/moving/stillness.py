"""Waits until nothing changes a frozen tenant any more."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.moving import MoveRefused
from lumira.repositories.installation import running_transactions

#: Processes cache to which tenant a host or a path belongs, and store Stripe's events for it without another query.
#: The two caches of `lumira.tenancy` keep it for ten seconds each. Then a delivery waits up to 20 seconds in the main
#: loop, or 30 for a connection of a thread, before its transaction begins.
STILL_AFTER = timedelta(seconds=60)
#: Longer than a statement of a request or a job may take.
_LONGEST_WAIT = 120.0
_PAUSE = 0.25


def wait_until_still(frozen_at: datetime, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait for the caches, and for each transaction that may have begun before the tenant was frozen.

    Raises `MoveRefused` if one of them does not end.
    """
    while (left := frozen_at + STILL_AFTER - utc_now()) > timedelta():
        sleep(left.total_seconds())
    end = time.monotonic() + _LONGEST_WAIT
    earlier = _list_running()
    while earlier:
        if time.monotonic() > end:
            raise MoveRefused(
                "A transaction that began before the tenant was frozen still runs, such as that of a backup: wait for "
                "its end (`SELECT pid, state, xact_start, query FROM pg_stat_activity`), then export again."
            )
        sleep(_PAUSE)
        earlier &= _list_running()


def _list_running() -> set[str]:
    with atomic(None):
        return running_transactions.list_running()
