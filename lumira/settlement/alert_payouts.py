"""Raises and resolves the alerts that follow from what is known about a payout."""

from lumira.models import AlertKind, Payout, PayoutStatus
from lumira.repositories.alerts import alerts


def alert_failed(payout: Payout) -> None:
    """Raise an alert about a payout that its bank returned, once."""
    if payout.status is PayoutStatus.FAILED:
        alerts.raise_alert(
            payout.tenant_id,
            kind=AlertKind.PAYOUT_FAILED,
            subject=payout.stripe_payout_id,
            once=True,
            failure_code=payout.failure_code,
        )


def alert_mismatch(payout: Payout) -> None:
    """Raise the alert about a payout that does not match, or resolve it once the payout does."""
    if payout.mismatches:
        alerts.raise_alert(
            payout.tenant_id,
            kind=AlertKind.PAYOUT_MISMATCH,
            subject=payout.stripe_payout_id,
            mismatches=len(payout.mismatches),
        )
    else:
        alerts.resolve(payout.tenant_id, kind=AlertKind.PAYOUT_MISMATCH, subject=payout.stripe_payout_id)
