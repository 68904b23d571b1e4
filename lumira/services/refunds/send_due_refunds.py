"""Sends the refunds that are due: automatic ones, and those whose caller got no response from Stripe."""

from collections.abc import Callable

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.orders import NotRefundable
from lumira.repositories.orders import orders, refund_requests
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services import leased_requests
from lumira.services.refunds.send_refund import RefundAttempt, attempt_of, send_refund

_ACTOR = "worker"


def send_due_refunds(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Send the tenant's due refunds one by one; returns how many were attempted.

    Ends early if Stripe is unavailable. Several workers may run at once: each request is leased to one of them,
    and becomes due again if that one dies.
    """

    def send(claimed: tuple[StripeAccount | None, RefundAttempt]) -> None:
        account, attempt = claimed
        with structlog.contextvars.bound_contextvars(order_number=attempt.order_number):
            send_refund(tenant_id, account, attempt, actor=_ACTOR)

    return leased_requests.send_due(
        lambda: _claim_next(tenant_id), send, refusal=NotRefundable, is_stopping=is_stopping
    )


@retried
def _claim_next(tenant_id: int) -> tuple[StripeAccount | None, RefundAttempt] | None:
    with atomic(tenant_id):
        request = refund_requests.claim_due(tenant_id, utc_now())
        if request is None:
            return None
        order = orders.get_order(tenant_id, str(request.order_id))
        return stripe_accounts.find_account(tenant_id), attempt_of(order, request)
