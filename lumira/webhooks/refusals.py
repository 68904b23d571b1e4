"""Counts the deliveries that the inbox refuses, without a write for each: anyone can send them."""

from collections import Counter
from threading import Lock

from cachetools import TTLCache

from lumira import metrics
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import webhook_probe
from lumira.errors.webhooks import WebhookRejected
from lumira.models import RefusalReason
from lumira.repositories.events import refused_deliveries

#: Seconds between two writes of a process for one tenant and reason. Those between are written with the next one.
_WRITE_EVERY = 10

#: The messages of the replies to refused deliveries.
_MESSAGES = {
    RefusalReason.NO_EVENT: "Webhook body is not a Stripe event",
    RefusalReason.NO_SECRET: "Webhook secret not configured",
    RefusalReason.SIGNATURE: webhook_probe.SIGNATURE_WRONG,
}

_Key = tuple[int, RefusalReason]
_lock = Lock()
_pending: Counter[_Key] = Counter()
_written: TTLCache[_Key, bool] = TTLCache(maxsize=1024, ttl=_WRITE_EVERY)


class Refused(WebhookRejected):
    """A delivery that is counted among those that were refused."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(_MESSAGES[reason])
        self.reason = reason


def count(tenant_id: int, reason: RefusalReason) -> None:
    """Count a refused delivery; it is written at once unless one was written within the last seconds."""
    metrics.DELIVERIES_REFUSED.count(reason.value)
    key = (tenant_id, reason)
    with _lock:
        _pending[key] += 1
        if key in _written:
            return
        _written[key] = True
        number = _pending.pop(key)
    with atomic(tenant_id):
        refused_deliveries.add(tenant_id, reason, number, utc_now())


def forget() -> None:
    """Forget when something was written last, and what was not; for tests."""
    with _lock:
        _pending.clear()
        _written.clear()
