"""The turn of one process to write to a tenant's CRM: a lease that is held before each call."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from lumira.clients import dolibarr
from lumira.clock import utc_now
from lumira.crm.problems import TurnLost
from lumira.database import atomic
from lumira.repositories.crm import crm_lanes

#: Of a turn, so that a CRM that was down for a week is not flooded: ten records in ten seconds at most.
RECORDS_PER_TURN = 10
PACE = timedelta(seconds=10)
#: What must be left of the lease when a call begins: a call takes half of it at most.
_NEEDED = 2 * dolibarr.LONGEST_CALL


class Turn:
    """A lease with its fencing token."""

    def __init__(self, tenant_id: int, token: int, until: datetime) -> None:
        self.tenant_id = tenant_id
        self.token = token
        self._until = until

    def hold(self) -> None:
        """Make sure that the lease lasts for a call; raises `TurnLost`. A process that was stopped finds out here."""
        if utc_now() + _NEEDED > self._until:
            with self.recording():
                pass

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Open a transaction that is committed only if the turn is still this process's; raises `TurnLost`."""
        with atomic(self.tenant_id):
            until = crm_lanes.renew(self.tenant_id, self.token)
            if until is None:
                raise TurnLost
            yield
        self._until = until


def begin_turn(tenant_id: int) -> Turn | None:
    """Begin a turn; `None` while another process has its turn, or none is due. Inside a transaction."""
    until = utc_now() + crm_lanes.LEASE
    token = crm_lanes.acquire(tenant_id, pace=PACE)
    return None if token is None else Turn(tenant_id, token, until)
