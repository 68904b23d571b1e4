"""Release the idempotency key of a call that failed."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog
from sqlalchemy.exc import OperationalError

from lumira.database import atomic
from lumira.database_failures import retry_while_lost
from lumira.errors import IdempotencyInProgress
from lumira.errors.orders import NotRefundable
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import Claim

log = structlog.get_logger()


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
    def release() -> None:
        with atomic(tenant_id):
            idempotency.release(tenant_id, claim, is_over=is_over)

    # The database may have failed the call and be back in a moment. Otherwise the lease ends by itself.
    with suppress(OperationalError, IdempotencyInProgress):
        retry_while_lost(release)
