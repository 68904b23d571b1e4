"""The problems of a tenant that need an operator."""

from collections.abc import Sequence

from lumira.database import atomic
from lumira.models import Alert
from lumira.repositories import alerts


def view_open_alerts(tenant_id: int) -> Sequence[Alert]:
    """Return the open alerts, newest first."""
    with atomic(tenant_id):
        return alerts.list_alerts(tenant_id)
