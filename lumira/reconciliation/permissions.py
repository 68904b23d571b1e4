"""Resolves the alerts about permissions that a tenant's Stripe key lacked and has again."""

from lumira.clients import stripe_client
from lumira.database import atomic
from lumira.models import Alert, AlertKind
from lumira.repositories.alerts import alerts
from lumira.repositories.orders.created_at_stripe import has_created
from lumira.repositories.tenants.stripe_accounts import StripeAccount


def resolve_restored(tenant_id: int, account: StripeAccount) -> None:
    """Resolve each alert about a missing permission if the call that lacked it has succeeded since it was raised.

    This process remembers its own calls; what other processes create leaves rows.
    """
    with atomic(tenant_id):
        restored = [
            alert.subject
            for alert in alerts.list_open(tenant_id, AlertKind.STRIPE_PERMISSION_MISSING)
            if _has_succeeded_since(account, alert)
        ]
        if restored:
            alerts.resolve_all(tenant_id, kind=AlertKind.STRIPE_PERMISSION_MISSING, subjects=restored)


def _has_succeeded_since(account: StripeAccount, alert: Alert) -> bool:
    operation = str(alert.details.get("operation"))
    succeeded_at = stripe_client.last_success(account, operation)
    is_remembered = succeeded_at is not None and succeeded_at > alert.raised_at
    return is_remembered or has_created(alert.tenant_id, operation, since=alert.raised_at)
