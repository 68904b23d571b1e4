"""Release the idempotency key of a call that failed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import OperationalError

from lumira.database import atomic
from lumira.errors import IdempotencyInProgress, NotRefundable
from lumira.repositories import idempotency
from lumira.repositories.idempotency import Claim

log = structlog.get_logger()

#: Seconds between attempts to release a key while the database restarts.
_PAUSES = (0.5, 1.5)


@contextmanager
def releasing_on_error(tenant_id: int, claim: Claim) -> Iterator[None]:
    """Release the key if the block raises: only 2xx replies are stored, so the caller may retry at once."""
    try:
        yield
    except Exception as error:
        log.info("idempotent_call_failed", error=type(error).__name__)
        _release(tenant_id, claim, is_over=isinstance(error, NotRefundable))
        raise


def _release(tenant_id: int, claim: Claim, *, is_over: bool) -> None:
    for pause in _PAUSES:
        try:
            with atomic(tenant_id):
                idempotency.release(tenant_id, claim, is_over=is_over)
        except OperationalError:
            # The database may have failed the call and be back in a moment. Otherwise the lease ends by itself.
            time.sleep(pause)
        except IdempotencyInProgress:
            return
        else:
            return
