"""Carrying out what was decided: every refund that is due is asked of Stripe until it is answered."""

from collections.abc import Callable

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import IdempotencyInProgress, NotRefundable, StripeConfigError, StripeUnavailable
from lumira.repositories import orders, refund_requests, stripe_accounts
from lumira.services.refunds.send_refund import RefundAttempt, send_refund, sending_of

log = structlog.get_logger()

_ACTOR = "worker"


def send_due_refunds(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the tenant's refunds that are due, one by one; how many were tried. Stripe being down ends the run.

    Several workers may do so at once: each request belongs to one of them at a time, and to another one when
    that dies.
    """
    tried = 0
    while not is_stopping():
        taken = _claim_next(tenant_id)
        if taken is None:
            break
        tried += 1
        if not _send(tenant_id, *taken):
            break
    return tried


@retried
def _claim_next(tenant_id: int) -> tuple[stripe_accounts.StripeAccount | None, RefundAttempt] | None:
    with atomic(tenant_id):
        request = refund_requests.claim_due(tenant_id, utc_now())
        if request is None:
            return None
        order = orders.get_order(tenant_id, str(request.order_id))
        return stripe_accounts.find_account(tenant_id), sending_of(order, request)


def _send(tenant_id: int, account: stripe_accounts.StripeAccount | None, sending: RefundAttempt) -> bool:
    """Send one; `False` where Stripe takes no others either. What became of it stands in its row."""
    with structlog.contextvars.bound_contextvars(order_number=sending.order_number):
        try:
            send_refund(tenant_id, account, sending, actor=_ACTOR)
        except (StripeUnavailable, StripeConfigError):
            return False
        except (NotRefundable, IdempotencyInProgress):
            return True
        except Exception:
            # It falls due again when its lease ends; the others have their turn now.
            log.exception("refund_not_sent")
        return True
