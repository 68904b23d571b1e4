"""Letting an idempotency key go where its call came to nothing."""

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

#: Seconds between two tries to let a key go while the database restarts.
_PAUSES = (0.5, 1.5)


@contextmanager
def releasing_on_error(tenant_id: int, claim: Claim) -> Iterator[None]:
    """Only a 2xx reply is kept: after anything else the same key may be tried again at once."""
    try:
        yield
    except Exception as error:
        log.info("call_came_to_nothing", error=type(error).__name__)
        _free(tenant_id, claim, is_over=isinstance(error, NotRefundable))
        raise


def _free(tenant_id: int, claim: Claim, *, is_over: bool) -> None:
    for pause in _PAUSES:
        try:
            with atomic(tenant_id):
                idempotency.release(tenant_id, claim, is_over=is_over)
        except OperationalError:
            # What broke the call may be the database itself, back in a moment; else the lease ends by itself.
            time.sleep(pause)
        except IdempotencyInProgress:
            return
        else:
            return
