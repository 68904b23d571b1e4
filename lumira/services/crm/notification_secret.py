"""The address that a tenant's Dolibarr posts its notifications to: its last part is a secret."""

from lumira import link_tokens
from lumira.database import atomic
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_inboxes
from lumira.repositories.tenants import tenants


def notification_path(slug: str, secret: str) -> str:
    """Return the path of the route that receives notifications."""
    return f"/api/crm/dolibarr/{slug}/{secret}"


def view_notification_url(tenant_id: int) -> str | None:
    """Return the address to enter in Dolibarr's webhook module; `None` until the CRM was switched on.

    Without PUBLIC_URL it is a path, below the installation's own address. Raises `DecryptionError`.
    """
    with atomic(tenant_id):
        inbox = crm_inboxes.find(tenant_id)
        if inbox is None:
            return None
        path = notification_path(tenants.get(tenant_id).slug, crm_inboxes.secret_of(inbox))
    return link_tokens.public_url_of(path) or path


def replace_notification_secret(tenant_id: int, *, actor: str) -> None:
    """Make another secret: Dolibarr's notifications are refused until the new address is entered there."""
    with atomic(tenant_id):
        crm_inboxes.replace_secret(crm_inboxes.ensure(tenant_id))
        audit.record(
            tenant_id,
            actor=actor,
            action="crm_secret_replaced",
            subject=f"tenant:{tenants.get(tenant_id).slug}",
        )
