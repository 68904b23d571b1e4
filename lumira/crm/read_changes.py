"""Reads from a tenant's Dolibarr what changed there: what it reports, what the poll finds, and what is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from lumira.clients.dolibarr import LONGEST_CALL, DolibarrAccount, DolibarrError, DolibarrUnavailable
from lumira.clock import utc_now
from lumira.crm.poll_third_parties import poll_third_parties, sweep_third_parties
from lumira.crm.read_record import read_record
from lumira.database import atomic
from lumira.domain.retries import retry_delay
from lumira.errors.crm import CrmNotConnected
from lumira.repositories.crm import crm_connections, crm_inboxes, crm_notifications
from lumira.repositories.crm.crm_notifications import Claimed
from lumira.repositories.tenants import tenants
from lumira.services.crm.account import account_of

log = structlog.get_logger()

#: Records that one claim takes: each is at most two calls.
_AT_A_TIME = 10
#: A worker that reads them has this long, and is not overtaken while Dolibarr is slow.
LEASE = 2 * _AT_A_TIME * LONGEST_CALL + timedelta(minutes=1)
#: While Dolibarr refuses, or does not answer, nothing is read for so long.
_PAUSE = timedelta(minutes=5)


def read_changes(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Read what is due of the tenant's Dolibarr; returns whether it answered.

    A failure leaves what was due for later: nothing is lost, because the poll goes on where it was.
    """
    account = _find_account(tenant_id)
    if account is None:
        return True
    try:
        _read_notified(tenant_id, account, is_stopping)
        if not is_stopping():
            poll_third_parties(tenant_id, account, is_stopping=is_stopping)
        if not is_stopping():
            sweep_third_parties(tenant_id, account, is_stopping=is_stopping)
    except DolibarrError as error:
        # The outgoing side raises the alert: it has the same connection.
        log.warning("crm_not_read", error=type(error).__name__, why=str(error))
        with atomic(tenant_id):
            crm_notifications.postpone_all(tenant_id, until=utc_now() + _PAUSE)
            crm_inboxes.postpone(tenant_id, until=utc_now() + _PAUSE)
        return not isinstance(error, DolibarrUnavailable)
    return True


def _find_account(tenant_id: int) -> DolibarrAccount | None:
    """Return where the tenant's Dolibarr is; `None` if it is switched off, and then nothing waits for it."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        if tenant.crm_switched_on_at is not None:
            try:
                return account_of(tenant, crm_connections.find(tenant_id))
            except CrmNotConnected:
                pass
        crm_notifications.remove_all(tenant_id)
        crm_inboxes.postpone(tenant_id, until=utc_now() + _PAUSE)
        return None


def _read_notified(tenant_id: int, account: DolibarrAccount, is_stopping: Callable[[], bool]) -> None:
    while not is_stopping():
        with atomic(tenant_id):
            claimed = crm_notifications.claim(tenant_id, until=utc_now() + LEASE, limit=_AT_A_TIME)
        for record in claimed:
            if is_stopping():
                _give_back(tenant_id, record)
            else:
                _read(tenant_id, account, record)
        if len(claimed) < _AT_A_TIME:
            return


def _read(tenant_id: int, account: DolibarrAccount, record: Claimed) -> None:
    is_current = read_record(tenant_id, account, record.element, record.dolibarr_id)
    with atomic(tenant_id):
        if is_current:
            crm_notifications.finish(tenant_id, record)
        else:
            crm_notifications.postpone(tenant_id, record, until=_next_attempt(record))


def _next_attempt(record: Claimed) -> datetime:
    return utc_now() + min(retry_delay(record.attempts), crm_notifications.READ_WITHIN)


def _give_back(tenant_id: int, record: Claimed) -> None:
    with atomic(tenant_id):
        crm_notifications.postpone(tenant_id, record, until=utc_now())
