"""Requests to Stripe that wait in rows, each leased to one process at a time: refunds, and responses to disputes."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog

from lumira.clock import utc_now
from lumira.errors import IdempotencyInProgress
from lumira.errors.stripe import OtherStripeMode, StripeConfigError, StripeUnavailable
from lumira.repositories.tenants.stripe_accounts import StripeAccount

log = structlog.get_logger()

Claimed = TypeVar("Claimed")


def check_account(account: StripeAccount | None, *, livemode: bool, subject: str) -> StripeAccount:
    """Return the account if it has the mode of `subject`, such as `payment`. Raises `StripeConfigError`."""
    if account is None:
        raise StripeConfigError("This shop has no Stripe key.")
    if account.livemode != livemode:
        raise OtherStripeMode(f"The {subject} is of another mode than this shop's Stripe key.")
    return account


def require_lease(until: datetime, subject: str) -> None:
    """Raise `IdempotencyInProgress` if the lease has ended: the process was suspended for longer than a call takes."""
    if utc_now() >= until:
        raise leased_by_another(subject)


def leased_by_another(subject: str) -> IdempotencyInProgress:
    """Return the error for a request, such as `refund`, that another process sends."""
    return IdempotencyInProgress(
        f"Another process is sending this {subject}: try again later.", retry_after=5
    )


def send_due(
    claim: Callable[[], Claimed | None],
    send: Callable[[Claimed], object],
    *,
    refusal: type[Exception],
    is_stopping: Callable[[], bool],
) -> int:
    """Send what is due one by one; returns how many were attempted. Ends early if Stripe is unavailable for all.

    `claim` leases the next request, and `send` records what became of it before it raises `refusal` or another error.
    """
    attempted = 0
    while not is_stopping():
        claimed = claim()
        if claimed is None:
            break
        attempted += 1
        try:
            send(claimed)
        except (refusal, IdempotencyInProgress, OtherStripeMode):
            continue
        except (StripeUnavailable, StripeConfigError):
            break
        except Exception:
            # The request becomes due again when its lease ends; the others are sent now.
            log.exception("request_not_sent")
    return attempted
