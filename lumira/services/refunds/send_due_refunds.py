"""Sends the refunds that are due: automatic ones, and those whose caller got no response from Stripe."""

from collections.abc import Callable

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import IdempotencyInProgress
from lumira.errors.orders import NotRefundable
from lumira.errors.stripe import OtherStripeMode, StripeConfigError, StripeUnavailable
from lumira.repositories import orders, refund_requests, stripe_accounts
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.services.refunds.send_refund import RefundAttempt, attempt_of, send_refund

log = structlog.get_logger()

_ACTOR = "worker"


def send_due_refunds(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the tenant's due refunds one by one; returns how many were attempted.

    Ends early if Stripe is unavailable. Several workers may run at once: each request is leased to one of them,
    and becomes due again if that one dies.
    """
    attempted = 0
    while not is_stopping():
        claimed = _claim_next(tenant_id)
        if claimed is None:
            break
        attempted += 1
        if not _send(tenant_id, *claimed):
            break
    return attempted


@retried
def _claim_next(tenant_id: int) -> tuple[StripeAccount | None, RefundAttempt] | None:
    with atomic(tenant_id):
        request = refund_requests.claim_due(tenant_id, utc_now())
        if request is None:
            return None
        order = orders.get_order(tenant_id, str(request.order_id))
        return stripe_accounts.find_account(tenant_id), attempt_of(order, request)


def _send(tenant_id: int, account: StripeAccount | None, attempt: RefundAttempt) -> bool:
    """Send one refund; `False` if Stripe is unavailable for the others too. The outcome is stored in its row."""
    with structlog.contextvars.bound_contextvars(order_number=attempt.order_number):
        try:
            send_refund(tenant_id, account, attempt, actor=_ACTOR)
        except (NotRefundable, IdempotencyInProgress, OtherStripeMode):
            return True
        except (StripeUnavailable, StripeConfigError):
            return False
        except Exception:
            # The request becomes due again when its lease ends; the others are sent now.
            log.exception("refund_not_sent")
        return True
